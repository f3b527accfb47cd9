"""Skipping one occurrence of a reminder that repeats, and taking that back."""

from __future__ import annotations

from datetime import datetime, timedelta

from database.session import ScopedSession
from models.delivery import WAITING, DeliveryStatus
from models.establishment import Establishment
from models.omission import OmissionReason
from models.reminder import Reminder, ReminderStatus
from services.allowed_times import times_of_reminder
from services.audit import audit
from services.delivery.moves import move
from services.due.opening import open_delivery, reschedule
from services.errors import Conflict, Invalid
from services.identity import Principal
from services.reminder.lock import UNDER_WAY, Whole, lock_whole
from services.series.omission import Run, leave_out, refuse_too_many, skipped_after, take_back
from services.series.recurrence import following
from services.series.series import sent_at, series_of
from services.timing import due_time, moment_of

S = DeliveryStatus
_INSTANT = timedelta(microseconds=1)
_WITH_PATIENT = UNDER_WAY | {S.delivered}


def skip(
    session: ScopedSession,
    establishment: Establishment,
    reminder_id: int,
    occurrence: datetime | None,
    *,
    principal: Principal,
) -> Reminder:
    """Have one occurrence not go out; without one, the next that has not left. The rest goes on.

    It counts for a COUNT, as an exception date does. Skipping it again changes nothing. Raises
    `Conflict` when it is already with the carrier, `Invalid` when there is no such occurrence.
    """
    whole = lock_whole(session, reminder_id)
    reminder, now = _repeating(whole), session.now()
    if whole.ended:
        raise Conflict("This reminder has ended: there is nothing to skip.", code="already_ended")
    chosen = (
        moment_of(occurrence, establishment, "occurrence")
        if occurrence is not None
        else _next(session, whole, now)
    )
    if chosen in skipped_after(session, reminder.id, chosen - _INSTANT):
        return reminder
    waiting = [delivery for delivery in whole.at(chosen) if delivery.status in WAITING]
    if not waiting:
        _refuse_gone(whole, chosen)
        _refuse_unknown(establishment, reminder, chosen, now)
    refuse_too_many(session, reminder.id, now)
    leave_out(session, reminder.id, Run(OmissionReason.skipped, chosen, chosen))
    for delivery in waiting:
        move(session, delivery, S.cancelled, cause="skipped by staff")
    reminder.updated_at = now
    session.flush()
    audit(
        session,
        principal,
        "skip",
        "reminder",
        reminder.id,
        after={"occurrence": f"{chosen:%FT%TZ}"},
    )
    return reminder


def unskip(
    session: ScopedSession,
    establishment: Establishment,
    reminder_id: int,
    occurrence: datetime,
    *,
    principal: Principal,
) -> Reminder:
    """Have a skipped occurrence go out after all, while it is valid; raises `Conflict` if not."""
    whole = lock_whole(session, reminder_id)
    reminder, now = _repeating(whole), session.now()
    chosen = moment_of(occurrence, establishment, "occurrence")
    if reminder.cancelled_at is not None:
        raise Conflict("This reminder has been cancelled.", code="already_ended")
    if not take_back(session, reminder.id, chosen):
        raise Conflict("This occurrence is not skipped.", code="not_skipped")
    _bring_back(session, whole, chosen, now)
    reminder.updated_at = now
    session.flush()
    audit(
        session,
        principal,
        "unskip",
        "reminder",
        reminder.id,
        after={"occurrence": f"{chosen:%FT%TZ}"},
    )
    return reminder


def _repeating(whole: Whole) -> Reminder:
    if whole.reminder.rrule is None and whole.reminder.before is None:
        raise Conflict("This reminder goes out once: cancel it.", code="not_repeating")
    return whole.reminder


def _next(session: ScopedSession, whole: Whole, now: datetime) -> datetime:
    waiting = whole.waiting
    if waiting:
        return waiting[0].occurrence
    gone = whole.last_left()
    if whole.reminder.rrule is not None and gone is not None:
        series = series_of(session, whole.reminder, after=gone.occurrence)
        went = sent_at(gone)
        turn, _ = series.next_turn(series.covered_by(gone.occurrence, went), now, last=went)
        if turn is not None:
            return turn.occurrence
    raise Conflict("The last occurrence is already with the carrier.", code="already_with_carrier")


def _refuse_gone(whole: Whole, chosen: datetime) -> None:
    statuses = {delivery.status for delivery in whole.at(chosen)} - {S.cancelled}
    if statuses & {S.sending, S.unknown, S.sent, S.delivered}:
        raise Conflict("This occurrence is already with the carrier.", code="already_with_carrier")
    if statuses:
        raise Conflict("This occurrence has already gone out or ended.", code="already_gone")


def _refuse_unknown(
    establishment: Establishment, reminder: Reminder, chosen: datetime, now: datetime
) -> None:
    known = False
    if reminder.rrule is not None:
        first = following(
            reminder.rrule, reminder.scheduled_time, chosen - _INSTANT, establishment.zone
        )
        known = first == chosen
    if not known:
        raise Invalid(
            "This reminder has no occurrence at that time.",
            field="occurrence",
            code="occurrence_unknown",
        )
    if chosen <= now:
        raise Invalid("This occurrence has passed.", field="occurrence", code="occurrence_past")


def _bring_back(
    session: ScopedSession,
    whole: Whole,
    chosen: datetime,
    now: datetime,
) -> None:
    """Open an occurrence that the reminder would pass over now, unless its turn is to come.

    Of one that was under way it is the channel that was to be next; one that has arrived meanwhile
    needs nothing more.
    """
    reminder, waiting = whole.reminder, whole.waiting
    made = whole.at(chosen)
    if any(delivery.status in _WITH_PATIENT for delivery in made):
        return
    called_off = [delivery for delivery in made if delivery.status == S.cancelled][-1:]
    if not called_off and not whole.ended and not whole.passed(chosen):
        return
    validity = timedelta(seconds=reminder.validity_seconds)
    valid_until = called_off[0].valid_until if called_off else chosen + validity
    if valid_until <= now:
        raise Conflict("This occurrence has passed.", code="occurrence_past")
    due_at, deferred = due_time(
        times_of_reminder(session, reminder), chosen, valid_until - chosen, now
    )
    if any(_minute(other.due_at) == _minute(due_at) for other in waiting):
        return  # another one goes out in that very minute
    cause = deferred or "no longer skipped"
    if called_off:
        called_off[0].due_at = due_at
        reschedule(session, called_off[0], cause=cause)
    else:
        open_delivery(
            session,
            reminder,
            reminder.channels[0],
            occurrence=chosen,
            due_at=due_at,
            cause=cause,
            valid_until=valid_until,
        )
    reminder.status = ReminderStatus.active if reminder.rrule else ReminderStatus.scheduled


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
