"""What is not well at an establishment, from when until when, and who was told.

Alarms live in the schema `shared`: readiness and metrics look at all establishments in one
question. They hold kinds, numbers and times, no personal data.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    Identity,
    Index,
    String,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Created, SharedBase
from models.establishment import Establishment
from models.user import User


class AlarmKind(StrEnum):
    """Stable words: they stand in `/health/ready`, in metrics and in tasks."""

    deliveries_failing = "deliveries_failing"
    deliveries_late = "deliveries_late"
    deliveries_unknown = "deliveries_unknown"
    sender_suspended = "sender_suspended"
    webhooks_turned_away = "webhooks_turned_away"


class Alarm(SharedBase):
    """One raising of one alarm. `subject` tells two of a kind apart: the sender's number."""

    __tablename__ = "alarms"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    establishment_id: Mapped[int] = mapped_column(ForeignKey(Establishment.id, ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(24))
    subject: Mapped[str] = mapped_column(String(24), default="")
    value: Mapped[float] = mapped_column(Float, doc="what was measured when it was raised")
    threshold: Mapped[float] = mapped_column(Float)
    raised_at: Mapped[datetime] = mapped_column(server_default=func.now())
    cleared_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None] = mapped_column(doc="when mails about it were stored")

    __table_args__ = (
        Index(
            "uq_alarms_raised",
            "establishment_id",
            "kind",
            "subject",
            unique=True,
            postgresql_where=text("cleared_at is null"),
        ),
        Index("ix_alarms_mailed", "establishment_id", "kind", "subject", "mailed_at"),
    )


class AlarmMailStatus(StrEnum):
    """The states of a mail: `sending` is committed before the call, so a crash is seen."""

    waiting = "waiting"
    sending = "sending"
    sent = "sent"
    refused = "refused"
    unknown = "unknown"  # it may have gone out: not sent again
    given_up = "given_up"  # the alarm cleared, or no sender could be reached in time


class AlarmMail(Created, SharedBase):
    """One mail about one raising of an alarm to one administrator."""

    __tablename__ = "alarm_mails"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    establishment_id: Mapped[int] = mapped_column(ForeignKey(Establishment.id, ondelete="CASCADE"))
    alarm_id: Mapped[int] = mapped_column(ForeignKey(Alarm.id, ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(String(8), default=AlarmMailStatus.waiting)
    next_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    code: Mapped[str | None] = mapped_column(String(24))

    __table_args__ = (
        CheckConstraint(
            "status in ('waiting', 'sending', 'sent', 'refused', 'unknown', 'given_up')",
            name="status_known",
        ),
        Index("uq_alarm_mails_person", "alarm_id", "user_id", unique=True),
        Index(
            "ix_alarm_mails_pending",
            "establishment_id",
            "next_at",
            postgresql_where=text("status in ('waiting', 'sending')"),
        ),
    )
