"""Changing a series: all of it that has not left follows the new rule, start or validity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from database.session import ScopedSession
from models.delivery import WAITING, Delivery, DeliveryStatus
from models.establishment import Establishment
from models.reminder import ReminderStatus
from schemas.reminder import ReminderChange
from services.allowed_times import times_of_reminder
from services.due.opening import drop, reschedule
from services.errors import Conflict, Invalid
from services.reminder.lock import Whole
from services.reminder.policy_change import CHANGED
from services.series.omission import keep_days_skipped
from services.series.recurrence import check_rule, following, remaining
from services.series.series import sent_at, series_of
from services.timing import FARTHEST, due_time, moment_of, past, refuse_past, refuse_too_far
from utils.clock import AllowedTimes

S = DeliveryStatus
_INSTANT = timedelta(microseconds=1)


def plan_again(
    session: ScopedSession,
    times: AllowedTimes,
    delivery: Delivery,
    at: datetime,
    validity: timedelta,
    now: datetime,
) -> None:
    """Have a waiting delivery go out at a time, as far as the times allow."""
    delivery.valid_until = at + validity
    delivery.due_at, cause = due_time(times, at, validity, now)
    reschedule(session, delivery, cause=cause or CHANGED)


def keep_valid(
    session: ScopedSession,
    times: AllowedTimes,
    delivery: Delivery,
    at: datetime,
    validity: timedelta,
    now: datetime,
) -> None:
    """Have a waiting delivery be valid for another while; a pause between attempts goes on."""
    if delivery.attempt:
        delivery.valid_until = at + validity
    else:
        plan_again(session, times, delivery, at, validity, now)


def change_series(
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
            refuse_past(delivery.occurrence, validity, now)
            keep_valid(session, times, delivery, delivery.occurrence, validity, now)
        return
    rule, start = reminder.rrule, reminder.scheduled_time
    _new_rule(establishment, whole, open_ones, wanted, now)
    if rule is not None:
        keep_days_skipped(session, reminder, rule, start, establishment.zone, now)
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
