"""A recording that a provider made in a call, from there to our store, and gone from there."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Numbered
from models.conversation import Conversation
from models.message import Call


class CallRecording(Numbered, Base):
    """What somebody said in a call. It is fetched, stored sealed, then deleted at the provider.

    The row says what is still to do, a job is only a hint: `next_at` is when a worker looks at it
    (again), None when nothing is left to do. `recording_id` is the identity that the audio has in
    our store, given before it is there. `kept_at`: a member of staff wants it as a phrase's
    recording. `replaced_at`: the person said it anew, or did not keep it; it is not stored.
    """

    __tablename__ = "call_recordings"

    call_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Call.id), index=True)
    conversation_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(Conversation.id), index=True
    )
    provider: Mapped[str] = mapped_column(String(16))
    provider_id: Mapped[str] = mapped_column(String(64))
    recording_id: Mapped[UUID] = mapped_column(unique=True)
    seconds: Mapped[int | None] = mapped_column(Integer, doc="as the provider says")
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    kept_at: Mapped[datetime | None]
    replaced_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None] = mapped_column(doc="at the provider")
    problem: Mapped[str | None] = mapped_column(String(24), doc="why it could not be fetched")
    tries: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    next_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("provider", "provider_id"),
        Index(
            "ix_call_recordings_next_at", "next_at", postgresql_where=text("next_at is not null")
        ),
    )
