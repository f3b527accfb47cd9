"""What has become of a whole reminder, from its deliveries."""

from __future__ import annotations

from sqlalchemy import select

from database.session import ScopedSession
from models.delivery import FINAL, SENDER_SUSPENDED, Delivery, DeliveryStatus
from models.reminder import Reminder, ReminderStatus
from services.series.omission import any_missed

S = DeliveryStatus


def under_way(reminder: Reminder) -> ReminderStatus:
    """The status of a reminder of which something is still to come."""
    return ReminderStatus.active if reminder.rrule else ReminderStatus.scheduled


def final_status(session: ScopedSession, reminder: Reminder) -> ReminderStatus:
    """What became of the whole reminder, from each occurrence's best delivery.

    An occurrence that staff called off was not wanted; one that its sender held up was.
    """
    rows = session.execute(
        select(
            Delivery.occurrence, Delivery.before_seconds, Delivery.status, Delivery.error_code
        ).where(Delivery.reminder_id == reminder.id)
    ).all()
    if any(row.status not in FINAL for row in rows):
        return under_way(reminder)
    occurrences: dict[object, set[str]] = {}
    for row in rows:
        status = row.status
        if status == S.cancelled and row.error_code == SENDER_SUSPENDED:
            status = S.failed
        occurrences.setdefault(row.before_seconds or row.occurrence, set()).add(status)
    wanted = [found for found in occurrences.values() if found != {S.cancelled}]
    reached = [bool(found & {S.sent, S.delivered}) for found in wanted]
    if not wanted:
        return ReminderStatus.cancelled
    if all(reached) and not any_missed(session, reminder.id):
        return ReminderStatus.done
    if any(reached):
        return ReminderStatus.partly_failed
    if set().union(*wanted) == {S.expired}:
        return ReminderStatus.expired
    return ReminderStatus.failed
