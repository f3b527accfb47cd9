"""What the hospital answered to feedback, as the device hears of it that sent it.

The words go only to who names the feedback by the identity that its device made (74 random bits),
and never to an enrolled device: many hands hold that one (docs/decisions/0020).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from database.session import ScopedSession
from models.answer import Answer
from models.feedback import Feedback
from models.reminder import Reminder, ReminderStatus
from schemas.sync import AnsweredFeedback
from services.identity import Principal

TOLD_FOR = timedelta(days=90)
TOLD_AT_MOST = 50
LOOKED_AT = 2_000
"""The newest answers of an establishment; a device's own are looked for among these."""

_NOT_CALLED_OFF = (Reminder.cancelled_at.is_(None), Reminder.status != ReminderStatus.cancelled)


def answered(session: ScopedSession, device_id: int) -> list[dict[str, str]]:
    """Which feedback of an enrolled device was answered lately, the latest first; no words."""
    newest = select(func.max(Answer.id)).scalar_subquery()
    last = func.max(Answer.created_at)
    rows = session.execute(
        select(Feedback.client_id, last.label("answered_at"))
        .join(Answer, Answer.feedback_id == Feedback.id)
        .join(Reminder, Reminder.id == Answer.reminder_id)
        .where(
            Answer.id > newest - LOOKED_AT,
            Answer.created_at > func.now() - TOLD_FOR,
            Feedback.device_id == device_id,
            *_NOT_CALLED_OFF,
        )
        .group_by(Feedback.client_id)
        .order_by(last.desc(), Feedback.client_id)
        .limit(TOLD_AT_MOST)
    )
    return [
        {"client_id": str(row.client_id), "answered_at": row.answered_at.isoformat()}
        for row in rows
    ]


def answers_to(
    session: ScopedSession, principal: Principal, client_ids: Sequence[UUID]
) -> list[AnsweredFeedback]:
    """Those of some feedbacks that were answered; what was called off is not told."""
    rows = session.execute(
        select(Feedback.client_id, Answer.created_at, Reminder.message)
        .join(Answer, Answer.feedback_id == Feedback.id)
        .join(Reminder, Reminder.id == Answer.reminder_id)
        .where(Feedback.client_id.in_(client_ids), *_NOT_CALLED_OFF)
        .order_by(Answer.id)
    )
    latest = {row.client_id: row for row in rows}
    shared = principal.device_id is not None
    return [
        AnsweredFeedback(
            client_id=row.client_id,
            answered_at=row.created_at,
            text=None if shared else row.message,
        )
        for row in reversed(latest.values())
    ]
