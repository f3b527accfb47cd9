"""Senders that a provider shut out: a suspended account, a number that is not ours, a full queue.

That is no fault of the patient. A delivery that meets it is not used up: it becomes due again, and
while its sender is suspended it makes way for the next channel that still works, else it waits
within its validity. Now and then one delivery tries the sender; the first success lifts the
suspension, and so does an administrator.

The hot path pays nothing for this: a worker knows from the directory that a sender is suspended,
and only then asks here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select, text, update

from database.session import ScopedSession
from models.delivery import SENDER_SUSPENDED, Delivery, DeliveryStatus
from models.establishment import Sender
from models.reminder import Reminder
from services.delivery import WAKE, move, next_channels
from services.dispatch import Routes, Settlement
from services.sender_choice import Need, SenderChoice
from utils.logs import get_logger
from utils.provider_codes import ACCOUNT_CODES, Blame, fault_of

ANSWER, RECEIPT = "answer", "receipt"
"""What said that a sender is shut out: the answer to a request, or a status callback later."""
MOST_DOUBLINGS = 4
"""Of the time between two probes: from one minute to sixteen with the default setting."""
_NOT_SUSPENDED = {
    "suspended_at": None,
    "suspended_code": None,
    "suspended_by": None,
    "probe_at": None,
    "probes": 0,
}

log = get_logger("careloop.senders")

# They come back after the next probe, spread over `spread` seconds; those whose time is over by
# then come back when it is, and expire visibly.
_HOLD = text(
    """
    with locked as materialized (
        select d.id, least(
            s.probe_at + make_interval(secs => 1 + random() * :spread), d.valid_until
        ) as due_at
        from deliveries d
        join unnest(cast(:ids as bigint[]), cast(:probe_ats as timestamptz[]))
            as s(id, probe_at) on s.id = d.id
        where d.id = any(:ids) and d.status = 'queued'
        order by d.id
        for update of d
    ), moved as (
        update deliveries d set status = 'scheduled', error_code = :code, due_at = l.due_at
        from locked l where d.id = l.id
        returning d.id, d.attempt, d.due_at
    ), freed as (
        update shared.due u set claimed_until = null, due_at = m.due_at, line = null
        from moved m where u.establishment_id = :establishment_id and u.delivery_id = m.id
    )
    insert into delivery_events (delivery_id, status, cause, code, attempt)
    select id, 'scheduled', 'sender suspended', :code, attempt from moved
    """
)

# Only what was held back is called up: what was scheduled for later stays where it is.
_CALL_UP = text(
    """
    with held as (
        select u.delivery_id from shared.due u join deliveries d on d.id = u.delivery_id
        where u.establishment_id = :establishment_id and u.claimed_until is null
            and u.due_at between now() and now() + make_interval(secs => :within)
            and d.status = 'scheduled' and d.channel = :channel and d.error_code = :code
        for update of u skip locked
    )
    update shared.due u set due_at = now() from held h
    where u.establishment_id = :establishment_id and u.delivery_id = h.delivery_id
    """
)


@dataclass(frozen=True)
class Ready:
    """What of a claimed batch may go out. `probes`: these try a suspended sender, by number."""

    ids: list[int]
    probes: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Choice:
    """A locked delivery, the sender for it now, and the one if all of them worked."""

    delivery: Delivery
    sender: Sender | None
    preferred: Sender | None

    @property
    def shut_out(self) -> bool:
        return self.sender is not None and self.sender.suspended_at is not None


def hold_back(
    session: ScopedSession, ids: Sequence[int], *, probe_after: float, drop_questions: bool = False
) -> Ready:
    """Of a claimed batch, what may go out; the rest falls back or waits. Commit before sending.

    What another sender can send goes out from that one. One delivery a suspended sender passes as
    the probe when it is time for one.
    """
    senders = SenderChoice(
        session.scalars(
            select(Sender).where(Sender.establishment_id == session.establishment_id, Sender.active)
        )
    )
    if not senders.suspended:
        return Ready(list(ids))
    choices = _choices(session, ids, Routes(senders, drop_questions=drop_questions))
    probes = _probes(session, senders, choices, probe_after)
    held = [one for one in choices if one.shut_out and one.delivery.id not in probes]
    waiting: list[tuple[Delivery, Sender]] = []
    for one in held:
        if any(_open(senders, channel) for channel in next_channels(session, one.delivery)):
            cause = "sender suspended"
            move(
                session, one.delivery, DeliveryStatus.cancelled, cause=cause, code=SENDER_SUSPENDED
            )
        elif one.sender is not None:
            waiting.append((one.delivery, one.sender))
    _wait(session, waiting, spread=probe_after / 6)
    passed = {one.delivery.id for one in held}
    return Ready([number for number in ids if number not in passed], probes)


def _open(senders: SenderChoice, channel: str) -> bool:
    return any(sender.suspended_at is None for sender in senders.on(channel))


def _choices(session: ScopedSession, ids: Sequence[int], routes: Routes) -> list[_Choice]:
    """The deliveries on channels of which a sender is suspended, locked, and who may send them."""
    channels = {s.channel for s in routes.senders.by_id.values() if s.suspended_at is not None}
    rows = session.execute(
        select(Delivery, Reminder.sender_id, Reminder.expects_reply)
        .join(Reminder, Reminder.id == Delivery.reminder_id)
        .where(
            Delivery.id.in_(ids),
            Delivery.status == DeliveryStatus.queued,
            Delivery.channel.in_(channels),
            Delivery.valid_until > func.now(),  # `begin` lets the others expire
        )
        .order_by(Delivery.id)
        .with_for_update(of=Delivery)
    ).all()
    needs = [
        (
            delivery,
            Need(delivery.channel, sender_id, two_way=asks, address_id=delivery.address_id),
        )
        for delivery, sender_id, asks in rows
    ]
    return [_Choice(d, routes.for_need(n), routes.senders.preferred(n)) for d, n in needs]


def _probes(
    session: ScopedSession, senders: SenderChoice, choices: Sequence[_Choice], probe_after: float
) -> dict[int, int]:
    """The deliveries that try a suspended sender now, each with that sender's number."""
    found: dict[int, int] = {}
    for sender in senders.by_id.values():
        if sender.suspended_at is None:
            continue
        theirs = [
            one.delivery
            for one in choices
            if sender in (one.sender, one.preferred) and one.delivery.id not in found
        ]
        probe = _probe(session, sender, probe_after, theirs)
        if probe is not None:
            found[probe] = sender.id
    return found


