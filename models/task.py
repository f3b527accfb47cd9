"""Something that a person must do."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from database.types import Sealed
from models.base import Base, Created, Numbered
from models.contact import Contact
from models.conversation import Conversation
from models.delivery import Delivery
from models.feedback import Feedback
from models.reminder import Reminder

UNKNOWN_DELIVERY = "unknown_delivery"
"""The kind of a task: find out whether a message arrived that no provider can tell us about."""
NOT_REACHED = "not_reached"
"""The kind of a task: reach somebody whom no channel of a reminder has reached."""
ALARM = "alarm"
"""The kind of a task: look after an alarm. It is closed when the alarm clears."""

RESCHEDULE = "reschedule"
"""The kind of a task: agree on another time with a patient who cannot come."""
LOOK_AT_MESSAGE = "message"
"""The kind of a task: read what somebody wrote or said that nothing else came of."""
WHICH_PATIENT = "which_patient"
"""The kind of a task: find out whose a feedback is that came from a shared phone."""
STOPPED = "stopped"
"""The kind of a task: somebody wants no messages any more and said so by phone."""
CALL_BACK = "call_back"
"""The kind of a task: call somebody back whom the service itself must not or does not call."""
VOICE_LOST = "voice_lost"
"""The kind of a task: ask again what somebody said by phone: the provider has lost it."""
TALKATIVE = "talkative"
"""The kind of a task: look at an address that is not replied to any more today."""


class TaskState(StrEnum):
    """Where a task stands. A taken task is somebody's (`assigned_to`)."""

    open = "open"
    taken = "taken"
    done = "done"


class Task(Numbered, Created, Base):
    """A task: look at an unknown message, call back, reschedule, answer, look after an alarm.

    `dedupe_key` says what it is about: there is one such task at a time that is not done.
    `assigned_to` is the number of a user, who lives in the schema `shared`. `subject` is a stable
    word or number, never a person's data: an alarm's kind.
    """

    __tablename__ = "tasks"

    kind: Mapped[str] = mapped_column(String(24))
    state: Mapped[str] = mapped_column(String(8), default=TaskState.open)
    subject: Mapped[str | None] = mapped_column(String(40))
    dedupe_key: Mapped[str | None] = mapped_column(String(80))
    assigned_to: Mapped[int | None]
    due_at: Mapped[datetime | None]
    reminder_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(Reminder.id))
    delivery_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(Delivery.id))
    contact_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(Contact.id))
    feedback_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(Feedback.id))
    conversation_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(Conversation.id))
    note: Mapped[str | None] = mapped_column(Sealed("tasks.note"))
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None] = mapped_column(String(40), doc="user:7, or `engine`")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own spelling
    __table_args__ = (
        CheckConstraint("state in ('open', 'taken', 'done')", name="state_known"),
        Index(
            "uq_tasks_dedupe_key",
            "dedupe_key",
            unique=True,
            postgresql_where=text("state <> 'done'"),
        ),
        Index("ix_tasks_not_done", "id", postgresql_where=text("state <> 'done'")),
        Index("ix_tasks_delivery_id", "delivery_id"),
    )
