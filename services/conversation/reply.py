"""What the system says in a conversation: it goes out through the one engine, as a reminder.

The row, its delivery and its due row are made in the transaction that notes the message as
handled: a crash answers neither never nor twice.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from database.session import ScopedSession
from models.address import Address
from models.reminder import Channel, Purpose, Reminder, ReminderStatus
from services.due.opening import open_delivery
from services.identity import uuid7

VALID_FOR = timedelta(hours=1)
"""A reply that comes later than that answers nobody any more."""
CONFIRMATION_VALID_FOR = timedelta(hours=24)
"""That a stop was understood is still worth knowing the next day."""
COUNTED_FOR = timedelta(hours=24)
ENGINE = "engine"


def reply(
    session: ScopedSession,
    *,
    address: Address,
    sender_id: int | None,
    text: str,
    language: str,
    purpose: Purpose = Purpose.reply,
    conversation_id: int | None = None,
    channel: str = Channel.sms,
    correlation_id: str | None = None,
) -> Reminder:
    """Have `text` go out at once, to an address, from the sender that was written to.

    Without fallback to another channel: whoever wrote an SMS reads an SMS. What the carrier refuses
    or cannot deliver is a task: whoever wrote or rang us is not to meet silence. Not so the word
    that a stop was understood: they want to be left alone.
    """
    now = session.now()
    validity = CONFIRMATION_VALID_FOR if purpose == Purpose.opt_out else VALID_FOR
    said = Reminder(
        client_id=uuid7(),
        fingerprint=b"",
        message=text,
        language=language,
        scheduled_time=now,
        phone_id=address.id,
        channels=[str(channel)],
        validity_seconds=int(validity.total_seconds()),
        escalate=purpose == Purpose.reply,
        status=ReminderStatus.scheduled,
        created_by=ENGINE,
        purpose=purpose,
        sender_id=sender_id,
        conversation_id=conversation_id,
    )
    session.add(said)
    session.flush()
    open_delivery(
        session,
        said,
        channel,
        occurrence=now,
        due_at=now,
        cause=str(purpose),
        correlation_id=correlation_id,
    )
    return said


def replies_of_today(session: ScopedSession, address_id: int) -> int:
    """How often an address was replied to within the last 24 hours."""
    return session.scalars(
        select(func.count()).where(
            Reminder.phone_id == address_id,
            Reminder.purpose.in_((Purpose.reply, Purpose.opt_out)),
            Reminder.created_at > session.now() - COUNTED_FOR,
        )
    ).one()
