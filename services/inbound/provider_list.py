"""Messages that a provider lists as received and that never reached us.

A webhook is not repeated: one that met a dead proxy or a closed port is lost, but its message
stands in the provider's own list. Each sender that patients can write to is looked through every
few minutes, from where the last look ended and some further back. The newest are left to a later
look: they may still be on their way to us, or in a process that stores them.

Twilio's list shows a message under the id that its webhook had. An Android phone's shows another
one: there a message is known by its twin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text, update

from database.session import ScopedSession
from models.establishment import Sender
from models.inbound_look import InboundLook
from models.message import WebhookEvent
from schemas.sender_credentials import ANDROID
from services.inbound.messages import INBOUND, InboundMessage, store
from services.inbound.twin import twin_of
from services.inbound.voice import Piece
from utils.senders import Received

OVERLAP = timedelta(minutes=15)
"""How far a look goes back behind the end of the last one: their list may be late itself."""
FIRST = timedelta(hours=1)
"""How far the first look at a number goes back: longer ago somebody else answered it.

Not at all on a phone: its messages may stand under another sender, which was its only one till now.
"""
LONGEST = timedelta(days=1)
"""What one look asks for. After a longer outage they follow each other, day by day."""

# One scheduler takes a look that is due; the others find it taken.
_TAKE_DUE = text(
    """
    with wanted as (
        select id, establishment_id, provider from senders
        where active and can_receive and provider = any(:providers)
            and channel in ('sms', 'whatsapp')
    ), new as (
        insert into inbound_looks (sender_id, complete_until, look_at)
        select id, case
            when provider = 'android' then now() + cast(:overlap as interval)
            else now() - cast(:first as interval)
        end, now() from wanted
        on conflict do nothing
    )
    update inbound_looks l set look_at = now() + make_interval(secs => :every)
    from wanted w where w.id = l.sender_id and l.look_at <= now()
    returning w.establishment_id, l.sender_id
    """
)


@dataclass(frozen=True, slots=True)
class Look:
    """What to ask about one sender: its provider's list between two times."""

    sender: Sender
    since: datetime
    until: datetime


def take_due(
    session: ScopedSession, providers: Sequence[str], every: float
) -> list[tuple[int, int]]:
    """Establishments and senders whose look is due; the next one is `every` seconds later.

    For a session of the service. A sender that is new has its first look at the next call.
    """
    given = {"providers": list(providers), "every": every, "first": FIRST, "overlap": OVERLAP}
    return [(row.establishment_id, row.sender_id) for row in session.execute(_TAKE_DUE, given)]


def look_of(session: ScopedSession, sender_id: int, settled_after: float) -> Look | None:
    """The look at one sender; None when it is gone, or there is nothing to be asked for yet.

    For a session of the service. `settled_after`: a message is not asked for until it is so many
    seconds old.
    """
    row = session.execute(
        select(Sender, InboundLook.complete_until)
        .join(InboundLook, InboundLook.sender_id == Sender.id)
        .where(Sender.id == sender_id)
    ).one_or_none()
    if row is None:
        return None
    sender, complete_until = row
    session.expunge(sender)
    settled = session.now() - timedelta(seconds=settled_after)
    since, until = complete_until - OVERLAP, min(settled, complete_until + LONGEST)
    return Look(sender, since, until) if since < until else None


def unknown(session: ScopedSession, sender: Sender, listed: Sequence[Received]) -> list[Received]:
    """What of a sender's list is not here, the earliest first."""
    names = [_name(sender, one) for one in listed]
    known = set(
        session.scalars(
            select(WebhookEvent.external_id).where(
                WebhookEvent.provider == sender.provider,
                WebhookEvent.kind == INBOUND,
                WebhookEvent.external_id.in_(names),
            )
        )
    )
    missing = [one for one, name in zip(listed, names, strict=True) if name not in known]
    missing.reverse()  # providers list the newest first, and tell times in whole seconds
    return sorted(missing, key=lambda one: one.at)


def _name(sender: Sender, found: Received) -> str:
    """What a message of the list was noted under if it came in by a webhook."""
    if sender.provider != ANDROID:
        return found.provider_id
    words = "" if found.media else found.text
    return twin_of(sender, found.from_, found.provider_id, found.at, words)


def take_in(
    session: ScopedSession, sender: Sender, found: Received, pieces: Sequence[Piece] = ()
) -> bool:
    """Store a message of the list; False when it has come in meanwhile.

    `pieces`: what is attached to it, which the list itself does not name.
    """
    name = _name(sender, found)
    by_twin = sender.provider == ANDROID  # its events' ids stand in no list
    inbound = InboundMessage(
        provider=sender.provider,
        provider_id=f"list:{name}" if by_twin else name,
        channel=sender.channel,
        to=sender.address,
        from_=found.from_,
        body=found.text,
        received_at=found.at,
        media=found.media,
        pieces=tuple(pieces),
        twin=name if by_twin else None,
    )
    return store(session, sender, inbound) is not None


def looked(session: ScopedSession, look: Look) -> None:
    """Note that everything until the end of a look is here. For a session of the service."""
    session.execute(
        update(InboundLook)
        .where(InboundLook.sender_id == look.sender.id, InboundLook.complete_until < look.until)
        .values(complete_until=look.until)
    )
