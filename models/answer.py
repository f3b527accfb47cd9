"""What the hospital answered to a feedback."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Created, Numbered
from models.feedback import Feedback
from models.reminder import Reminder


class Answer(Numbered, Created, Base):
    """An answer. Its words, its way to the patient and what became of it stand in its reminder."""

    __tablename__ = "answers"

    feedback_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Feedback.id), index=True)
    reminder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Reminder.id), unique=True)
    created_by: Mapped[str] = mapped_column(String(40), doc="user:7")
