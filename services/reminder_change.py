"""What staff do to a reminder that was stored: change it, cancel it. They race with the workers.

All of it is decided on locked rows (`reminder_lock.py`): a worker marks a delivery as sending
under the same lock, so a delivery is either ours to change or already with the carrier, and the
answer says which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from database.session import ScopedSession
from models.delivery import WAITING, Delivery, DeliveryEvent, DeliveryStatus
from models.establishment import Establishment
from models.reminder import Channel, Reminder, ReminderStatus
from schemas.reminder import ReminderChange
from services.allowed_times import times_of_reminder
from services.audit import audit
from services.delivery import CANCELLED, move
from services.delivery_opening import drop, reschedule
from services.errors import Conflict, Invalid
from services.event_change import move_event, validate_event_change
from services.identity import Principal
from services.recurrence import check_rule, following, remaining
from services.reminder import facts, seconds
from services.reminder_lock import Whole, lock_whole
from services.series import sent_at, series_of
from services.timing import (
    FARTHEST,
    check_validity,
    due_time,
    moment_of,
    past,
    refuse_past,
    refuse_too_far,
)
from utils.clock import AllowedTimes
from utils.languages import VOICES

S = DeliveryStatus
CHANGED = "changed by staff"
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Answer:
    """What became of a request: the numbers are of deliveries."""

    reminder: Reminder
    with_carrier: int
    cancelled: int = 0


def change(
    session: ScopedSession,
    establishment: Establishment,
    reminder_id: int,
    wanted: ReminderChange,
    *,
    expected_version: int | None,
    principal: Principal,
) -> Answer:
    """Change what has not left; raises `Conflict` when nothing is left to change.

    Of a series or a relative reminder some may have left: what comes after them is changed.
    """
    whole = lock_whole(session, reminder_id)
    reminder = whole.reminder
    if expected_version is not None and expected_version != reminder.version:
        raise Conflict(
            "Somebody has changed this reminder meanwhile: read it again.", code="changed_meanwhile"
        )
    _refuse_gone(whole)
    now = session.now()
    before = facts(reminder)
    if wanted.message is not None:
        _change_message(whole, wanted.message)
    if wanted.valid_for is not None:
        check_validity(wanted.valid_for)
        reminder.validity_seconds = seconds(wanted.valid_for)
    validate_event_change(reminder, wanted)
    if reminder.before is not None:
        move_event(session, establishment, whole, wanted, now)
    elif reminder.rrule is not None or wanted.rrule is not None:
        _change_series(session, establishment, whole, wanted, now)
    else:
        _change_once(session, establishment, whole, wanted, now)
    session.flush()
    audit(
        session, principal, "change", "reminder", reminder.id, before=before, after=facts(reminder)
    )
    return Answer(reminder, whole.with_carrier)


def _refuse_gone(whole: Whole) -> None:
    repeats = whole.reminder.rrule is not None or whole.reminder.before is not None
    if whole.ended or whole.reminder.called_off:
        raise Conflict("This reminder has already gone out or ended.", code="already_gone")
    if not whole.waiting and not repeats:
        raise Conflict(
            "This reminder is already with the carrier: it says what it said before.",
            code="already_with_carrier",
        )


def _change_message(whole: Whole, message: str) -> None:
    """Have what comes say something else; what has left keeps its own words beside it."""
    reminder = whole.reminder
    if Channel.voice in reminder.channels and reminder.language not in VOICES:
        raise Invalid("A call in this language needs a recording.", field="message")
    if message == reminder.message:
        return
    for delivery in whole.deliveries:
        if delivery.attempt > 0 and delivery not in whole.waiting and delivery.message is None:
            delivery.message = reminder.message
    reminder.message, reminder.template = message, None


def _change_once(
    session: ScopedSession,
    establishment: Establishment,
    whole: Whole,
    wanted: ReminderChange,
    now: datetime,
) -> None:
    reminder = whole.reminder
    validity = timedelta(seconds=reminder.validity_seconds)
    if wanted.scheduled_time is not None:
        scheduled = moment_of(wanted.scheduled_time, establishment)
        refuse_too_far(scheduled, now)
        refuse_past(scheduled, validity, now)
        reminder.scheduled_time = scheduled
    times = times_of_reminder(session, reminder)
    for delivery in whole.waiting:
        if wanted.scheduled_time is not None:
            delivery.occurrence = reminder.scheduled_time
        _plan_again(session, times, delivery, validity, now)


def _plan_again(
    session: ScopedSession,
    times: AllowedTimes,
    delivery: Delivery,
    validity: timedelta,
    now: datetime,
) -> None:
    delivery.valid_until = delivery.occurrence + validity
    delivery.due_at, cause = due_time(times, delivery.occurrence, validity, now)
    reschedule(session, delivery, cause=cause or CHANGED)


def _change_series(
    session: ScopedSession,
    establishment: Establishment,
    whole: Whole,
    wanted: ReminderChange,
    now: datetime,
) -> None:
    """Change a series from the next occurrence on that has not left.

    An occurrence of which a first channel was tried stays where it is: it is under way.
    """
    reminder = whole.reminder
    validity = timedelta(seconds=reminder.validity_seconds)
    open_ones = [delivery for delivery in whole.waiting if not whole.begun(delivery)]
    if wanted.rrule is None and wanted.scheduled_time is None:
        times = times_of_reminder(session, reminder)
        for delivery in whole.waiting:
            _plan_again(session, times, delivery, validity, now)
        return
    _new_rule(establishment, whole, open_ones, wanted, now)
    if open_ones:  # else the occurrence that is under way opens the next one when it ends
        _move_next(session, whole, open_ones, validity, now)


def _new_rule(
    establishment: Establishment,
    whole: Whole,
    open_ones: Sequence[Delivery],
    wanted: ReminderChange,
    now: datetime,
) -> None:
    """Set rule and start. What is left of a COUNT goes on; a new rule begins to count."""
    reminder, zone = whole.reminder, establishment.zone
    coming = open_ones[0].occurrence if open_ones else _coming(whole, zone)
    start = coming or reminder.scheduled_time
    if wanted.scheduled_time is not None:
        start = moment_of(wanted.scheduled_time, establishment)
        refuse_too_far(start, now)
        _refuse_repeated(whole, start)
    if now - start > FARTHEST:
        raise past()
    rule = wanted.rrule
    if rule is None:
        assert reminder.rrule is not None
        if coming is None:
            raise Conflict(
                "The last occurrence is already with the carrier.", code="already_with_carrier"
            )
        rule = remaining(reminder.rrule, reminder.scheduled_time, zone, before=coming)
    reminder.rrule = check_rule(rule, start, zone)
    reminder.scheduled_time = start
    reminder.status = ReminderStatus.active


def _coming(whole: Whole, zone: ZoneInfo) -> datetime | None:
    """The occurrence after the last one that left; None at the end of a series, or without one."""
    reminder, gone = whole.reminder, whole.last_left()
    if reminder.rrule is None or gone is None:
        return None
    return following(reminder.rrule, reminder.scheduled_time, gone.occurrence, zone)


def _refuse_repeated(whole: Whole, start: datetime) -> None:
    """A recurring reminder cannot go back to a time that it went out for."""
    if any(d.status not in WAITING and d.status != S.cancelled for d in whole.at(start)):
        raise Invalid(
            "This reminder went out for that time already.",
            field="scheduled_time",
            code="occurrence_gone",
        )


def _move_next(
    session: ScopedSession,
    whole: Whole,
    open_ones: Sequence[Delivery],
    validity: timedelta,
    now: datetime,
) -> None:
    """Have the next occurrence be that of the new rule; later ones are made in their turn."""
    reminder, gone = whole.reminder, whole.last_left()
    session.flush()
    series = series_of(session, reminder, after=datetime.min.replace(tzinfo=UTC))
    series = replace(series, without=series.without - {d.occurrence for d in open_ones})
    after = max(reminder.scheduled_time - _INSTANT, now - validity)
    if gone is not None:  # the patient has heard of it: from now on, no catching up
        after = max(after, now, series.covered_by(gone.occurrence, sent_at(gone)))
    turn, _ = series.next_turn(after, now, last=sent_at(gone) if gone else None)
    if turn is None:
        raise past()
    there = [d for d in whole.at(turn.occurrence) if d.channel == open_ones[0].channel]
    moved = there[0] if there else open_ones[0]
    for delivery in open_ones:
        if delivery is not moved:
            drop(session, delivery, cause=CHANGED)
    moved.occurrence, moved.due_at = turn.occurrence, turn.due_at
    moved.valid_until = turn.occurrence + validity
    reschedule(session, moved, cause=turn.deferred or CHANGED)


def cancel(session: ScopedSession, reminder_id: int, principal: Principal) -> Answer:
    """Cancel what has not left, and all that would come of it.

    What is already with the carrier is told, and is not called cancelled: when nothing else was
    left, the reminder's status stays what it truly is. Asked again, the answer is the same.
    """
    whole = lock_whole(session, reminder_id)
    reminder = whole.reminder
    if reminder.called_off:
        return Answer(reminder, whole.with_carrier, _cancelled(session, whole))
    if whole.ended:
        raise Conflict(
            "This reminder has ended: there is nothing left to cancel.", code="already_ended"
        )
    before = facts(reminder)
    waiting = whole.waiting
    reminder.cancelled_at = session.now()
    if waiting or reminder.rrule is not None:
        reminder.status = ReminderStatus.cancelled
    session.flush()
    for delivery in waiting:
        move(session, delivery, S.cancelled, cause=CANCELLED)
    audit(
        session, principal, "cancel", "reminder", reminder.id, before=before, after=facts(reminder)
    )
    return Answer(reminder, whole.with_carrier, len(waiting))


def _cancelled(session: ScopedSession, whole: Whole) -> int:
    """How many deliveries staff cancelled, and did not leave after all."""
    return session.scalars(
        select(func.count(func.distinct(DeliveryEvent.delivery_id)))
        .join(Delivery, Delivery.id == DeliveryEvent.delivery_id)
        .where(
            Delivery.reminder_id == whole.reminder.id,
            Delivery.status == S.cancelled,
            DeliveryEvent.cause == CANCELLED,
        )
    ).one()
