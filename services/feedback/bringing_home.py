"""Bringing voices home: fetched from a provider, verified, sealed, then deleted over there.

Everything is retried from the row, never from a job: `next_at` says when a worker looks again. No
transaction is open while the provider is asked. Killed anywhere, the same identity is stored once
more; a deletion is repeated until the provider says that nothing is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy import func, select, update

from database.session import ScopedSession
from models.call_recording import CallRecording
from models.feedback import Feedback
from models.recording import Recording
from models.task import VOICE_LOST
from models.voice_message import VoiceMessage
from services.task import open_task, task_key
from utils.audio import AudioFacts

FIRST_WAIT, LONGEST_WAIT = 5.0, 6 * 3600.0  # seconds
GONE_AFTER = 8
"""So often must the provider say that it has no such audio: it may only not have it yet."""
AT_ONCE = 50

Row = TypeVar("Row", CallRecording, VoiceMessage)


def locked(session: ScopedSession, kind: type[Row], row_id: int) -> Row:
    return session.get_one(kind, row_id, with_for_update=True, populate_existing=True)


def lease(session: ScopedSession, rows: Sequence[Row], seconds: float) -> None:
    """Nobody else gets these rows for so long."""
    for row in rows:
        row.next_at = session.now() + timedelta(seconds=seconds)
    session.flush()


def keep(
    session: ScopedSession, row: Row, recording: Recording, facts: AudioFacts, problems: list[str]
) -> None:
    """Note that a row's audio is in our store, and what a probe found in it."""
    recording.container, recording.codec = facts.container, facts.codec
    recording.seconds, recording.probed_at = facts.seconds, datetime.now(UTC)
    recording.problems = problems
    session.merge(recording)
    row.fetched_at, row.tries = func.now(), 0
    session.flush()


def later(session: ScopedSession, row: Row) -> None:
    """It did not work just now: again, at growing steps."""
    wait = min(FIRST_WAIT * 2.0 ** min(row.tries, 20), LONGEST_WAIT)
    row.tries = min(row.tries + 1, 10_000)
    row.next_at = session.now() + timedelta(seconds=wait)
    session.flush()


def not_there(session: ScopedSession, row: Row) -> None:
    """The provider has no such audio; after some tries a person asks what was said."""
    if row.tries + 1 < GONE_AFTER:
        later(session, row)
        return
    row.problem, row.deleted_at, row.next_at = "missing", func.now(), None
    session.flush()
    _call_back(session, row)


def _call_back(session: ScopedSession, row: Row) -> None:
    """Nobody waits any longer for a voice that is lost."""
    feedback = session.execute(
        update(Feedback)
        .where(Feedback.awaited_recording == row.recording_id, Feedback.recording_id.is_(None))
        .values(awaited_recording=None)
        .returning(Feedback.id, Feedback.conversation_id)
    ).one_or_none()
    if feedback is not None:
        open_task(
            session,
            VOICE_LOST,
            task_key(VOICE_LOST, feedback.id),
            feedback_id=feedback.id,
            conversation_id=feedback.conversation_id,
        )


def find(session: ScopedSession, kind: type[Row], job: str) -> int:
    """Hand what is due to the workers again whose job was lost; how many there were."""
    due = session.scalars(
        select(kind.id).where(kind.next_at <= func.now()).order_by(kind.next_at).limit(AT_ONCE)
    ).all()
    if due:
        session.enqueue(job, *due)
    return len(due)
