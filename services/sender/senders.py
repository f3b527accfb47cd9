"""What an establishment sends from, as its administrators keep it.

Channel, address and provider are what a sender is; all else may be changed. One that anything went
out from, or came in to, is retired: its provider may still have to be asked what became of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from pydantic import SecretStr
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from database.session import ScopedSession
from models.establishment import Establishment, Sender
from models.reminder import Channel
from schemas.sender import SenderChange, SenderIn, SenderOrder, SenderOut
from services.audit import audit
from services.errors import Conflict, Invalid, NotFound
from services.identity import Principal
from services.sender.address import is_name, sender_address
from services.sender.provider import PROVIDERS, Provider, credentials_after
from services.sender.suspension import call_up, lift
from utils.operators import operators_in

STEP = 10
"""Between two places in an order: something can be put in between without moving the others."""
Outcome = Literal["deleted", "retired"]

_HISTORY = text(
    """
    select exists (select from deliveries where sender_id = :id)
        or exists (select from delivery_events where sender_id = :id)
        or exists (select from reminders where sender_id = :id)
        or exists (select from messages where sender_id = :id)
        or exists (select from calls where sender_id = :id)
        or exists (select from conversations where sender_id = :id)
    """
)


def listed(session: ScopedSession, *, retired: bool = False) -> Sequence[Sender]:
    """All senders of the establishment (a hospital has some few) in the order of the choice.

    By channel, those in use first; `retired` adds those that were given up.
    """
    own = select(Sender).where(Sender.establishment_id == session.establishment_id)
    if not retired:
        own = own.where(Sender.retired_at.is_(None))
    return session.scalars(
        own.order_by(
            Sender.retired_at.is_not(None),
            Sender.channel,
            Sender.active.desc(),
            Sender.priority,
            Sender.id,
        )
    ).all()


def names(session: ScopedSession) -> dict[int, str]:
    """What each sender of the establishment is called, those out of use too, by number."""
    own = select(Sender.id, Sender.label, Sender.address).where(
        Sender.establishment_id == session.establishment_id
    )
    return {row.id: row.label or row.address for row in session.execute(own)}


def read(session: ScopedSession, sender_id: int) -> Sender:
    """One sender, retired or not; raises `NotFound`."""
    return _own(session, sender_id, lock=False)


def create(
    session: ScopedSession,
    place: Establishment,
    wanted: SenderIn,
    provider: Provider,
    principal: Principal,
) -> Sender:
    """Store a sender; raises `Invalid` with the field, `Conflict` when its address is taken.

    What waited because another one on its channel is shut out goes out by this one.
    """
    address = sender_address(place, wanted.channel, wanted.address)
    made = Sender(
        establishment_id=place.id,
        channel=wanted.channel.value,
        address=address,
        provider=provider.name,
        label=wanted.label,
        can_receive=_receiving(wanted.channel, address, wanted.can_receive),
        rate_per_second=wanted.rate,
        priority=wanted.priority,
        operators=_operators(place, wanted.operators),
        credentials=credentials_after(provider, wanted.channel, None, _bare(wanted.credentials)),
    )
    with _one_owner(session, made.channel, address):
        session.add(made)
    call_up(session, made.channel)
    audit(session, principal, "create", "sender", made.id, after=facts(made))
    return made


def refuse_anothers(session: ScopedSession, establishment_id: int, address: str) -> None:
    """Raise `Conflict` for an address that another establishment sends from.

    One hospital must not write in another's name. For a session of the service: an establishment's
    own sees its own rows only.
    """
    anothers = select(Sender.id).where(
        Sender.establishment_id != establishment_id,
        Sender.address == address,
        Sender.retired_at.is_(None),
    )
    if session.scalar(anothers.limit(1)) is not None:
        raise Conflict(
            "This address is entered for another establishment. Ask whoever runs Careloop:"
            " python cli.py add-sender.",
            code="sender_elsewhere",
            field="address",
        )


def refuse_anothers_again(session: ScopedSession, establishment_id: int, sender_id: int) -> None:
    """The same for a sender that was retired and is to be used again: somebody may have it now."""
    retired = session.scalar(
        select(Sender.address).where(
            Sender.id == sender_id,
            Sender.establishment_id == establishment_id,
            Sender.retired_at.is_not(None),
        )
    )
    if retired is not None:
        refuse_anothers(session, establishment_id, retired)


def change(
    session: ScopedSession,
    place: Establishment,
    sender_id: int,
    wanted: SenderChange,
    *,
    expected_version: int | None,
    principal: Principal,
) -> Sender:
    """Change what is named of a sender; raises `NotFound`, `Invalid`, `Conflict`.

    What waited for a sender that is taken out of use, back into it, or is no longer suspended is
    due now: the choice is made again. New credentials are reason enough to try it again.
    """
    found = _own(session, sender_id, expected_version)
    before = facts(found)
    with _one_owner(session, found.channel, found.address):
        _apply(found, place, wanted)
        renewed = _renew_credentials(found, wanted)
    if found.suspended_at is not None and (wanted.suspended is False or renewed):
        lift(session, found)
    elif wanted.model_fields_set & {"active", "can_receive", "priority", "operators"}:
        call_up(session, found.channel)
    after = facts(found) | ({"credentials": "replaced"} if renewed else {})
    audit(session, principal, "change", "sender", found.id, before=before, after=after)
    return found


def arrange(session: ScopedSession, wanted: SenderOrder, principal: Principal) -> Sequence[Sender]:
    """Put the senders in use on a channel into an order; raises `Invalid`, `Conflict`.

    Conflict when others are in use by now than whoever ordered them saw.
    """
    named = [number for place in wanted.order for number in place]
    if len(set(named)) != len(named):
        raise Invalid("A sender stands there twice.", field="order", code="sender_twice")
    in_use = session.scalars(
        select(Sender)
        .where(
            Sender.establishment_id == session.establishment_id,
            Sender.channel == wanted.channel.value,
            Sender.active,
        )
        .order_by(Sender.id)
        .with_for_update()
    ).all()
    if {one.id for one in in_use} != set(named):
        raise Conflict(
            "Other senders are in use on this channel by now: read them again.",
            code="changed_meanwhile",
            field="order",
        )
    before = {one.id: one.priority for one in in_use}
    places = {number: at for at, place in enumerate(wanted.order, start=1) for number in place}
    for one in in_use:
        one.priority = places[one.id] * STEP
    session.flush()
    after = {one.id: one.priority for one in in_use}
    audit(session, principal, "order", "sender", wanted.channel.value, before=before, after=after)
    call_up(session, wanted.channel.value)
    return listed(session)


def retire(
    session: ScopedSession, sender_id: int, *, expected_version: int | None, principal: Principal
) -> Outcome:
    """Take a sender away: delete one that was never used, else keep it as retired; says which.

    What waited for it goes out by another one.
    """
    found = _own(session, sender_id, expected_version)
    before = facts(found)
    used = found.gives_receipts or session.execute(_HISTORY, {"id": found.id}).scalar_one()
    if used:
        found.active = False
        found.retired_at = found.retired_at or session.now()  # its credentials stay: it is asked
        session.flush()
        audit(session, principal, "retire", "sender", found.id, before=before, after=facts(found))
    else:
        session.delete(found)
        session.flush()
        audit(session, principal, "delete", "sender", found.id, before=before)
    call_up(session, found.channel)
    return "retired" if used else "deleted"


def facts(sender: Sender) -> dict[str, object]:
    """A sender as the audit keeps it: without its credentials."""
    return SenderOut.model_validate(sender).model_dump(mode="json", exclude={"id", "version"})


def _own(
    session: ScopedSession, sender_id: int, expected: int | None = None, *, lock: bool = True
) -> Sender:
    wanted = select(Sender).where(
        Sender.id == sender_id, Sender.establishment_id == session.establishment_id
    )
    found = session.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise NotFound("sender")
    if expected is not None and expected != found.version:
        raise Conflict(
            "Somebody has changed this sender meanwhile: read it again.", code="changed_meanwhile"
        )
    return found


def _apply(found: Sender, place: Establishment, wanted: SenderChange) -> None:
    for field in ("can_receive", "priority", "operators", "active"):
        if field in wanted.model_fields_set and getattr(wanted, field) is None:
            raise Invalid("This cannot be empty.", field=field, code="missing")
    if "label" in wanted.model_fields_set:
        found.label = wanted.label
    if wanted.can_receive is not None:
        found.can_receive = _receiving(Channel(found.channel), found.address, wanted.can_receive)
    if wanted.rate_said:
        found.rate_per_second = wanted.rate
    if wanted.priority is not None:
        found.priority = wanted.priority
    if wanted.operators is not None:
        found.operators = _operators(place, wanted.operators)
    if wanted.active is not None:
        found.active = wanted.active
        found.retired_at = None if wanted.active else found.retired_at


def _renew_credentials(found: Sender, wanted: SenderChange) -> bool:
    """True when a sender has others now."""
    if "credentials" not in wanted.model_fields_set:
        return False
    before = found.credentials
    found.credentials = credentials_after(
        PROVIDERS[found.provider], found.channel, before, _bare(wanted.credentials)
    )
    return bool(found.credentials != before)


def _bare(given: Mapping[str, SecretStr | int | None] | None) -> dict[str, Any] | None:
    if given is None:
        return None
    return {
        name: value.get_secret_value().strip() if isinstance(value, SecretStr) else value
        for name, value in given.items()
    }


def _receiving(channel: Channel, address: str, wanted: bool | None) -> bool:
    """Whether answers reach us, where they can at all; raises `Invalid`."""
    if channel == Channel.whatsapp:
        if wanted is False:
            raise Invalid(
                "On WhatsApp a sender only replies: it always receives.",
                field="can_receive",
                code="must_receive",
            )
        return True
    if wanted and (channel == Channel.email or is_name(address)):
        raise Invalid(
            "Nobody can answer a name or this e-mail address.",
            field="can_receive",
            code="cannot_receive",
        )
    return bool(wanted)


def _operators(place: Establishment, wanted: Sequence[str]) -> list[str]:
    known = operators_in(place.region)
    named = list(dict.fromkeys(word.strip().lower() for word in wanted))
    if not known.issuperset(named):
        raise Invalid(
            f"Numbers here tell {', '.join(sorted(known))}.",
            field="operators",
            code="operator_unknown",
        )
    return named


@contextmanager
def _one_owner(session: ScopedSession, channel: str, address: str) -> Iterator[None]:
    """Write what is changed within; PostgreSQL says whose address it is, across establishments."""
    try:
        with session.begin_nested():
            yield
            session.flush()
    except IntegrityError as error:
        raise _taken(session, channel, address, error) from None


def _taken(session: ScopedSession, channel: str, address: str, error: IntegrityError) -> Exception:
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    if constraint == "uq_senders_address":
        theirs = select(Sender.id).where(
            Sender.establishment_id == session.establishment_id,
            Sender.channel == channel,
            Sender.address == address,
            Sender.retired_at.is_(None),
        )
        return Conflict(
            "This address is entered on this channel already.",
            code="sender_exists",
            field="address",
            row_id=session.scalar(theirs),
        )
    if constraint == "uq_senders_receiving":
        return Conflict(
            "Answers to this number go to another establishment.",
            code="receives_elsewhere",
            field="can_receive",
        )
    return error
