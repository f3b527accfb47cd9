"""Messages that came in and were committed, as the webhook leaves them; and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from models.feedback import Feedback
from models.message import Message
from models.reminder import Purpose, Reminder
from services.contact.address import address_for
from services.sender.senders import listed
from tests.fixtures import NORTH

PHONE = "+237650000001"


def came_in(database: Any, *bodies: str | None, phone: str = PHONE, **more: Any) -> list[int]:
    """Store messages of one number; their numbers, in order."""
    with database.establishment(NORTH) as session:
        sender = next(one for one in listed(session) if one.channel == "sms")
        address = address_for(session, "phone", phone)
        ids = []
        for body in bodies:
            message = Message(
                **{
                    "direction": "in",
                    "channel": "sms",
                    "provider": "twilio",
                    "provider_id": f"SM{uuid4().hex}",
                    "address_id": address.id,
                    "sender_id": sender.id,
                    "body": body,
                }
                | more
            )
            session.add(message)
            session.flush()
            ids.append(message.id)
    return ids


def replies(database: Any) -> list[str]:
    """What was replied, in order."""
    with database.establishment(NORTH) as session:
        return list(
            session.scalars(
                select(Reminder.message)
                .where(Reminder.purpose != Purpose.reminder)
                .order_by(Reminder.id)
            )
        )


def feedbacks(database: Any) -> Sequence[Feedback]:
    with database.establishment(NORTH) as session:
        return session.scalars(select(Feedback).order_by(Feedback.id)).all()


def unheard(database: Any) -> list[int]:
    with database.establishment(NORTH) as session:
        return list(
            session.scalars(
                select(Message.id).where(Message.direction == "in", Message.handled_at.is_(None))
            )
        )
