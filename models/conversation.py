"""What a patient and the system say to each other, turn by turn, by SMS or by phone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.address import Address
from models.base import Base, Numbered
from models.contact import Contact
from models.feedback import Feedback
from models.reminder import Reminder


class Conversation(Numbered, Base):
    """A conversation. Its whole state is here: any process may go on with it after any crash.

    `flow` is one of `services.phrase.phrases.FLOWS`, `step` the place in it at which an answer is
    awaited. `language` is chosen once and kept to the end. `offered` are the ids that a numbered
    list named, in its order. One address has one open conversation on each channel.
    """

    __tablename__ = "conversations"

    channel: Mapped[str] = mapped_column(String(8))
    address_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey(Address.id), index=True, doc="None: a caller who hides their number"
    )
    sender_id: Mapped[int | None] = mapped_column(
        Integer, doc="of `shared.senders`: the number that was written to, or called"
    )
    flow: Mapped[str] = mapped_column(String(24))
    step: Mapped[str] = mapped_column(String(24))
    language: Mapped[str | None] = mapped_column(String(3))
    contact_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(Contact.id), index=True)
    feedback_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(Feedback.id), index=True)
    reminder_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey(Reminder.id), index=True, doc="the reminder that it is about"
    )
    questions: Mapped[int] = mapped_column(
        SmallInteger, default=0, server_default="0", doc="asked so far"
    )
    offered: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), default=list, server_default=text("'{}'")
    )
    turn: Mapped[int] = mapped_column(
        SmallInteger, default=0, server_default="0", doc="of a call: how often it was answered"
    )
    remark: Mapped[str | None] = mapped_column(
        String(16), doc="of a call: what is said before the question, of `Remark`"
    )
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own spelling
    __table_args__ = (
        CheckConstraint("channel in ('sms', 'whatsapp', 'voice')", name="channel_known"),
        Index(
            "uq_conversations_open",
            "address_id",
            "channel",
            unique=True,
            postgresql_where=text("ended_at is null"),
        ),
        # For the sweep that ends what nobody goes on with.
        Index("ix_conversations_open", "last_at", postgresql_where=text("ended_at is null")),
    )
