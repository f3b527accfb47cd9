"""What people say in a call: noted at once, fetched later, kept even if they hang up.

The provider tells of a recording up to three times, in any order: when the tone's recording ends,
when the file is ready, and in its list. Each of these makes the same row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from database.session import ScopedSession
from models.call_recording import CallRecording
from models.conversation import Conversation
from models.feedback import Feedback
from models.message import Call
from models.recording import Recording
from services.identity import uuid7
from services.phone.calls import PROVIDER
from services.phone.feedback import feedback_of
from services.phone.flow import Flow
from services.phone.script import newest_recording

FETCH_RECORDING = "workers.call_recording.fetch"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A recording as the provider tells of it; `at` is when it was made, None: just now."""

    provider_id: str
    seconds: int | None = None
    at: datetime | None = None


def note_recording(
    session: ScopedSession, call: Call, conversation: Conversation, spoken: Spoken
) -> None:
    """Note a recording once, for a locked conversation: the last one that was said counts."""
    made = session.scalar(
        insert(CallRecording)
        .values(
            call_id=call.id,
            conversation_id=conversation.id,
            provider=PROVIDER,
            provider_id=spoken.provider_id,
            recording_id=uuid7(),
            seconds=spoken.seconds,
            received_at=spoken.at or session.now(),
            next_at=session.now(),
            tries=0,
        )
        .on_conflict_do_nothing(index_elements=["provider", "provider_id"])
        .returning(CallRecording.id)
    )
    if made is None:
        return
    newest = newest_recording(session, conversation.id)
    assert newest is not None  # the one just made, at least
    _replace_others(session, conversation, newest)
    if conversation.flow == Flow.feedback:
        await_recording(session, conversation, newest)
    session.flush()
    session.enqueue(FETCH_RECORDING, made)


def _replace_others(
    session: ScopedSession, conversation: Conversation, newest: CallRecording
) -> None:
    for other in session.scalars(
        select(CallRecording).where(
            CallRecording.conversation_id == conversation.id,
            CallRecording.id != newest.id,
            CallRecording.replaced_at.is_(None),
        )
    ):
        discard(session, other)


def discard(session: ScopedSession, recording: CallRecording) -> None:
    """What somebody said is not to be kept: it goes at the provider's and from our store."""
    recording.replaced_at = recording.next_at = session.now()
    session.flush()
    session.enqueue(FETCH_RECORDING, recording.id)


def await_recording(
    session: ScopedSession, conversation: Conversation, recording: CallRecording
) -> None:
    """Let the conversation's feedback wait for a recording, in place of an earlier one."""
    feedback_id = feedback_of(session, conversation, recording=recording.recording_id)
    feedback = session.get_one(Feedback, feedback_id, with_for_update=True)
    feedback.awaited_recording = recording.recording_id
    here = session.get(Recording, recording.recording_id)
    feedback.recording_id = recording.recording_id if here else None
    session.flush()


def playable(session: ScopedSession, conversation_id: int) -> bool:
    """Whether the person can hear what they said last: it is in our store, and is sound."""
    newest = newest_recording(session, conversation_id)
    if newest is None or newest.fetched_at is None:
        return False
    stored = session.get(Recording, newest.recording_id)
    return stored is not None and not {"not_audio", "empty"} & set(stored.problems)
