"""Attempts that count as never made: the carrier took them and then said that they went nowhere.

It is a way back in a delivery's life, and only for a fault of the sender's that has nothing
to do with the patient. What is told later of such a message is about an earlier attempt
(`services/delivery/news.py`): it counts only when it says that it arrived after all.
"""

from __future__ import annotations

from datetime import timedelta

from database.session import ScopedSession
from models.delivery import GIVEN_BACK, SENDER_SUSPENDED, Delivery, DeliveryEvent, DeliveryStatus
from models.reminder import Reminder
from models.task import UNKNOWN_DELIVERY
from services.delivery.fallback import gives_way, others_of, passed_over
from services.delivery.reminder_status import under_way
from services.due.queue import look_again
from services.establishment.directory import KNOWN_FOR
from services.task import close_task, task_key

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
        or reminder.called_off
        or delivery.valid_until <= session.now()
        or not all(gives_way(other) or passed_over(other, delivery) for other in others)
    ):
        return False
    if delivery.status == S.unknown:
        close_task(session, task_key(UNKNOWN_DELIVERY, delivery.id))
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
    reminder.status = under_way(reminder)
    # By then every worker knows that the sender is suspended, and none tries it for nothing.
    look_again(session, delivery.id, session.now() + timedelta(seconds=KNOWN_FOR))
    return True
