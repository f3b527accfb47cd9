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
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, text, update

from database.session import ScopedSession
from models.delivery import SENDER_SUSPENDED, Delivery, DeliveryStatus
from models.establishment import Sender
from services.delivery import WAKE, move, next_channels
from services.dispatch import Settlement
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
        join unnest(cast(:channels as text[]), cast(:probe_ats as timestamptz[]))
            as s(channel, probe_at) on s.channel = d.channel
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


def hold_back(session: ScopedSession, ids: Sequence[int], *, probe_after: float) -> list[int]:
    """Of a claimed batch, what may go out; the rest falls back or waits. Commit before sending.

    One delivery a channel passes as the probe when it is time for one.
    """
    senders = session.scalars(
        select(Sender)
        .where(Sender.establishment_id == session.establishment_id, Sender.active)
        .order_by(Sender.id)
    ).all()
    usable = {sender.channel for sender in senders if sender.suspended_at is None}
    shut = {s.channel: s for s in senders if s.channel not in usable}
    if not shut:
        return list(ids)
    held = session.scalars(
        select(Delivery)
        .where(
            Delivery.id.in_(ids),
            Delivery.status == DeliveryStatus.queued,
            Delivery.channel.in_(shut),
            Delivery.valid_until > func.now(),  # `begin` lets the others expire
        )
        .order_by(Delivery.id)
        .with_for_update()
    ).all()
    probes = {_probe(session, shut[channel], probe_after, held) for channel in shut}
    waiting = []
    for delivery in held:
        if delivery.id in probes:
            continue
        if usable.intersection(next_channels(session, delivery)):
            cause = "sender suspended"
            move(session, delivery, DeliveryStatus.cancelled, cause=cause, code=SENDER_SUSPENDED)
        else:
            waiting.append(delivery.id)
    _wait(session, waiting, list(shut.values()), spread=probe_after / 6)
    passed = {delivery.id for delivery in held} - probes
    return [number for number in ids if number not in passed]


def _probe(
    session: ScopedSession, sender: Sender, probe_after: float, held: Sequence[Delivery]
) -> int | None:
    """The delivery that tries a suspended sender now; None when it is not time, or none is there.

    Taking the turn sets the next one later, so one of many workers gets it and a crash costs a
    turn, not a burst.
    """
    candidate = next((d.id for d in held if d.channel == sender.channel), None)
    if candidate is None:
        return None
    seconds = probe_after * 2 ** min(sender.probes + 1, MOST_DOUBLINGS)
    taken = session.scalar(
        update(Sender)
        .where(Sender.id == sender.id, Sender.probe_at <= func.now())
        .values(probe_at=_from_now(seconds), probes=Sender.probes + 1)
        .returning(Sender.id)
    )
    session.refresh(sender)
    return None if taken is None else candidate


def _from_now(seconds: float) -> ColumnElement[datetime]:
    return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def _wait(
    session: ScopedSession, ids: Sequence[int], senders: Sequence[Sender], *, spread: float
) -> None:
    if not ids:
        return
    session.execute(
        _HOLD,
        {
            "establishment_id": session.establishment_id,
            "ids": list(ids),
            "channels": [sender.channel for sender in senders],
            "probe_ats": [sender.probe_at for sender in senders],
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
        (channels[s.delivery_id], s.provider): s.code
        for s in settlements
        if s.code is not None and suspends(s.provider, s.code)
    }
    changed = False
    for (channel, provider), code in faults.items():
        changed |= note_fault(
            session, channel, provider, code, said_by=ANSWER, probe_after=probe_after
        )
    if not some_suspended:
        return changed
    worked = {s.delivery_id for s in settlements if s.status is DeliveryStatus.sent}
    attempted_at = session.scalar(
        select(func.min(Delivery.attempted_at)).where(Delivery.id.in_(worked))
    )
    providers = {
        (channels[s.delivery_id], s.provider) for s in settlements if s.delivery_id in worked
    }
    for channel, provider in providers - faults.keys():
        assert attempted_at is not None  # stamped before each call
        changed |= note_success(
            session, channel, provider, said_by=ANSWER, attempted_at=attempted_at
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
) -> bool:
    """Mark what a code shuts out as suspended; True when it was not yet.

    A fault of the account shuts out every sender of that provider, else it is the channel's.
    """
    fault = fault_of(provider, code)
    if fault is None or not fault.suspends:
        return False
    shut_out: ColumnElement[bool] = Sender.provider == provider
    if fault.blame is not Blame.account:
        shut_out = shut_out & (Sender.channel == channel)
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


def note_success(
    session: ScopedSession, channel: str, provider: str, *, said_by: str, attempted_at: datetime
) -> bool:
    """Lift the suspension of a sender that worked in an attempt after it; True when it was on.

    Where the account was shut out, its other senders work again as well. What a receipt told is
    only over when a receipt says that something arrived: a suspended account may still accept.
    """
    lifted = session.scalars(
        update(Sender)
        .where(
            Sender.establishment_id == session.establishment_id,
            Sender.provider == provider,
            (Sender.channel == channel) | Sender.suspended_code.in_(ACCOUNT_CODES),
            Sender.suspended_by == said_by,
            Sender.suspended_at < attempted_at,
        )
        .values(_NOT_SUSPENDED)
        .returning(Sender.channel)
        .execution_options(synchronize_session=False)
    ).all()
    for freed in set(lifted):
        _call_up(session, freed)
        log.info("sender works again", establishment=session.establishment_id, channel=freed)
    return bool(lifted)


def lift(session: ScopedSession, sender: Sender) -> None:
    """Take a sender into use again because an administrator says so."""
    for name, value in _NOT_SUSPENDED.items():
        setattr(sender, name, value)
    session.flush()
    _call_up(session, sender.channel)


def _call_up(session: ScopedSession, channel: str) -> None:
    """What waited for a sender is due now."""
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
