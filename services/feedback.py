"""Feedback: stored with a voice, listed, read, moved on by staff."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, select, tuple_, update

from database.session import Database, ScopedSession
from models.department import Department
from models.establishment import Establishment
from models.feedback import Feedback, FeedbackState
from models.recording import Recording
from schemas.common import Page, shortened
from schemas.feedback import FeedbackChannel, FeedbackDetail, FeedbackIn, FeedbackOut
from services.audit import audit
from services.contact import reference_index
from services.device_clock import clock_wrong
from services.errors import CareloopError, Invalid, NotFound
from services.identity import Principal
from services.intake import (
    PROCESS_FEEDBACK,
    Result,
    Stored,
    arrival,
    known_submission,
    store,
)
from services.paging import decode_cursor, encode_cursor
from services.recording import put_away, throw_away
from utils.storage import Storage

CONTENT_BUDGET = 420
"""Bytes of the content in a short answer, which as a whole stays under 1 KB."""
UNPROCESSED_AFTER = timedelta(seconds=60)
SWEEP_AT_ONCE = 500


def in_local_time(wanted: FeedbackIn, establishment: Establishment) -> FeedbackIn:
    """A `recorded_at` without an offset is the establishment's local time, as everywhere."""
    recorded = wanted.recorded_at
    if recorded is None or recorded.tzinfo is not None:
        return wanted
    try:
        local = recorded.replace(tzinfo=establishment.zone).astimezone(UTC)
    except OverflowError as error:
        raise Invalid("This time is out of range.", field="recorded_at") from error
    return wanted.model_copy(update={"recorded_at": local})


def store_with_voice(
    database: Database,
    storage: Storage,
    wanted: FeedbackIn,
    *,
    identity: UUID,
    principal: Principal,
) -> Stored:
    """Store a feedback with its recording: first the sealed bytes, then both rows together.

    No transaction is open while the store is written. Raises `Conflict`, `Invalid`, `StoreFull`,
    `StoreAway`.
    """
    number = principal.establishment_id
    with database.establishment(number) as session:
        known = known_submission(session, arrival(wanted, identity=identity, principal=principal))
    if known is not None:
        return _stored(known)
    recording = put_away(storage, number, base64.b64decode(wanted.voice_data or ""))
    recording_id = recording.id
    mine = arrival(wanted, identity=identity, principal=principal, recording_id=recording_id)
    result: Result | None = None
    try:
        with database.establishment(number) as session:
            session.add(recording)
            session.flush()
            (result,) = store(session, [mine])
            if not _created(result):
                session.delete(recording)
    finally:
        if not _created(result):
            throw_away(storage, number, recording_id)
    return _stored(result)


def _created(result: Result | None) -> bool:
    return isinstance(result, Stored) and result.created


def _stored(result: Result | None) -> Stored:
    if isinstance(result, CareloopError):
        raise result
    assert result is not None
    return result


def answer_view(wanted: FeedbackIn, stored: Stored) -> FeedbackOut:
    """The short answer to a submission, from what was sent: it is what was stored."""
    content, cut = shortened(wanted.content, CONTENT_BUDGET) if wanted.content else (None, False)
    return FeedbackOut(
        id=stored.id,
        patient_id=wanted.patient_id,
        language=wanted.language,
        content=content,
        content_truncated=True if cut else None,
        rating=wanted.rating,
        emoji=wanted.emoji,
        date_submitted=stored.date_submitted,
        processed=stored.processed,
        has_voice=True if wanted.voice_data or wanted.recording else None,
    )


