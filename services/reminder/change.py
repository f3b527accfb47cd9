"""What staff do to a reminder that was stored: change it, cancel it. They race with the workers.

All of it is decided on locked rows (`lock.py`): a worker marks a delivery as sending
under the same lock, so a delivery is either ours to change or already with the carrier, and the
answer says which.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from database.session import ScopedSession
from models.delivery import Delivery, DeliveryEvent, DeliveryStatus
from models.establishment import Establishment
from models.reminder import Channel, Reminder, ReminderStatus
from schemas.reminder import ReminderChange
from services.allowed_times import times_of_reminder
from services.audit import audit
from services.delivery.moves import CANCELLED, move
from services.errors import Conflict, Invalid
from services.identity import Principal
from services.reminder.event_change import move_event, validate_event_change
from services.reminder.lock import Whole, lock_whole
from services.reminder.plan import Senders
from services.reminder.policy_change import change_policy
from services.reminder.reminders import facts, seconds
from services.reminder.series_change import change_series, keep_valid, plan_again
from services.timing import check_validity, moment_of, refuse_past, refuse_too_far
from utils.languages import VOICES

S = DeliveryStatus


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
    senders: Senders,
    expected_version: int | None,
    principal: Principal,
) -> Answer:
    """Change what has not left; raises `Conflict` when nothing is left to change.

    Of a series or a relative reminder some may have left: what comes after them is changed. How it
    is tried can be changed as long as it may be tried again, or by another channel.
    """
    whole = lock_whole(session, reminder_id)
    reminder = whole.reminder
    if expected_version is not None and expected_version != reminder.version:
        raise Conflict(
            "Somebody has changed this reminder meanwhile: read it again.", code="changed_meanwhile"
        )
    _refuse_gone(whole, wanted)
    before = facts(reminder)
    change_policy(session, establishment, whole, wanted, senders)
    if wanted.says_or_moves:
        _change_words_and_times(session, establishment, whole, wanted)
    session.flush()
    audit(
        session, principal, "change", "reminder", reminder.id, before=before, after=facts(reminder)
    )
    return Answer(reminder, whole.with_carrier)


def _refuse_gone(whole: Whole, wanted: ReminderChange) -> None:
    repeats = whole.reminder.rrule is not None or whole.reminder.before is not None
    if whole.reminder.called_off or (whole.ended and wanted.says_or_moves):
        raise Conflict("This reminder has already gone out or ended.", code="already_gone")
    if wanted.says_or_moves and not whole.waiting and not repeats:
        raise Conflict(
            "This reminder is already with the carrier: it says what it said before.",
            code="already_with_carrier",
        )


def _change_words_and_times(
    session: ScopedSession, establishment: Establishment, whole: Whole, wanted: ReminderChange
) -> None:
    reminder, now = whole.reminder, session.now()
    if wanted.message is not None:
        _change_message(whole, wanted.message)
    if wanted.valid_for is not None:
        check_validity(wanted.valid_for)
        reminder.validity_seconds = seconds(wanted.valid_for)
    validate_event_change(reminder, wanted)
    if wanted.moves:
        with _naming(wanted):
            _change_times(session, establishment, whole, wanted, now)


@contextmanager
def _naming(wanted: ReminderChange) -> Iterator[None]:
    """Have a refusal of times name the field that was sent, where the times stay as they are."""
    try:
        yield
    except Invalid as refused:
        sent = refused.field is None or getattr(wanted, refused.field, True)
        if sent or wanted.valid_for is None:
            raise
        raise Invalid(refused.detail, field="valid_for", code=refused.code) from refused


def _change_times(
    session: ScopedSession,
    establishment: Establishment,
    whole: Whole,
    wanted: ReminderChange,
    now: datetime,
) -> None:
    reminder = whole.reminder
    if reminder.before is not None:
        move_event(session, establishment, whole, wanted, now)
    elif reminder.rrule is not None or wanted.rrule is not None:
        change_series(session, establishment, whole, wanted, now)
    else:
        _change_once(session, establishment, whole, wanted, now)


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
    elif wanted.valid_for is not None:
        refuse_past(reminder.scheduled_time, validity, now)
    times = times_of_reminder(session, reminder)
    for delivery in whole.waiting:
        if wanted.scheduled_time is None:
            keep_valid(session, times, delivery, reminder.scheduled_time, validity, now)
            continue
        if not whole.begun(delivery):  # else it stays beside the channel that it stands in for
            delivery.occurrence = reminder.scheduled_time
        plan_again(session, times, delivery, reminder.scheduled_time, validity, now)


def cancel(session: ScopedSession, reminder_id: int, principal: Principal) -> Answer:
    """Cancel what has not left, and all that would come of it.

    What is already with the carrier is told, and is not called cancelled: when nothing else was
    left, the reminder's status stays what it truly is, and no other channel follows. Asked again,
    the answer is the same. Raises `Conflict` when nothing more would have come of it.
    """
    whole = lock_whole(session, reminder_id)
    reminder = whole.reminder
    if reminder.called_off:
        return Answer(reminder, whole.with_carrier, _cancelled(session, whole))
    now = session.now()
    if not whole.may_go_on(now):
        raise Conflict(
            "This reminder has ended: there is nothing left to cancel.", code="already_ended"
        )
    before = facts(reminder)
    waiting = whole.waiting
    reminder.cancelled_at = now
    if waiting or (reminder.rrule is not None and not whole.ended):
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
