"""What really passed: messages and calls. Append-only."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Numbered
from models.delivery import Delivery


class Message(Numbered, Base):
    """An SMS or e-mail that a provider accepted, or that came in."""

    __tablename__ = "messages"

    direction: Mapped[str] = mapped_column(String(3), default="out")
    channel: Mapped[str] = mapped_column(String(8))
    delivery_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(Delivery.id), index=True)
    provider: Mapped[str] = mapped_column(String(16))
    provider_id: Mapped[str] = mapped_column(String(128))
    encoding: Mapped[str | None] = mapped_column(String(8))
    segments: Mapped[int | None] = mapped_column(SmallInteger)
    at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        UniqueConstraint("provider", "provider_id"),
        CheckConstraint("direction in ('in', 'out')", name="direction_known"),
    )


class Call(Numbered, Base):
    """A phone call that a provider placed, or that came in."""

    __tablename__ = "calls"

    direction: Mapped[str] = mapped_column(String(3), default="out")
    delivery_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(Delivery.id), index=True)
    provider: Mapped[str] = mapped_column(String(16))
    provider_id: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        UniqueConstraint("provider", "provider_id"),
        CheckConstraint("direction in ('in', 'out')", name="direction_known"),
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
