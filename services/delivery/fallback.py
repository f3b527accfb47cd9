"""Which channel comes next when one did not help. `services/delivery/moves.py` opens it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select

from database.session import ScopedSession
from models.delivery import GIVEN_UP, SENDER_SUSPENDED, Delivery, DeliveryStatus
from models.reminder import Reminder

S = DeliveryStatus

FAILED = frozenset({S.failed, S.undelivered})
# An opt-out belongs to the address: the reminder's other address has not said stop.
_FALLS_BACK = FAILED | {S.suppressed}


def others_of(session: ScopedSession, delivery: Delivery) -> Sequence[Delivery]:
    """The same occurrence's deliveries on other channels.

    An occurrence of a relative reminder may have been moved since some of them went out.
    """
    return session.scalars(
        select(Delivery)
        .where(
            Delivery.reminder_id == delivery.reminder_id,
            Delivery.before_seconds == delivery.before_seconds,
            or_(Delivery.before_seconds > 0, Delivery.occurrence == delivery.occurrence),
            Delivery.id != delivery.id,
        )
        .execution_options(populate_existing=True)
    ).all()


def gives_way(delivery: Delivery) -> bool:
    """True when the next channel may be tried instead."""
    if delivery.error_code == GIVEN_UP:
        return False
    held_up = delivery.status == S.cancelled and delivery.error_code == SENDER_SUSPENDED
    return delivery.status in _FALLS_BACK or held_up


def passed_over(other: Delivery, delivery: Delivery) -> bool:
    """True for an earlier channel of which nothing was heard, else there would be no later one."""
    return other.status == S.sent and other.id < delivery.id


def next_channels(session: ScopedSession, delivery: Delivery) -> list[str]:
    """The channels that a locked delivery could make way for, the first to be tried first."""
    reminder = session.get_one(Reminder, delivery.reminder_id)
    if reminder.called_off:
        return []
    return channels_left(reminder, delivery, others_of(session, delivery), session.now())


def channels_left(
    reminder: Reminder, delivery: Delivery, others: Sequence[Delivery], now: datetime
) -> list[str]:
    """The reminder's channels that were not tried; none where nothing may be opened."""
    if not all(gives_way(other) or passed_over(other, delivery) for other in others):
        return []
    tried = {delivery.channel} | {other.channel for other in others}
    left = [channel for channel in reminder.channels if channel not in tried]
    return left if worth_until(reminder, delivery) > now else []


def worth_until(reminder: Reminder, delivery: Delivery) -> datetime:
    """Until when another channel is worth trying: the event may have been moved since."""
    event = reminder.event_time
    return delivery.valid_until if event is None else min(delivery.valid_until, event)
