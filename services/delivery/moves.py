"""The life of single deliveries: moved by an event, ended, carried over to their reminder.

They are made in `services/due/opening.py`; batches are in `services/dispatch/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from config.settings import get_settings
from database.session import ScopedSession
from models.address import Address
from models.delivery import (
    FINAL,
    GIVEN_UP,
    WAITING,
    Delivery,
    DeliveryEvent,
    DeliveryStatus,
    may_move,
)
from models.reminder import Reminder, ReminderStatus
from models.task import NOT_REACHED, UNKNOWN_DELIVERY
from services.contact.address import opt_out
from services.delivery.escalation import close_tasks, escalate
from services.delivery.fallback import FAILED, channels_left, gives_way, others_of, worth_until
from services.delivery.reminder_status import final_status, under_way
from services.delivery.twilio_status import CARRIER_OPT_OUT
from services.due.opening import open_delivery
from services.due.queue import ask_again, forget_due, take_unclaimed
from services.errors import NotFound
from services.series.turn import open_next_occurrence
from utils.failpoint import reached
from utils.senders import ASKABLE

S = DeliveryStatus

_NOTHING_WRONG = frozenset({S.sent, S.delivered, S.cancelled})
"""States in which what had gone wrong before is no longer why it is there."""

CANCELLED = "cancelled by staff"


def lock_delivery(session: ScopedSession, delivery_id: int) -> Delivery:
    """A delivery, locked until the transaction ends; raises `NotFound`."""
    take_unclaimed(session, [delivery_id])
    found = session.get(Delivery, delivery_id, with_for_update=True)
    if found is None:
        raise NotFound("delivery")
    return found


def move(
    session: ScopedSession,
    delivery: Delivery,
    to: DeliveryStatus,
    *,
    cause: str,
    code: str | None = None,
) -> bool:
    """Apply an event to a locked delivery; False when it is late, repeated or out of order."""
    before = DeliveryStatus(delivery.status)
    if not may_move(before, to):
        return False
    delivery.status = to
    if code or to in _NOTHING_WRONG or before == S.unknown:
        delivery.error_code = code
    session.add(
        DeliveryEvent(
            delivery_id=delivery.id, status=to, cause=cause, code=code, attempt=delivery.attempt
        )
    )
    session.flush()
    if before == S.unknown:
        close_tasks(session, UNKNOWN_DELIVERY, [delivery.id])
    if to == S.sent and delivery.provider in ASKABLE:
        first_look = timedelta(seconds=get_settings().engine.receipt_after)
        ask_again(session, delivery.id, session.now() + first_look)
    elif to in FINAL:
        forget_due(session, delivery.id)
    if to in FINAL:
        settle(session, delivery)
    return True


def settle(session: ScopedSession, delivery: Delivery) -> None:
    """Carry a delivery's end over to its reminder: next channel, next occurrence, or its status."""
    reached("settle.begun")
    _carry_over(session, delivery)
    reached("settle.done")


def _carry_over(session: ScopedSession, delivery: Delivery) -> None:
    if delivery.error_code == CARRIER_OPT_OUT and delivery.status in FAILED:
        opt_out(address_of(session, delivery), "carrier")
    reminder = session.get_one(Reminder, delivery.reminder_id, with_for_update=True)
    if reminder.status == ReminderStatus.cancelled:
        return
    if reminder.cancelled_at is not None:  # it had left before: what becomes of it is the end
        reminder.status = final_status(session, reminder)
        return
    others = others_of(session, delivery)
    why = f"fallback from {delivery.channel}"
    if delivery.status == S.delivered:
        _call_off(session, others)
        close_tasks(session, NOT_REACHED, [delivery.id, *(other.id for other in others)])
    elif gives_way(delivery) and _fall_back(session, reminder, delivery, others, why):
        reminder.status = under_way(reminder)
        return
    elif delivery.error_code != GIVEN_UP:  # staff have said what they think of it
        escalate(session, reminder, [delivery, *others])
    if reminder.rrule and open_next_occurrence(session, reminder, delivery):
        reminder.status = ReminderStatus.active
        return
    reminder.status = final_status(session, reminder)


def pass_over(session: ScopedSession, delivery: Delivery) -> bool:
    """Open the next channel for a locked delivery that was sent and of which nothing was heard.

    It stays `sent`; a late receipt still calls off what has not left. False when there is no
    channel left, or another one is under way.
    """
    reminder = session.get_one(Reminder, delivery.reminder_id, with_for_update=True)
    if reminder.called_off:
        return False
    why = f"fallback from {delivery.channel}: no receipt"
    if not _fall_back(session, reminder, delivery, others_of(session, delivery), why):
        return False
    session.add(
        DeliveryEvent(
            delivery_id=delivery.id,
            status=delivery.status,
            cause="no receipt in time",
            attempt=delivery.attempt,
        )
    )
    reminder.status = under_way(reminder)
    return True


def _call_off(session: ScopedSession, others: Sequence[Delivery]) -> None:
    """It arrived after all: what stands by to be sent instead is no longer needed.

    One that a worker holds at this moment is as good as sent; to wait for it could be for ever,
    as the worker may be waiting for the reminder.
    """
    ids = [other.id for other in others]
    take_unclaimed(session, ids)
    waiting = session.scalars(
        select(Delivery)
        .where(Delivery.id.in_(ids), Delivery.status.in_(WAITING))
        .order_by(Delivery.address_id, Delivery.id)
        .with_for_update(skip_locked=True)
    ).all()
    for other in waiting:
        move(session, other, S.cancelled, cause="delivered by another channel")


def _fall_back(
    session: ScopedSession,
    reminder: Reminder,
    delivery: Delivery,
    others: Sequence[Delivery],
    cause: str,
) -> bool:
    """Open the next channel's delivery, if there is one that was not tried and time is left.

    Never two at once: while another channel is under way, unknown or has arrived, nothing is
    opened; and a late word about one that has already been replaced replaces nothing again.
    """
    now = session.now()
    left = channels_left(reminder, delivery, others, now)
    if not left:
        return False
    open_delivery(
        session,
        reminder,
        left[0],
        occurrence=delivery.occurrence,
        due_at=now,
        cause=cause,
        correlation_id=delivery.correlation_id,
        valid_until=worth_until(reminder, delivery),
        before_seconds=delivery.before_seconds,
    )
    return True


def address_of(session: ScopedSession, delivery: Delivery) -> Address:
    """The address that a delivery goes to."""
    return session.get_one(Address, delivery.address_id)
