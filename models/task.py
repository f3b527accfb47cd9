"""Something that a person must do."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Created, Numbered
from models.delivery import Delivery

UNKNOWN_DELIVERY = "unknown_delivery"
"""The kind of a task: find out whether a message arrived that no provider can tell us about."""

NOT_REACHED = "not_reached"
"""The kind of a task: reach somebody whom no channel of a reminder has reached."""


class Task(Numbered, Created, Base):
    """A task: look at an unknown message, call back, reschedule, answer."""

    __tablename__ = "tasks"

    kind: Mapped[str] = mapped_column(String(24))
    delivery_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(Delivery.id))
    state: Mapped[str] = mapped_column(String(8), default="open")
    done_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("kind", "delivery_id"),
        CheckConstraint("state in ('open', 'done')", name="state_known"),
    )
