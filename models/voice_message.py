"""Voice that a patient attached to a message."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Numbered
from models.bringing_home import BroughtHome
from models.message import Message


class VoiceMessage(BroughtHome, Numbered, Base):
    """A piece of audio that came with a message; `provider_id` is the piece's."""

    __tablename__ = "voice_messages"

    message_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Message.id), index=True)

    __table_args__ = (
        UniqueConstraint("provider", "provider_id"),
        Index("ix_voice_messages_next_at", "next_at", postgresql_where=text("next_at is not null")),
    )
