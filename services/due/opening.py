"""A waiting delivery: made, moved to another time, dropped while its reminder goes on."""

from __future__ import annotations

from datetime import datetime, timedelta

from database.session import ScopedSession
from models.delivery import Delivery, DeliveryEvent, DeliveryStatus
from models.reminder import Channel, Reminder
from services.due.queue import forget_due, look_again, put_in_due

S = DeliveryStatus


def open_delivery(
    session: ScopedSession,
    reminder: Reminder,
    channel: str,
    *,
    occurrence: datetime,
    due_at: datetime,
    cause: str,
    correlation_id: str | None = None,
    valid_until: datetime | None = None,
    before_seconds: int = 0,
) -> Delivery:
    """Make a delivery, its first event and its row in the due queue, all in this transaction.

    It is valid as long as its reminder says, counted from its occurrence, unless `valid_until` is
    given; `before_seconds` is set for an occurrence of a relative reminder.
    """
    address_id = reminder.email_id if channel == Channel.email else reminder.phone_id
    assert address_id is not None  # the reminder's channels were checked against its addresses
    delivery = Delivery(
        reminder_id=reminder.id,
        occurrence=occurrence,
        channel=channel,
        address_id=address_id,
        status=S.scheduled,
        due_at=due_at,
        valid_until=valid_until or occurrence + timedelta(seconds=reminder.validity_seconds),
        before_seconds=before_seconds,
        correlation_id=correlation_id,
    )
    session.add(delivery)
    session.flush()
    session.add(DeliveryEvent(delivery_id=delivery.id, status=S.scheduled, cause=cause))
    put_in_due(session, delivery.id, due_at)
    return delivery


def reschedule(session: ScopedSession, delivery: Delivery, *, cause: str) -> None:
    """Have a locked, waiting delivery go out at its (changed) `due_at`.

    A worker that already holds it finds it no longer queued and leaves it alone.
    """
    delivery.status = S.scheduled
    session.add(
        DeliveryEvent(
            delivery_id=delivery.id, status=S.scheduled, cause=cause, attempt=delivery.attempt
        )
    )
    look_again(session, delivery.id, delivery.due_at)


def drop(session: ScopedSession, delivery: Delivery, *, cause: str) -> None:
    """Cancel a locked, waiting delivery while its reminder goes on: nothing follows from it."""
    delivery.status, delivery.error_code = S.cancelled, None
    session.add(
        DeliveryEvent(
            delivery_id=delivery.id, status=S.cancelled, cause=cause, attempt=delivery.attempt
        )
    )
    session.flush()
    forget_due(session, delivery.id)
