"""What a reminder left out, and why: visible, and never a row for each of many."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Created, Numbered
from models.reminder import Reminder

MOST_SKIPPED = 100
"""Occurrences of one reminder that may be skipped ahead."""


class OmissionReason(StrEnum):
    """Why no message went out for an occurrence."""

    skipped = "skipped"  # by staff
    missed = "missed"  # nothing could be sent while it was valid: one row for a whole run
    past = "past"  # it had passed when the reminder was made, or moved
    merged = "merged"  # it would have gone out in the same minute as a later one
    quiet_hours = "quiet_hours"  # no longer valid after them, and no minute left before them
    holiday = "holiday"  # likewise


class Omission(Numbered, Created, Base):
    """Occurrences, from `first` to `last`, for which no delivery goes out."""

    __tablename__ = "omissions"

    reminder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Reminder.id))
    reason: Mapped[str] = mapped_column(String(12))
    first: Mapped[datetime]
    last: Mapped[datetime]
    count: Mapped[int] = mapped_column(Integer, default=1)

    __table_args__ = (
        CheckConstraint(
            "reason in (" + ", ".join(f"'{reason}'" for reason in OmissionReason) + ")",
            name="reason_known",
        ),
        UniqueConstraint("reminder_id", "first"),
    )
