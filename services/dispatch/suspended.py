"""What becomes of deliveries while their sender is suspended, and which one tries it again.

A delivery that meets a suspended sender is not used up: it makes way for the next channel that
still works, else it waits within its validity.

The hot path pays nothing for this: a worker knows from the directory that a sender is suspended,
and only then asks here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select, text, update

from database.session import ScopedSession
from models.delivery import SENDER_SUSPENDED, Delivery, DeliveryStatus
from models.establishment import Sender
from models.reminder import Reminder
from services.delivery.fallback import next_channels
from services.delivery.moves import move
from services.dispatch import Routes
from services.due.queue import WAKE
from services.sender.choice import Need, SenderChoice
from services.sender.suspension import from_now

MOST_DOUBLINGS = 4
"""Of the time between two probes: from one minute to sixteen with the default setting."""

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
        order by d.address_id, d.id
        for update of d
    ), moved as (
        update deliveries d set status = 'scheduled', error_code = :code, due_at = l.due_at
        from locked l where d.id = any(:ids) and d.id = l.id
        returning d.id, d.attempt, d.due_at
    ), freed as (
        update shared.due u set claimed_until = null, due_at = m.due_at, line = null
        from moved m where u.establishment_id = :establishment_id
            and u.delivery_id = any(:ids) and u.delivery_id = m.id
    )
    insert into delivery_events (delivery_id, status, cause, code, attempt)
    select id, 'scheduled', 'sender suspended', :code, attempt from moved
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
        .order_by(Delivery.address_id, Delivery.id)
        .with_for_update(of=Delivery)
    ).all()
    needs = [
        (
            delivery,
            Need(delivery.channel, sender_id, two_way=asks, address_id=delivery.address_id),
        )
        for delivery, sender_id, asks in sorted(rows, key=lambda row: row[0].id)
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
        .values(probe_at=from_now(seconds), probes=Sender.probes + 1)
        .returning(Sender.id)
    )
    session.refresh(sender)
    return None if taken is None else held[0].id


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
