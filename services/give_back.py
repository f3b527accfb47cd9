"""Attempts that count as never made: the carrier took them and then said that they went nowhere.

It is the one way back in a delivery's life, and only for a fault of the sender's that has nothing
to do with the patient. What is told later of such a message is about nothing any more, unless it
says that it arrived after all.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from database.session import ScopedSession
from models.delivery import GIVEN_BACK, Delivery, DeliveryEvent, DeliveryStatus
from models.message import Call, Message
from models.reminder import Channel, Reminder, ReminderStatus
from services.delivery import SENDER_SUSPENDED, gives_way, look_again, now_of, others_of
from services.establishment import KNOWN_FOR
from services.task import close_task, unknown_delivery_key

S = DeliveryStatus


def give_back(session: ScopedSession, delivery: Delivery, code: str) -> bool:
    """Have a locked delivery go out again that its sender's fault kept from leaving the carrier.

    False, and nothing is changed, when that is no help: its time is over, its reminder was
    cancelled, or another channel is under way already.
    """
    reminder = session.get_one(Reminder, delivery.reminder_id, with_for_update=True)
    others = others_of(session, delivery)
    if (
        delivery.status not in GIVEN_BACK
        or reminder.status == ReminderStatus.cancelled
        or delivery.valid_until <= now_of(session)
        or not all(gives_way(other) for other in others)
    ):
        return False
    if delivery.status == S.unknown:
        close_task(session, unknown_delivery_key(delivery.id))
    delivery.status, delivery.provider_id = S.scheduled, None
    delivery.error_code = SENDER_SUSPENDED
    session.add(
        DeliveryEvent(
            delivery_id=delivery.id,
            status=S.scheduled,
            cause="given back by the carrier",
            code=code,
            attempt=delivery.attempt,
        )
    )
    reminder.status = ReminderStatus.active if reminder.rrule else ReminderStatus.scheduled
    # By then every worker knows that the sender is suspended, and none tries it for nothing.
    look_again(session, delivery.id, now_of(session) + timedelta(seconds=KNOWN_FOR))
    return True


def of_earlier_attempt(session: ScopedSession, delivery: Delivery, provider_id: str) -> bool:
    """True for a message or call that the carrier gave back: the present attempt is another."""
    if delivery.provider_id == provider_id:
        return False
    record = Call if delivery.channel == Channel.voice else Message
    known = select(record.id).where(
        record.provider_id == provider_id, record.delivery_id == delivery.id
    )
    return session.scalar(known.limit(1)) is not None
