"""Feedback: stored with a voice, heard, processed. Lists: `view.py`."""

from __future__ import annotations

import base64
from datetime import UTC, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, select, update

from database.session import Database, ScopedSession
from models.establishment import Establishment
from models.feedback import Feedback
from models.recording import Recording
from schemas.common import shortened
from schemas.feedback import FeedbackIn, FeedbackOut
from services.audit import audit
from services.errors import CareloopError, Invalid, NotFound
from services.feedback.intake import (
    PROCESS_FEEDBACK,
    Result,
    Stored,
    arrival,
    known_submission,
    store,
)
from services.identity import Principal
from services.recording import put_away, throw_away
from utils.storage import Storage

CONTENT_BUDGET = 420
"""Bytes of the content in a short answer, which as a whole stays under 1 KB."""
UNPROCESSED_AFTER = timedelta(seconds=60)
SWEEP_AT_ONCE = 500

Wanted = TypeVar("Wanted", bound=FeedbackIn)


def in_local_time(wanted: Wanted, establishment: Establishment) -> Wanted:
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
    """The short answer to a submission, from what was sent: it is what was stored.

    Sent again, it is answered the same again: what has been found out since is for staff to read.
    """
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
        processed=False,
        has_voice=True if wanted.voice_data or wanted.recording else None,
    )


def recording_of(session: ScopedSession, feedback_id: int) -> Recording:
    """The recording of a feedback. Whoever hears it is noted: `note_hearing`. Raises `NotFound`."""
    recording = session.scalar(
        select(Recording)
        .join(Feedback, Feedback.recording_id == Recording.id)
        .where(Feedback.id == feedback_id)
    )
    if recording is None:
        raise NotFound("recording")
    return recording


def note_hearing(session: ScopedSession, recording: Recording, principal: Principal) -> None:
    """Note in the audit that somebody hears a recording."""
    audit(session, principal, "read", "recording", recording.id)


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
