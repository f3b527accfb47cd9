"""What the hospital answered to feedback, as the device hears of it that sent it.

The words go only to who names the feedback by the identity that its device made (74 random bits),
and never to an enrolled device: many hands hold that one (docs/decisions/0020).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from database.prepared import Prepared
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


# Asked with every batch that an enrolled device sends: planned once.
_ANSWERED = Prepared(
    """
    select f.client_id, max(a.created_at) as answered_at
    from answers a join feedbacks f on f.id = a.feedback_id
        join reminders r on r.id = a.reminder_id
    where a.id > (select max(id) from answers) - :looked_at
        and a.created_at > now() - :told_for
        and f.device_id = :device and r.cancelled_at is null and r.status <> 'cancelled'
    group by f.client_id
    order by answered_at desc, f.client_id
    limit :told_at_most
    """,
    device="integer",
    looked_at="bigint",
    told_for="interval",
    told_at_most="bigint",
)


def answered(session: ScopedSession, device_id: int) -> list[dict[str, str]]:
    """Which feedback of an enrolled device was answered lately, the latest first; no words."""
    rows = _ANSWERED.run(
        session,
        device=device_id,
        looked_at=LOOKED_AT,
        told_for=TOLD_FOR,
        told_at_most=TOLD_AT_MOST,
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
