"""What a patient said."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from database.types import Sealed
from models.base import Base, Numbered
from models.department import Department
from models.recording import Recording


class FeedbackState(StrEnum):
    """Where staff stand with a feedback."""

    open = "open"
    answered = "answered"
    closed = "closed"


class Feedback(Numbered, Base):
    """A feedback: text, rating, emoji or voice. `client_id` is its identity for ever."""

    __tablename__ = "feedbacks"

    client_id: Mapped[UUID] = mapped_column(unique=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary, doc="keyed hash of what was sent in")
    patient_id: Mapped[str | None] = mapped_column(Sealed("feedbacks.patient_id"))
    patient_id_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    language: Mapped[str] = mapped_column(String(3))
    content: Mapped[str | None] = mapped_column(Sealed("feedbacks.content"))
    rating: Mapped[int | None] = mapped_column(SmallInteger)
    emoji: Mapped[str | None] = mapped_column(Sealed("feedbacks.emoji"))
    recording_id: Mapped[UUID | None] = mapped_column(ForeignKey(Recording.id))
    awaited_recording: Mapped[UUID | None] = mapped_column(
        doc="of a recording that is uploaded by itself; it may arrive before or after this"
    )
    department_id: Mapped[int | None] = mapped_column(ForeignKey(Department.id))
    channel: Mapped[str] = mapped_column(String(8), default="app")
    conversation_id: Mapped[int | None] = mapped_column(
        # By name: a conversation leads to its feedback, too.
        ForeignKey("conversations.id", use_alter=True),
        doc="the conversation in which it was said",
    )
    device_id: Mapped[int | None] = mapped_column(Integer, doc="of `shared.devices`")
    recorded_at: Mapped[datetime | None] = mapped_column(doc="the device's own clock, as sent")
    clock_offset: Mapped[int | None] = mapped_column(
        BigInteger, doc="seconds by which the device's clock was slow at sync; None: not told"
    )
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    date_submitted: Mapped[datetime] = mapped_column(server_default=func.now())
    processed: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    state: Mapped[str] = mapped_column(String(8), default="open", server_default="open")
    # What staff make of it.
    assigned_to: Mapped[int | None] = mapped_column(Integer, doc="of `shared.users`")
    note: Mapped[str | None] = mapped_column(Sealed("feedbacks.note"), doc="for staff only")
    answered_at: Mapped[datetime | None] = mapped_column(doc="when the first answer was given")
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own spelling
    __table_args__ = (
        CheckConstraint("rating between 1 and 5", name="rating_range"),
        CheckConstraint("state in ('open', 'answered', 'closed')", name="state_known"),
        # One index for every list and figure. What is filtered by stands in it, so that a rare
        # language is found among very many without opening a sealed row.
        Index(
            "ix_feedbacks_date_submitted",
            "date_submitted",
            "id",
            postgresql_include=[
                "department_id",
                "language",
                "rating",
                "channel",
                "state",
                "assigned_to",
                "answered_at",
            ],
        ),
        # Much is said without a name or of no department: an entry for nothing costs the most.
        Index(
            "ix_feedbacks_patient_id_index",
            "patient_id_index",
            postgresql_where=text("patient_id_index is not null"),
        ),
        Index(
            "ix_feedbacks_department_id_date_submitted",
            "department_id",
            "date_submitted",
            "id",
            postgresql_where=text("department_id is not null"),
        ),
        Index(
            "ix_feedbacks_voice",
            "date_submitted",
            "id",
            postgresql_where=text("recording_id is not null"),
        ),
        Index(
            "uq_feedbacks_recording_id",
            "recording_id",
            unique=True,
            postgresql_where=text("recording_id is not null"),
        ),
        Index(
            "ix_feedbacks_awaiting",
            "awaited_recording",
            postgresql_where=text("awaited_recording is not null and recording_id is null"),
        ),
        Index("ix_feedbacks_unprocessed", "received_at", postgresql_where=text("not processed")),
    )