def _probe(
    session: ScopedSession, sender: Sender, probe_after: float, held: Sequence[Delivery]
) -> int | None:
    """The delivery that tries a suspended sender now; None when it is not time, or none is there.

    Taking the turn sets the next one later, so one of many workers gets it and a crash costs a
    turn, not a burst.
    """
    if not held:
        return None
    seconds = probe_after * 2 ** min(sender.probes + 1, MOST_DOUBLINGS)
    taken = session.scalar(
        update(Sender)
        .where(Sender.id == sender.id, Sender.probe_at <= func.now())
        .values(probe_at=_from_now(seconds), probes=Sender.probes + 1)
        .returning(Sender.id)
    )
    session.refresh(sender)
    return None if taken is None else held[0].id


def _from_now(seconds: float) -> ColumnElement[datetime]:
    return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def _wait(
    session: ScopedSession, waiting: Sequence[tuple[Delivery, Sender]], *, spread: float
) -> None:
    if not waiting:
        return
    session.execute(
        _HOLD,
        {
            "establishment_id": session.establishment_id,
            "ids": [delivery.id for delivery, _ in waiting],
            "probe_ats": [sender.probe_at for _, sender in waiting],
            "code": SENDER_SUSPENDED,
            "spread": spread,
        },
    )
    session.execute(WAKE)  # places have become free


def suspends(provider: str | None, code: str | None) -> bool:
    """True when every other message of the same sender would meet this code as well."""
    fault = fault_of(provider, code)
    return fault is not None and fault.suspends


def note_answers(
    session: ScopedSession,
    channels: Mapping[int, str],
    settlements: Sequence[Settlement],
    *,
    some_suspended: bool,
    probe_after: float,
) -> bool:
    """Suspend senders whose fault an answer was, lift those that worked; True if any changed.

    `channels` tells the channel of each delivery. All is well nearly always: then nothing is asked
    of the database.
    """
    faults = {
        (channels[s.delivery_id], s.provider, s.sender_id): s.code
        for s in settlements
        if s.code is not None and suspends(s.provider, s.code)
    }
    changed = False
    for (channel, provider, sender_id), code in faults.items():
        changed |= note_fault(
            session,
            channel,
            provider,
            code,
            said_by=ANSWER,
            probe_after=probe_after,
            sender_id=sender_id,
        )
    if not some_suspended:
        return changed
    worked = {s.delivery_id for s in settlements if s.status is DeliveryStatus.sent}
    attempted_at = session.scalar(
        select(func.min(Delivery.attempted_at)).where(Delivery.id.in_(worked))
    )
    ways = {
        (channels[s.delivery_id], s.provider, s.sender_id)
        for s in settlements
        if s.delivery_id in worked
    }
    for channel, provider, sender_id in ways - faults.keys():
        assert attempted_at is not None  # stamped before each call
        changed |= note_success(
            session,
            channel,
            provider,
            said_by=ANSWER,
            attempted_at=attempted_at,
            sender_id=sender_id,
        )
    return changed


