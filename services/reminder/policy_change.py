"""Changing how a reminder is tried: its channels, its retries, when the next channel takes over.

What is under way goes by it from now on: policies are read when they are needed. What has been
tried has been tried: an occurrence stays on the channel on which it was, and goes on with those of
the new order that were not.
"""

from __future__ import annotations

from config.settings import get_settings
from database.session import ScopedSession
from models.delivery import WAITING, Delivery, DeliveryStatus
from models.due import Due
from models.establishment import Establishment
from models.reminder import Channel, Purpose, Reminder
from schemas.reminder import ReminderChange
from services.delivery.moves import move
from services.due.opening import reschedule
from services.due.queue import ask_again
from services.errors import Conflict, Invalid
from services.policy import Looks, changed_wishes, policy_of
from services.reminder.lock import Whole
from services.reminder.plan import Senders, can_answer, check_channels, check_voice

S = DeliveryStatus
CHANGED = "changed by staff"


def change_policy(
    session: ScopedSession,
    establishment: Establishment,
    whole: Whole,
    wanted: ReminderChange,
    senders: Senders,
) -> None:
    """Change what was named; raises `Invalid` with the field, `Conflict` where nothing is left."""
    columns = changed_wishes(wanted)
    if not columns and wanted.channels is None:
        return
    if not whole.may_go_on(session.now()):
        raise Conflict("This reminder has already gone out or ended.", code="already_gone")
    if columns.get("max_attempts") is not None:
        _refuse_fewer(whole, int(columns["max_attempts"] or 0))
    for name, value in columns.items():
        setattr(whole.reminder, name, value)
    if "receipt_window_seconds" in columns:
        _look_by(session, establishment, whole)
    if wanted.channels is not None:
        _check(establishment, whole.reminder, wanted, senders)
        _change_channels(session, whole, [channel.value for channel in wanted.channels])


def _refuse_fewer(whole: Whole, most: int) -> None:
    """What waits to be tried again would be tried once more, whatever the number says."""
    made = max((delivery.attempt for delivery in whole.waiting), default=0)
    if made >= most:
        raise Invalid(
            f"It was tried {made} times and waits to be tried again: allow more, or cancel it.",
            field="retry.max_attempts",
            code="attempts_made",
        )


def _look_by(session: ScopedSession, establishment: Establishment, whole: Whole) -> None:
    """Ask for the receipts that are awaited at the times of the new window."""
    first = get_settings().engine.receipt_after
    window = policy_of(establishment, whole.reminder).receipt_window
    for delivery in whole.deliveries:
        due = session.get(Due, (session.establishment_id, delivery.id))
        if delivery.status != S.sent or due is None or not due.asks or due.claimed_until:
            continue
        sent_at = delivery.attempted_at or delivery.created_at
        at = Looks(sent_at, first, window, delivery.valid_until).after(session.now())
        if at is not None:
            ask_again(session, delivery.id, at)


def _check(
    establishment: Establishment, reminder: Reminder, wanted: ReminderChange, senders: Senders
) -> None:
    assert wanted.channels is not None
    if reminder.purpose not in (Purpose.reminder, Purpose.answer):
        raise Invalid(
            "A reply goes back the way on which it was written to us.",
            field="channels",
            code="reply_keeps_its_channel",
        )
    by_phone = {Channel.sms, Channel.voice} if reminder.phone_id else set()
    by_email = {Channel.email} if reminder.email_id else set()
    check_channels(wanted.channels, by_phone | by_email, senders)
    if Channel.voice in wanted.channels and (reminder.template is None or wanted.message):
        check_voice(reminder.language)
    if reminder.expects_reply:
        can_answer(establishment, wanted.channels[0], senders, field="channels")


def _change_channels(session: ScopedSession, whole: Whole, channels: list[str]) -> None:
    """Have what was not tried go by the new order; refuse to give up what was tried and waits."""
    reminder = whole.reminder
    for delivery in whole.waiting:
        if delivery.attempt and delivery.channel not in channels:
            raise Invalid(
                f"It was tried by {delivery.channel} and waits to be tried again: leave that in,"
                " or cancel it.",
                field="channels",
                code="channel_under_way",
            )
    before, reminder.channels = reminder.channels, channels
    session.flush()
    for delivery in whole.deliveries:
        if delivery.attempt:
            continue
        if delivery.status in WAITING:
            _take_the_next(session, whole, delivery)
        elif delivery.status == S.cancelled and delivery.channel == before[0]:
            _switch(whole, delivery, channels[0])  # it may be wanted after all


def _take_the_next(session: ScopedSession, whole: Whole, delivery: Delivery) -> None:
    """Have a delivery that was not tried go by the first channel that was not."""
    tried = {other.channel for other in whole.beside(delivery)}
    left = [channel for channel in whole.reminder.channels if channel not in tried]
    if not left:
        move(session, delivery, S.cancelled, cause=CHANGED)
    elif _switch(whole, delivery, left[0]):
        reschedule(session, delivery, cause=CHANGED)


def _switch(whole: Whole, delivery: Delivery, channel: str) -> bool:
    """Put a delivery of which nothing has left on another channel; False where it is on it."""
    taken = any(other.channel == channel for other in whole.beside(delivery))
    if channel == delivery.channel or taken:
        return False
    reminder = whole.reminder
    address_id = reminder.email_id if channel == Channel.email else reminder.phone_id
    assert address_id is not None  # the channels were checked against the addresses
    delivery.channel, delivery.address_id = channel, address_id
    return True
