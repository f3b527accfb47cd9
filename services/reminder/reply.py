"""What patients answer to a reminder, by SMS or by a key on the phone.

A reminder that expects a reply can be answered while there is time: until the event, or until some
hours after its validity. The last message that went out for it is the one that is answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from database.session import ScopedSession
from models.delivery import Delivery, DeliveryEvent, DeliveryStatus, Reply, may_move
from models.reminder import Purpose, Reminder
from models.task import RESCHEDULE
from services.delivery.moves import lock_delivery, move
from services.task import close_task, open_task

S = DeliveryStatus

AFTER_VALIDITY = timedelta(hours=24)
"""A reminder without an event can be answered so long after its validity."""
REMEMBERED = timedelta(days=3)
"""What was over longer ago is not what a late answer means."""
STAFF_ANSWER_WITHIN = timedelta(hours=24)

_MAY_HAVE_ARRIVED = (S.sending, S.unknown, S.sent, S.delivered)


@dataclass(frozen=True)
class Asked:
    """The last message of a reminder that asked for a reply, and until when one counts.

    `replied`: by this way or another (a key on the phone).
    """

    reminder: Reminder
    delivery: Delivery
    until: datetime
    replied: bool

    @property
    def about(self) -> datetime:
        """The time that tells it apart: of the event, else the one that it was meant for."""
        return self.reminder.event_time or self.delivery.occurrence

    @property
    def asked_at(self) -> datetime:
        """When it went out."""
        return self.delivery.attempted_at or self.delivery.due_at


def asked(session: ScopedSession, address_id: int, channel: str) -> list[Asked]:
    """What asked for a reply on a channel and may still be meant, the latest first.

    One for each reminder; also those that are over, answered or cancelled. A reminder that repeats
    is answered for its last occurrence that went out.
    """
    now = session.now()
    other = aliased(Delivery)
    replied = exists().where(
        other.reminder_id == Delivery.reminder_id,
        other.occurrence == Delivery.occurrence,
        other.reply.is_not(None),
    )
    rows = session.execute(
        select(Delivery, Reminder, replied)
        .join(Reminder, Reminder.id == Delivery.reminder_id)
        .where(
            Delivery.address_id == address_id,
            Delivery.channel == channel,
            Delivery.attempted_at.is_not(None),
            Delivery.status.in_(_MAY_HAVE_ARRIVED),
            Reminder.expects_reply,
            Reminder.purpose == Purpose.reminder,
        )
        .order_by(Delivery.attempted_at.desc(), Delivery.id.desc())
        .limit(200)
    )
    latest: dict[int, Asked] = {}
    for delivery, reminder, answered in rows:
        one = Asked(reminder, delivery, _until(reminder, delivery), answered)
        if one.until > now - REMEMBERED:
            latest.setdefault(reminder.id, one)
    return list(latest.values())


def _until(reminder: Reminder, delivery: Delivery) -> datetime:
    return reminder.event_time or delivery.valid_until + AFTER_VALIDITY


def awaiting(everything: Sequence[Asked], now: datetime) -> list[Asked]:
    """Those that wait for an answer, the soonest event first."""
    waiting = [
        one
        for one in everything
        if not one.replied and one.until > now and not one.reminder.called_off
    ]
    return sorted(waiting, key=lambda one: (one.about, one.delivery.id))


def note_reply(
    session: ScopedSession,
    delivery_id: int,
    answer: Reply,
    *,
    conversation_id: int | None = None,
) -> Delivery:
    """Note what a patient answered; the same twice changes nothing, another one replaces it.

    Whoever cannot come becomes a task for staff; it closes by itself when they confirm after all
    before anybody has done it. An answer proves that the message arrived: no other channel is
    tried any more.
    """
    delivery = lock_delivery(session, delivery_id)
    if may_move(S(delivery.status), S.delivered):
        move(session, delivery, S.delivered, cause="answered by the patient")
    if delivery.reply == answer:
        return delivery
    delivery.reply, delivery.replied_at = answer, session.now()
    session.add(
        DeliveryEvent(
            delivery_id=delivery.id,
            status=delivery.status,
            cause=f"patient: {answer}",
            attempt=delivery.attempt,
        )
    )
    session.flush()
    reminder = session.get_one(Reminder, delivery.reminder_id)
    key = _task_key(reminder, delivery)
    if answer is Reply.confirmed:
        close_task(session, key)
        return delivery
    soon = session.now() + STAFF_ANSWER_WITHIN
    open_task(
        session,
        RESCHEDULE,
        key,
        reminder_id=delivery.reminder_id,
        delivery_id=delivery.id,
        contact_id=reminder.contact_id,
        conversation_id=conversation_id,
        due_at=min(soon, reminder.event_time or soon),
    )
    return delivery


def _task_key(reminder: Reminder, delivery: Delivery) -> str:
    """One task for an appointment, whatever was answered to; for a series, one for each time."""
    whole = f"{RESCHEDULE}:{reminder.id}"
    return f"{whole}:{int(delivery.occurrence.timestamp())}" if reminder.rrule else whole