def note_fault(
    session: ScopedSession,
    channel: str,
    provider: str,
    code: str,
    *,
    said_by: str,
    probe_after: float,
    sender_id: int | None = None,
) -> bool:
    """Mark what a code shuts out as suspended; True when it was not yet.

    A fault of the account shuts out every sender of that account, else it is the sender's that
    met it (`sender_id`; None, as before a sender was chosen for each delivery: the channel's).
    """
    fault = fault_of(provider, code)
    if fault is None or not fault.suspends:
        return False
    shut_out = _its_own(session, channel, provider, sender_id)
    if fault.blame is Blame.account:
        shut_out = shut_out | _same_account(session, provider, sender_id)
    numbers = session.scalars(
        update(Sender)
        .where(
            Sender.establishment_id == session.establishment_id,
            Sender.active,
            Sender.suspended_at.is_(None),
            shut_out,
        )
        .values(
            suspended_at=func.now(),
            suspended_code=code,
            suspended_by=said_by,
            probe_at=_from_now(probe_after),
            probes=0,
        )
        .returning(Sender.id)
        .execution_options(synchronize_session=False)
    ).all()
    if numbers:
        log.error(
            "sender suspended",
            establishment=session.establishment_id,
            senders=list(numbers),
            code=code,
            blame=fault.blame.value,
        )
    return bool(numbers)


def _its_own(
    session: ScopedSession, channel: str, provider: str, sender_id: int | None
) -> ColumnElement[bool]:
    """The sender that an answer or receipt is about."""
    if sender_id is None or session.get(Sender, sender_id) is None:
        return and_(Sender.provider == provider, Sender.channel == channel)
    return Sender.id == sender_id


def _same_account(
    session: ScopedSession, provider: str, sender_id: int | None
) -> ColumnElement[bool]:
    """All that goes by the account of a sender: one with credentials of its own stands alone."""
    sender = None if sender_id is None else session.get(Sender, sender_id)
    if sender is not None and sender.credentials is not None:
        return Sender.id == sender.id
    return and_(Sender.provider == provider, Sender.credentials.is_(None))


def note_success(
    session: ScopedSession,
    channel: str,
    provider: str,
    *,
    said_by: str,
    attempted_at: datetime,
    sender_id: int | None = None,
) -> bool:
    """Lift the suspension of a sender that worked in an attempt after it; True when it was on.

    Where the account was shut out, its other senders work again as well. What a receipt told is
    only over when a receipt says that something arrived: a suspended account may still accept.
    """
    lifted = session.scalars(
        update(Sender)
        .where(
            Sender.establishment_id == session.establishment_id,
            _its_own(session, channel, provider, sender_id)
            | (
                _same_account(session, provider, sender_id)
                & Sender.suspended_code.in_(ACCOUNT_CODES)
            ),
            Sender.suspended_by == said_by,
            Sender.suspended_at < attempted_at,
        )
        .values(_NOT_SUSPENDED)
        .returning(Sender.channel)
        .execution_options(synchronize_session=False)
    ).all()
    for freed in set(lifted):
        call_up(session, freed)
        log.info("sender works again", establishment=session.establishment_id, channel=freed)
    return bool(lifted)


def lift(session: ScopedSession, sender: Sender) -> None:
    """Take a sender into use again because an administrator says so."""
    for name, value in _NOT_SUSPENDED.items():
        setattr(sender, name, value)
    session.flush()
    call_up(session, sender.channel)


def call_up(session: ScopedSession, channel: str) -> None:
    """What waited for a suspended sender on a channel is due now: the choice is made again."""
    session.execute(
        _CALL_UP,
        {
            "establishment_id": session.establishment_id,
            "channel": channel,
            "code": SENDER_SUSPENDED,
            "within": 3600 * 24,
        },
    )
    session.execute(WAKE)
