"""A recording that a provider made in a call."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Numbered
from models.bringing_home import BroughtHome
from models.conversation import Conversation
from models.message import Call


class CallRecording(BroughtHome, Numbered, Base):
    """What somebody said in a call.

    `kept_at`: a member of staff wants it as a phrase's recording. `replaced_at`: the person said it
    anew, or did not keep it; it is not stored.
    """

    __tablename__ = "call_recordings"

    call_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Call.id), index=True)
    conversation_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(Conversation.id), index=True
    )
    seconds: Mapped[int | None] = mapped_column(Integer, doc="as the provider says")
    kept_at: Mapped[datetime | None]
    replaced_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("provider", "provider_id"),
        Index(
            "ix_call_recordings_next_at", "next_at", postgresql_where=text("next_at is not null")
        ),
    )
