"""The hours in which WhatsApp lets a hospital write: after a patient's own message, and no longer.

Free text reaches those alone who wrote to the same number within 24 hours
(https://www.twilio.com/docs/api/errors/63016). Where an attempt is stamped it is looked at again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from database.session import ScopedSession
from models.conversation import Conversation
from models.establishment import Sender
from models.message import Message
from models.reminder import Channel

OPEN_FOR = timedelta(hours=23, minutes=59)
"""A minute of the day is for the way there."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation in which something may be said now, from the number that it is held with."""

    channel: Channel
    sender_id: int
    conversation_id: int


def open_thread(session: ScopedSession, conversation: Conversation | None) -> Thread | None:
    """The conversation if it is one on WhatsApp that may go on now; None for every other."""
    if conversation is None or conversation.channel != Channel.whatsapp:
        return None
    sender = session.get(Sender, conversation.sender_id or 0)
    if sender is None or not sender.active or sender.channel != Channel.whatsapp:
        return None  # out of use, or a number for SMS that somebody wrote to on WhatsApp
    wrote = select(Message.id).where(
        Message.address_id == conversation.address_id,
        Message.direction == "in",
        Message.channel == Channel.whatsapp,
        Message.sender_id == sender.id,
        Message.at > session.now() - OPEN_FOR,
    )
    if not session.scalar(select(wrote.exists())):
        return None
    return Thread(Channel.whatsapp, sender.id, conversation.id)