def feedback_page(
    session: ScopedSession,
    *,
    department: str | None,
    language: str | None,
    rating: int | None,
    channel: FeedbackChannel | None,
    state: FeedbackState | None,
    patient_id: str | None,
    since: datetime | None,
    until: datetime | None,
    cursor: str | None,
    limit: int,
) -> Page[FeedbackDetail]:
    """A page of feedback, the newest first."""
    wanted = _with_details()
    if department is not None:
        wanted = wanted.where(Department.code == department)
    if patient_id is not None:
        wanted = wanted.where(Feedback.patient_id_index == reference_index(session, patient_id))
    for column, value in (
        (Feedback.language, language),
        (Feedback.rating, rating),
        (Feedback.channel, channel),
        (Feedback.state, state),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    if since is not None:
        wanted = wanted.where(Feedback.date_submitted >= since)
    if until is not None:
        wanted = wanted.where(Feedback.date_submitted < until)
    if cursor is not None:
        wanted = wanted.where(
            tuple_(Feedback.date_submitted, Feedback.id) < tuple_(*decode_cursor(cursor))
        )
    rows = session.execute(
        wanted.order_by(Feedback.date_submitted.desc(), Feedback.id.desc()).limit(limit + 1)
    ).all()
    shown = rows[:limit]
    last = shown[-1][0] if len(rows) > limit else None
    return Page(
        items=[_detail(*row) for row in shown],
        cursor=encode_cursor(last.date_submitted, last.id) if last else None,
    )


def _with_details() -> Select[Feedback, str, Recording]:
    return (
        select(Feedback, Department.code, Recording)
        .outerjoin(Department, Department.id == Feedback.department_id)
        .outerjoin(Recording, Recording.id == Feedback.recording_id)
    )


def _detail(
    feedback: Feedback, department: str | None, recording: Recording | None
) -> FeedbackDetail:
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
    )


def read_feedback(session: ScopedSession, feedback_id: int) -> FeedbackDetail:
    """One feedback, whole; raises `NotFound`."""
    row = session.execute(_with_details().where(Feedback.id == feedback_id)).one_or_none()
    if row is None:
        raise NotFound("feedback")
    return _detail(*row)


def change_state(
    session: ScopedSession, feedback_id: int, state: FeedbackState, principal: Principal
) -> FeedbackDetail:
    """Note where staff stand with a feedback; raises `NotFound`."""
    feedback = session.get(Feedback, feedback_id, with_for_update=True)
    if feedback is None:
        raise NotFound("feedback")
    before, feedback.state = feedback.state, state.value
    audit(
        session,
        principal,
        "change",
        "feedback",
        feedback_id,
        before={"state": before},
        after={"state": state.value},
    )
    session.flush()
    return read_feedback(session, feedback_id)


def recording_of(session: ScopedSession, feedback_id: int, principal: Principal) -> Recording:
    """The recording of a feedback; hearing it is audited. Raises `NotFound`."""
    recording = session.scalar(
        select(Recording)
        .join(Feedback, Feedback.recording_id == Recording.id)
        .where(Feedback.id == feedback_id)
    )
    if recording is None:
        raise NotFound("recording")
    audit(session, principal, "read", "recording", recording.id)
    return recording


def recordings_of(session: ScopedSession, ids: list[int]) -> list[UUID]:
    """The recordings of some feedbacks."""
    return list(
        session.scalars(
            select(Feedback.recording_id).where(
                Feedback.id.in_(ids), Feedback.recording_id.is_not(None)
            )
        )
    )


def mark_processed(session: ScopedSession, ids: list[int]) -> None:
    """Note that all that can be found out about some feedbacks has been."""
    session.execute(
        update(Feedback).where(Feedback.id.in_(ids), ~Feedback.processed).values(processed=True)
    )


def find_unprocessed(session: ScopedSession) -> int:
    """Hand feedback to the workers again whose job was lost; how many there were."""
    ids = session.scalars(
        select(Feedback.id)
        .where(~Feedback.processed, Feedback.received_at < func.now() - UNPROCESSED_AFTER)
        .order_by(Feedback.received_at)
        .limit(SWEEP_AT_ONCE)
    ).all()
    if ids:
        session.enqueue(PROCESS_FEEDBACK, *ids)
    return len(ids)
