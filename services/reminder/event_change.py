"""Moving the event of a relative reminder: all of its messages that have not left move with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from database.session import ScopedSession
from models.delivery import PLANNED_ANEW, WAITING, Delivery, DeliveryStatus
from models.establishment import Establishment
from models.omission import OmissionReason
from models.reminder import Reminder, ReminderStatus
from schemas.reminder import ReminderChange
from services.allowed_times import times_of_reminder
from services.due.opening import drop, open_delivery, reschedule
from services.errors import Conflict, Invalid
from services.reminder.lock import UNDER_WAY, Whole
from services.reminder.reminders import seconds
from services.series.omission import Run, forget, leave_out, skipped_after
from services.series.relative import Event, LeftOut, Notice, distances, notices, refuse_nothing_left
from services.timing import moment_of, refuse_too_far

S = DeliveryStatus
MOVED = "moved with its event"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def validate_event_change(reminder: Reminder, wanted: ReminderChange) -> None:
    """Refuse a change that only the other kind of reminder has; raises `Invalid`."""
    if reminder.before is None and wanted.event_time is not None:
        raise Invalid(
            "This reminder has no event: change `scheduled_time`.",
            field="event_time",
            code="not_relative",
        )
    if reminder.before is not None:
        for field in ("scheduled_time", "rrule"):
            if getattr(wanted, field) is not None:
                raise Invalid(
                    "This reminder goes by its event: change `event_time`.",
                    field=field,
                    code="relative",
                )


def event_of(establishment: Establishment, reminder: Reminder, time: datetime) -> Event:
    """A stored reminder's event, at a time."""
    validity = timedelta(seconds=reminder.validity_seconds)
    margin = timedelta(seconds=reminder.event_margin_seconds)
    late = timedelta(seconds=establishment.validity_seconds) if margin else validity
    return Event(time, establishment.zone, late=late, validity=validity, margin=margin)


def move_event(
    session: ScopedSession,
    establishment: Establishment,
    whole: Whole,
    wanted: ReminderChange,
    now: datetime,
) -> None:
    """Plan anew, for the event's new time, every message that has not left.

    One that was left out because its time had passed may go out after all; one that staff skipped
    stays skipped. Raises `Conflict` when all have left, `Invalid` when nothing could go out.
    """
    reminder = whole.reminder
    assert reminder.event_time is not None
    if wanted.event_time is None and wanted.valid_for is None:
        return
    if wanted.valid_for is not None:
        reminder.event_margin_seconds = 0
    time = reminder.event_time
    if wanted.event_time is not None:
        time = moment_of(wanted.event_time, establishment, "event_time")
        refuse_too_far(time, now, "event_time")
    skipped = distances(
        reminder.event_time,
        establishment.zone,
        distances_before(reminder),
        skipped_after(session, reminder.id, _LONG_AGO),
    )
    left = _not_left(whole)
    if not left:
        raise Conflict(
            "All messages before this event are already with the carrier.",
            code="already_with_carrier",
        )
    event = event_of(establishment, reminder, time)
    planned, left_out = notices(times_of_reminder(session, reminder), event, left - skipped, now)
    if not planned:
        refuse_nothing_left(left_out, now)
    reminder.event_time, reminder.scheduled_time = time, planned[0].occurrence
    reminder.status = ReminderStatus.scheduled
    for notice in planned:
        _place(session, whole, notice)
    for without in left_out:
        for delivery in _rows(whole, without.before, WAITING):
            drop(session, delivery, cause=f"event moved: {without.reason.value}")
    for ahead in skipped:  # called off, and still where it would be taken back
        for delivery in _rows(whole, ahead, frozenset({S.cancelled})):
            delivery.occurrence = event.occurrence(ahead)
            delivery.valid_until = event.valid_until(delivery.occurrence)
    for delivery in whole.deliveries:  # should it come back, it is not tried after the event
        if delivery.status in UNDER_WAY:
            delivery.valid_until = min(delivery.valid_until, event.valid_until(delivery.occurrence))
    _note_left_out(session, reminder, left_out, map(event.occurrence, skipped))


def distances_before(reminder: Reminder) -> list[timedelta]:
    """How long before its event the messages of a relative reminder go out."""
    return [timedelta(seconds=ahead) for ahead in reminder.before or ()]


def _not_left(whole: Whole) -> set[timedelta]:
    """The distances of which no message has left, or one still waits on another channel.

    What expired while nothing could be sent, or met an address that said stop, has not left.
    """
    gone = {
        delivery.before_seconds
        for delivery in whole.deliveries
        if delivery.status not in WAITING | PLANNED_ANEW
    } - {delivery.before_seconds for delivery in whole.waiting}
    return {a for a in distances_before(whole.reminder) if seconds(a) not in gone}


def _rows(whole: Whole, before: timedelta, statuses: frozenset[S]) -> list[Delivery]:
    return [
        delivery
        for delivery in whole.deliveries
        if delivery.before_seconds == seconds(before) and delivery.status in statuses
    ]


def _place(session: ScopedSession, whole: Whole, notice: Notice) -> None:
    """Have a message go out at its new time: what waits, what never left, or a new one."""
    reminder = whole.reminder
    rows = _rows(whole, notice.before, WAITING) or [
        row
        for row in _rows(whole, notice.before, PLANNED_ANEW)
        if row.channel == reminder.channels[0]
    ]
    for row in rows:
        row.occurrence, row.due_at = notice.occurrence, notice.due_at
        row.valid_until = notice.valid_until
        reschedule(session, row, cause=notice.deferred or MOVED)
    if not rows:
        open_delivery(
            session,
            reminder,
            reminder.channels[0],
            occurrence=notice.occurrence,
            due_at=notice.due_at,
            cause=notice.deferred or MOVED,
            valid_until=notice.valid_until,
            before_seconds=seconds(notice.before),
        )


def _note_left_out(
    session: ScopedSession,
    reminder: Reminder,
    left_out: Sequence[LeftOut],
    skipped: Iterable[datetime],
) -> None:
    forget(session, reminder.id)
    for occurrence in skipped:
        leave_out(session, reminder.id, Run(OmissionReason.skipped, occurrence, occurrence))
    for notice in left_out:
        leave_out(session, reminder.id, Run(notice.reason, notice.occurrence, notice.occurrence))
