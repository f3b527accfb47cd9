"""Voice attached to a message, from the provider to our store, and gone from there."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Numbered
from models.message import Message


class VoiceMessage(Numbered, Base):
    """A piece of audio that a patient sent. It is fetched, stored sealed, deleted at the provider.

    As with a `CallRecording`, the row says what is still to do: `next_at` is when a worker looks
    at it (again), None when nothing is left to do. `recording_id` is the identity that the audio
    has in our store, given before it is there: its feedback waits for it.
    """

    __tablename__ = "voice_messages"

    message_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Message.id), index=True)
    provider: Mapped[str] = mapped_column(String(16))
    provider_id: Mapped[str] = mapped_column(String(64), doc="the piece's, not the message's")
    recording_id: Mapped[UUID] = mapped_column(unique=True)
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    fetched_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None] = mapped_column(doc="at the provider")
    problem: Mapped[str | None] = mapped_column(String(24), doc="why it could not be fetched")
    tries: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    next_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("provider", "provider_id"),
        Index("ix_voice_messages_next_at", "next_at", postgresql_where=text("next_at is not null")),
    )
