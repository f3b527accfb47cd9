"""Feedback as staff see it: lists by many conditions, one with what was answered, its history.

A page is found in the index alone (it holds all that is filtered by); only the rows that are shown
are opened. So a rare language among very many costs milliseconds, not a walk through sealed rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, select, tuple_

from database.session import ScopedSession
from models.answer import Answer
from models.audit import AuditEntry
from models.delivery import Delivery
from models.department import Department
from models.feedback import Feedback, FeedbackState
from models.recording import Recording
from models.reminder import Channel, Reminder
from schemas.common import Page
from schemas.feedback import (
    AnswerOut,
    FeedbackChannel,
    FeedbackDetail,
    FeedbackWhole,
    HistoryChange,
    HistoryItem,
)
from services.contact.contacts import reference_index
from services.device_clock import clock_wrong
from services.errors import NotFound
from services.paging import decode_cursor, encode_cursor

NOBODY = 0
"""Instead of a user's number: what is assigned to nobody."""
MOST_STEPS = 200
_SHOWN_FIELDS = ("state", "assigned_to", "note")

Detailed = Row[Feedback, str | None, Recording | None]


@dataclass(frozen=True)
class FeedbackFilter:
    """Conditions that a feedback meets, all of them. What is None or empty is no condition."""

    department: str | None = None
    language: str | None = None
    ratings: tuple[int, ...] = ()
    channel: FeedbackChannel | None = None
    state: FeedbackState | None = None
    patient_id: str | None = None
    assigned_to: int | None = None
    has_voice: bool | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def names(self) -> list[str]:
        """Which conditions there are, for the audit: never what they say."""
        return [name for name, value in vars(self).items() if value not in (None, ())]


def feedback_page(
    session: ScopedSession, wanted: FeedbackFilter, *, cursor: str | None, limit: int
) -> Page[FeedbackDetail]:
    """A page of feedback, the newest first."""
    after = decode_cursor(cursor) if cursor is not None else None
    rows = feedback_rows(session, wanted, after=after, limit=limit + 1)
    shown = rows[:limit]
    last = shown[-1][0] if len(rows) > limit else None
    return Page(
        items=[detail(*row) for row in shown],
        cursor=encode_cursor(last.date_submitted, last.id) if last else None,
    )


def feedback_rows(
    session: ScopedSession,
    wanted: FeedbackFilter,
    *,
    after: tuple[datetime, int] | None,
    limit: int,
) -> Sequence[Detailed]:
    """At most `limit` feedbacks after a place, the newest first, with department and recording."""
    found = select(Feedback.id).where(*_conditions(session, wanted))
    if after is not None:
        found = found.where(tuple_(Feedback.date_submitted, Feedback.id) < tuple_(*after))
    found = found.order_by(Feedback.date_submitted.desc(), Feedback.id.desc()).limit(limit)
    return session.execute(
        select(Feedback, Department.code, Recording)
        .outerjoin(Department, Department.id == Feedback.department_id)
        .outerjoin(Recording, Recording.id == Feedback.recording_id)
        .where(Feedback.id.in_(found))
        .order_by(Feedback.date_submitted.desc(), Feedback.id.desc())
    ).all()


def _conditions(session: ScopedSession, wanted: FeedbackFilter) -> Iterable[ColumnElement[bool]]:
    if wanted.department is not None:
        code = select(Department.id).where(Department.code == wanted.department)
        yield Feedback.department_id == code.scalar_subquery()
    if wanted.patient_id is not None:
        yield Feedback.patient_id_index == reference_index(session, wanted.patient_id)
    if wanted.ratings:
        yield Feedback.rating.in_(wanted.ratings)
    if wanted.assigned_to == NOBODY:
        yield Feedback.assigned_to.is_(None)
    elif wanted.assigned_to is not None:
        yield Feedback.assigned_to == wanted.assigned_to
    if wanted.has_voice is not None:
        yield Feedback.recording_id.is_not(None) == wanted.has_voice
    for column, value in (
        (Feedback.language, wanted.language),
        (Feedback.channel, wanted.channel),
        (Feedback.state, wanted.state),
    ):
        if value is not None:
            yield column == value
    if wanted.since is not None:
        yield Feedback.date_submitted >= wanted.since
    if wanted.until is not None:
        yield Feedback.date_submitted < wanted.until


