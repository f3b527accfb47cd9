"""A reminder and all its deliveries, locked: what is read of them stays true until the commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from database.session import ScopedSession
from models.delivery import WAITING, Delivery, DeliveryStatus
from models.reminder import Reminder, ReminderStatus
from services.due.queue import take_unclaimed
from services.errors import Conflict, NotFound

S = DeliveryStatus
UNDER_WAY = frozenset({S.sending, S.unknown})
"""With the carrier, as far as can be known: nobody can call them back."""
_LEFT = UNDER_WAY | {S.sent, S.delivered, S.undelivered, S.failed}
_MOST_TRIES = 5


@dataclass(frozen=True)
class Whole:
    """A reminder with its deliveries, in the order in which they were made; all locked."""

    reminder: Reminder
    deliveries: Sequence[Delivery]

    @property
    def waiting(self) -> list[Delivery]:
        """What has not left, the next one first."""
        found = [delivery for delivery in self.deliveries if delivery.status in WAITING]
        return sorted(found, key=lambda delivery: (delivery.occurrence, delivery.id))

    @property
    def ended(self) -> bool:
        """True when nothing more will come of the reminder."""
        return self.reminder.status not in (ReminderStatus.scheduled, ReminderStatus.active)

    def may_go_on(self, now: datetime) -> bool:
        """True while another attempt or another channel may come of it, ended or not.

        What was sent makes way for the next channel for as long as it is valid, and a call that
        nobody picks up is made again.
        """
        return not self.ended or any(
            delivery.status in UNDER_WAY
            or (delivery.status == S.sent and delivery.valid_until > now)
            for delivery in self.deliveries
        )

    @property
    def with_carrier(self) -> int:
        """How many cannot be called back: under way, or gone.

        A series tells of the occurrence that is under way, not of every week since it began.
        """
        gone = UNDER_WAY if self.reminder.rrule else UNDER_WAY | {S.sent, S.delivered}
        return sum(delivery.status in gone for delivery in self.deliveries)

    def beside(self, delivery: Delivery) -> list[Delivery]:
        """The same occurrence's deliveries on other channels."""
        return [
            other
            for other in self.deliveries
            if other is not delivery
            and other.before_seconds == delivery.before_seconds
            and (other.before_seconds > 0 or other.occurrence == delivery.occurrence)
        ]

    def begun(self, delivery: Delivery) -> bool:
        """True when another channel of the same occurrence has been tried."""
        return any(other.status in _LEFT for other in self.beside(delivery))

    def last_left(self) -> Delivery | None:
        """The latest occurrence that was made and neither waits nor was called off."""
        gone = [
            delivery
            for delivery in self.deliveries
            if delivery.status not in WAITING and delivery.status != S.cancelled
        ]
        return max(gone, key=lambda delivery: delivery.occurrence, default=None)

    def passed(self, occurrence: datetime) -> bool:
        """True when a later occurrence was made, so this one's turn would not come by itself."""
        return any(
            delivery.occurrence > occurrence and delivery.status != S.cancelled
            for delivery in self.deliveries
        )

    def at(self, occurrence: datetime) -> list[Delivery]:
        """The deliveries of one occurrence."""
        return [delivery for delivery in self.deliveries if delivery.occurrence == occurrence]


def lock_whole(session: ScopedSession, reminder_id: int) -> Whole:
    """Lock deliveries first, then the reminder: the order in which workers lock them.

    A worker may hold the reminder, or open a delivery in between; then all is let go and locked
    once more. Raises `NotFound`, and `Conflict` when that happens again and again.
    """
    for _ in range(_MOST_TRIES):
        attempt = session.begin_nested()
        whole = _lock(session, reminder_id)
        if whole is not None:
            attempt.commit()
            return whole
        attempt.rollback()  # releases the locks
        _wait_for(session, reminder_id)
    raise Conflict("This reminder is being sent at this moment: try again.", code="busy")


def _lock(session: ScopedSession, reminder_id: int) -> Whole | None:
    """All of it, locked by the order of addresses as workers do; None while somebody has a part.

    The reminder is not waited for: who has it may want a delivery of a series that was called off.
    """
    numbers = select(Delivery.id).where(Delivery.reminder_id == reminder_id)
    take_unclaimed(session, session.scalars(numbers).all())
    deliveries = session.scalars(
        select(Delivery)
        .where(Delivery.reminder_id == reminder_id)
        .order_by(Delivery.address_id, Delivery.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    reminder = session.scalar(
        select(Reminder)
        .where(Reminder.id == reminder_id)
        .options(joinedload(Reminder.phone), joinedload(Reminder.email))
        .with_for_update(of=Reminder.__table__, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if reminder is None or set(session.scalars(numbers)) != {one.id for one in deliveries}:
        return None
    return Whole(reminder, sorted(deliveries, key=lambda delivery: delivery.id))


def _wait_for(session: ScopedSession, reminder_id: int) -> None:
    """Wait, with nothing locked, until nobody has the reminder; raises `NotFound`."""
    turn = session.begin_nested()
    found = session.scalar(select(Reminder.id).where(Reminder.id == reminder_id).with_for_update())
    turn.rollback()
    if found is None:
        raise NotFound("reminder")
