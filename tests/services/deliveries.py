"""Deliveries for tests of the engine, made as the service makes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from models.delivery import Delivery, DeliveryEvent, DeliveryStatus
from models.due import Due
from models.reminder import Reminder
from services import dispatch
from services.address import address_for
from services.delivery import open_delivery
from services.dispatch import Settlement
from tests.fixtures import NORTH
from utils.clock import AllowedTimes
from utils.senders import Outbound, Outcome, Passed, Verdict

PHONE, EMAIL = "+237650000001", "patient@example.com"
LEASE = 60.0


def now() -> datetime:
    return datetime.now(UTC)


def make(
    database: Any,
    count: int = 1,
    *,
    channels: Sequence[str] = ("sms",),
    due_in: float = -1,
    validity: int = 3600,
    establishment: int = NORTH,
    phone: str = PHONE,
    **more: Any,
) -> list[int]:
    """Store reminders, each with its first delivery; the numbers of the deliveries."""
    occurrence = now() + timedelta(seconds=due_in)
    with database.establishment(establishment) as session:
        phone_id = address_for(session, "phone", phone).id
        email_id = address_for(session, "email", EMAIL).id
        ids = []
        for _ in range(count):
            reminder = Reminder(
                **{
                    "client_id": uuid4(),
                    "fingerprint": b"",
                    "message": "Rappel",
                    "language": "fra",
                    "scheduled_time": occurrence,
                    "phone_id": phone_id,
                    "email_id": email_id,
                    "channels": list(channels),
                    "validity_seconds": validity,
                    "created_by": "test",
                    "status": "scheduled",
                }
                | more
            )
            session.add(reminder)
            session.flush()
            delivery = open_delivery(
                session,
                reminder,
                channels[0],
                occurrence=occurrence,
                due_at=occurrence,
                cause="scheduled",
            )
            ids.append(delivery.id)
    return ids


def claim(
    database: Any, *, batch: int = 100, outstanding: int = 1000, establishment: int = NORTH
) -> dispatch.Claim:
    with database.establishment(establishment) as session:
        return dispatch.claim(session, batch=batch, outstanding=outstanding, lease=LEASE)


def begin(database: Any, ids: Sequence[int], **rules: Any) -> list[dispatch.Attempt]:
    """By default anything may go out at any time."""
    rules = {"times": AllowedTimes(UTC)} | rules
    with database.establishment(NORTH) as session:
        return dispatch.begin(session, ids, rules=dispatch.Rules(**rules), lease=LEASE)


def begun(database: Any, **more: Any) -> int:
    """One delivery that is being sent."""
    (number,) = make(database, **more)
    assert number in claim(database).to_send
    assert begin(database, [number])
    return number


def conclude(database: Any, number: int, status: DeliveryStatus, **more: Any) -> None:
    given = {"attempt": 1, "provider": "twilio"} | more
    with database.establishment(NORTH) as session:
        dispatch.conclude(session, [Settlement(number, status=status, **given)], ask_after=10)


def delivery(database: Any, number: int) -> Delivery:
    with database.establishment(NORTH) as session:
        found: Delivery = session.get_one(Delivery, number)
        return found


def states(database: Any, number: int) -> list[tuple[str, str]]:
    """Channel and state of every delivery of the reminder that a delivery belongs to."""
    with database.establishment(NORTH) as session:
        reminder = session.get_one(Delivery, number).reminder_id
        rows = session.execute(
            select(Delivery.channel, Delivery.status)
            .where(Delivery.reminder_id == reminder)
            .order_by(Delivery.id)
        )
        return [(row.channel, row.status) for row in rows]


def reminder_status(database: Any, number: int) -> str:
    with database.establishment(NORTH) as session:
        reminder = session.get_one(Delivery, number).reminder_id
        return str(session.get_one(Reminder, reminder).status)


def causes(database: Any, number: int) -> list[str]:
    with database.establishment(NORTH) as session:
        return list(
            session.scalars(
                select(DeliveryEvent.cause)
                .where(DeliveryEvent.delivery_id == number)
                .order_by(DeliveryEvent.id)
            )
        )


def due(database: Any, number: int) -> Due | None:
    with database.establishment(NORTH) as session:
        found: Due | None = session.get(Due, (NORTH, number))
        return found


class FakeSender:
    """Keeps what it was given and answers what it was told; an exception is raised."""

    provider = "twilio"

    def __init__(self, *answers: Outcome | Exception) -> None:
        self.answers = list(answers)
        self.given: list[Outbound] = []

    def send(self, message: Outbound) -> Outcome:
        self.given.append(message)
        answer: Outcome | Exception = Outcome(Verdict.accepted, provider_id=f"SM{uuid4().hex}")
        if self.answers:
            answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def passed(self, to: str, since: datetime) -> Sequence[Passed] | None:
        return []