def detail(
    feedback: Feedback, department: str | None, recording: Recording | None
) -> FeedbackDetail:
    """A feedback as it is shown in a list."""
    return FeedbackDetail(
        id=feedback.id,
        patient_id=feedback.patient_id,
        language=feedback.language,
        content=feedback.content,
        rating=feedback.rating,
        emoji=feedback.emoji,
        department=department,
        channel=FeedbackChannel(feedback.channel),
        recorded_at=feedback.recorded_at,
        clock_wrong=clock_wrong(feedback.recorded_at, feedback.clock_offset, feedback.received_at),
        date_submitted=feedback.date_submitted,
        processed=feedback.processed,
        state=FeedbackState(feedback.state),
        conversation_id=feedback.conversation_id,
        voice=f"/api/v1/feedback/{feedback.id}/voice" if recording else None,
        voice_awaited=recording is None and feedback.awaited_recording is not None,
        voice_seconds=recording.seconds if recording else None,
        voice_problems=recording.problems if recording else [],
        assigned_to=feedback.assigned_to,
        note=feedback.note,
        answered_at=feedback.answered_at,
        version=feedback.version,
    )


def read_feedback(session: ScopedSession, feedback_id: int) -> FeedbackWhole:
    """One feedback with what was answered; raises `NotFound`."""
    row = session.execute(
        select(Feedback, Department.code, Recording)
        .outerjoin(Department, Department.id == Feedback.department_id)
        .outerjoin(Recording, Recording.id == Feedback.recording_id)
        .where(Feedback.id == feedback_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound("feedback")
    return FeedbackWhole(**dict(detail(*row)), answers=answers_of(session, feedback_id))


def answers_of(session: ScopedSession, feedback_id: int) -> list[AnswerOut]:
    """What was answered to a feedback, in order, and what has become of it."""
    last = (
        select(Delivery.status)
        .where(Delivery.reminder_id == Reminder.id)
        .order_by(Delivery.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Answer, Reminder, last)
        .join(Reminder, Reminder.id == Answer.reminder_id)
        .where(Answer.feedback_id == feedback_id)
        .order_by(Answer.id)
    )
    return [_answer_view(*row) for row in rows]


def _answer_view(answer: Answer, reminder: Reminder, delivery: str | None) -> AnswerOut:
    return AnswerOut(
        id=answer.id,
        reminder_id=reminder.id,
        text=reminder.message,
        language=reminder.language,
        channels=[Channel(channel) for channel in reminder.channels],
        status=reminder.status,
        delivery=delivery,
        created_by=answer.created_by,
        created_at=answer.created_at,
    )


def history(session: ScopedSession, feedback_id: int) -> list[HistoryItem]:
    """What happened to a feedback, from its arrival on, as the audit trail tells it."""
    feedback = session.get(Feedback, feedback_id)
    if feedback is None:
        raise NotFound("feedback")
    entries = session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.kind == "feedback",
            AuditEntry.row_id == str(feedback_id),
            AuditEntry.action.in_(("change", "answer")),
        )
        .order_by(AuditEntry.id.desc())
        .limit(MOST_STEPS)
    ).all()
    received = HistoryItem(at=feedback.received_at, action="received", actor=None)
    return [received, *(_step(entry) for entry in reversed(entries))]


def _step(entry: AuditEntry) -> HistoryItem:
    before: dict[str, Any] = entry.before or {}
    after: dict[str, Any] = entry.after or {}
    return HistoryItem(
        at=entry.at,
        action=entry.action,
        actor=entry.actor,
        changes=[
            HistoryChange(field=field, before=before.get(field), after=after.get(field))
            for field in _SHOWN_FIELDS
            if before.get(field) != after.get(field)
        ],
        reminder_id=after.get("reminder_id"),
    )
