"""What really passed: messages and calls. Append-only."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from database.types import Sealed
from models.address import Address
from models.base import Base, Numbered
from models.conversation import Conversation
from models.delivery import Delivery


class Message(Numbered, Base):
    """An SMS or e-mail that a provider accepted, or that came in.

    The words of what went out stand in its reminder; those of what came in stand here. What came
    in and was not yet answered or put away has no `handled_at`: a sweep finds it.
    """

    __tablename__ = "messages"

    direction: Mapped[str] = mapped_column(String(3), default="out")
    channel: Mapped[str] = mapped_column(String(8))
    delivery_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(Delivery.id), index=True)
    provider: Mapped[str] = mapped_column(String(16))
    provider_id: Mapped[str] = mapped_column(String(128))
    encoding: Mapped[str | None] = mapped_column(String(8))
    segments: Mapped[int | None] = mapped_column(SmallInteger)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    # Of what came in only.
    address_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey(Address.id), doc="who wrote it"
    )
    written_from: Mapped[str | None] = mapped_column(
        Sealed("messages.written_from"), doc="who wrote it, where that is no phone number"
    )
    sender_id: Mapped[int | None] = mapped_column(
        Integer, doc="of `shared.senders`: the number that was written to"
    )
    conversation_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey(Conversation.id), index=True
    )
    body: Mapped[str | None] = mapped_column(Sealed("messages.body"))
    media: Mapped[int] = mapped_column(
        SmallInteger, default=0, server_default="0", doc="pieces attached"
    )
    opt_out_type: Mapped[str | None] = mapped_column(
        String(8), doc="STOP, START or HELP: the carrier has already answered"
    )
    handled_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(
        SmallInteger, default=0, server_default="0", doc="that failed; after some it is put aside"
    )

    __table_args__ = (
        UniqueConstraint("provider", "provider_id"),
        CheckConstraint("direction in ('in', 'out')", name="direction_known"),
        Index(
            "ix_messages_address_id",
            "address_id",
            "id",
            postgresql_where=text("direction = 'in'"),
        ),
        Index(
            "ix_messages_unhandled",
            "id",
            postgresql_where=text("direction = 'in' and handled_at is null"),
        ),
    )


class Call(Numbered, Base):
    """A phone call that a provider placed, or that came in."""

    __tablename__ = "calls"

    direction: Mapped[str] = mapped_column(String(3), default="out")
    delivery_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(Delivery.id), index=True)
    provider: Mapped[str] = mapped_column(String(16))
    provider_id: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    address_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey(Address.id), index=True, doc="who called; None: we did"
    )
    sender_id: Mapped[int | None] = mapped_column(
        Integer, doc="of `shared.senders`: the number that was called"
    )
    conversation_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey(Conversation.id), index=True
    )
    status: Mapped[str | None] = mapped_column(String(16), doc="the provider's own word")
    answered_by: Mapped[str | None] = mapped_column(String(24), doc="the provider's own word")
    seconds: Mapped[int | None]
    ended_at: Mapped[datetime | None]
    heard_at: Mapped[datetime | None] = mapped_column(
        doc="when a person was told what the call is about; None: nobody, or a machine"
    )
    recorded: Mapped[bool] = mapped_column(
        default=False, server_default=false(), doc="somebody was asked to speak after the tone"
    )
    recordings_asked_at: Mapped[datetime | None] = mapped_column(
        doc="when the provider's own list of its recordings was taken in"
    )

    __table_args__ = (
        UniqueConstraint("provider", "provider_id"),
        CheckConstraint("direction in ('in', 'out')", name="direction_known"),
        Index(
            "ix_calls_recordings_unasked",
            "at",
            postgresql_where=text("recorded and recordings_asked_at is null"),
        ),
    )


class WebhookEvent(Numbered, Base):
    """A provider's event, stored once: the unique key makes a repeat a no-op."""

    __tablename__ = "webhook_events"

    provider: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    external_id: Mapped[str] = mapped_column(String(128))
    status: Mapped[str] = mapped_column(String(24))
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("provider", "kind", "external_id", "status"),)
