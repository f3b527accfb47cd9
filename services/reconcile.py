"""Unknown deliveries: asked about before anything is sent again.

A status callback usually settles one within seconds. Else the provider's own list is asked: what
it holds is taken over; what it still does not hold `settle_after` seconds after the attempt was
never accepted, and may go out again. A provider without a list, or a list that does not tell
whose call is whose, leaves the delivery unknown, with a task for staff.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from database.session import ScopedSession
from models.delivery import Delivery, DeliveryStatus
from models.message import Call, Message
from models.reminder import Channel, Reminder
from models.task import UNKNOWN_DELIVERY, Task
from services.delivery import (
    CANCELLED,
    address_of,
    forget_due,
    lock_delivery,
    look_again,
    move,
    provider_news,
    settle,
)
from utils.senders import Passed
from utils.sms_encoding import fold_french

S = DeliveryStatus


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask a provider about one unknown delivery."""

    delivery_id: int
    attempt: int
    channel: str
    to: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for an answer, in seconds since the attempt."""

    settle_after: float
    give_up_after: float
    ask_every: float = 30.0


def questions(session: ScopedSession, ids: Sequence[int]) -> list[Question]:
    """The unknown ones among some deliveries, as questions to their provider."""
    deliveries = session.scalars(
        select(Delivery)
        .where(Delivery.id.in_(ids), Delivery.status == S.unknown)
        .order_by(Delivery.id)
    ).all()
    return [
        Question(
            delivery_id=delivery.id,
            attempt=delivery.attempt,
            channel=delivery.channel,
            to=address_of(session, delivery).value,
            since=delivery.attempted_at or delivery.created_at,
        )
        for delivery in deliveries
    ]


def settle_unknown(
    session: ScopedSession,
    question: Question,
    passed: Sequence[Passed] | None,
    patience: Patience,
) -> None:
    """Act on a provider's list (None: it could not be asked just now)."""
    delivery = lock_delivery(session, question.delivery_id)
    if delivery.status != S.unknown or delivery.attempt != question.attempt:
        return
    found = _ours(session, delivery, passed or ())
    clear = not found or len(found) > _rivals(session, delivery)
    if found and clear:
        provider_news(
            session,
            delivery,
            found[0].status,
            cause="found in the provider's list",
            provider_id=found[0].provider_id,
            code=found[0].code,
            seconds=found[0].seconds,
        )
        return
    now = session.execute(text("select now()")).scalar_one()
    waited = (now - question.since).total_seconds()
    if passed is not None and clear and waited >= patience.settle_after:
        _send_again(session, delivery, now)
    elif waited >= patience.give_up_after:
        leave_to_staff(session, delivery)
    else:
        settle_at = question.since + timedelta(seconds=patience.settle_after)
        soon = now + timedelta(seconds=patience.ask_every)
        look_again(session, delivery.id, settle_at if now < settle_at < soon else soon)


def _ours(session: ScopedSession, delivery: Delivery, passed: Sequence[Passed]) -> list[Passed]:
    """What in the list carries our text and belongs to no other delivery, the oldest first."""
    if not passed:
        return []
    record = Call if delivery.channel == Channel.voice else Message
    known = set(
        session.scalars(
            select(record.provider_id).where(
                record.provider_id.in_([message.provider_id for message in passed])
            )
        )
    )
    said = delivery.message or session.get_one(Reminder, delivery.reminder_id).message
    return [
        message
        for message in reversed(passed)  # providers list the newest first
        if message.provider_id not in known
        and (message.text is None or same_text(message.text, said))
    ]


def _rivals(session: ScopedSession, delivery: Delivery) -> int:
    """How many other deliveries a call in the list may just as well belong to.

    A call has no text to tell it by. Two unknown calls to one family's phone and a single one in
    the list: to guess would be to call one patient twice and the other never.
    """
    if delivery.channel != Channel.voice:
        return 0
    return session.scalars(
        select(func.count())
        .select_from(Delivery)
        .where(
            Delivery.address_id == delivery.address_id,
            Delivery.channel == Channel.voice,
            Delivery.status.in_((S.unknown, S.sending)),
            Delivery.id != delivery.id,
        )
    ).one()


def same_text(listed: str, ours: str) -> bool:
    """True when a provider's copy of a text is ours, folded for SMS or not."""
    return listed.strip() in (ours.strip(), fold_french(ours).strip())


def _send_again(session: ScopedSession, delivery: Delivery, now: datetime) -> None:
    cause = "not in the provider's list"
    if delivery.valid_until <= now:
        move(session, delivery, S.expired, cause=cause)
        return
    reminder = session.get_one(Reminder, delivery.reminder_id)
    if reminder.cancelled_at is not None:
        move(session, delivery, S.cancelled, cause=CANCELLED)
        return
    move(session, delivery, S.scheduled, cause=cause)
    look_again(session, delivery.id, now)


def leave_unknown_to_staff(session: ScopedSession, question: Question) -> None:
    """`leave_to_staff`, if the delivery is still the unknown one that was asked about."""
    delivery = lock_delivery(session, question.delivery_id)
    if delivery.status == S.unknown and delivery.attempt == question.attempt:
        leave_to_staff(session, delivery)


def leave_to_staff(session: ScopedSession, delivery: Delivery) -> None:
    """Give up visibly: it stays unknown and somebody looks at it; a callback still counts.

    A recurring reminder goes on with its next occurrence.
    """
    session.execute(
        insert(Task)
        .values(kind=UNKNOWN_DELIVERY, delivery_id=delivery.id, state="open")
        .on_conflict_do_nothing(index_elements=["kind", "delivery_id"])
    )
    forget_due(session, delivery.id)
    settle(session, delivery)
