"""Bringing what was said home: fetched from the provider, verified, sealed, deleted over there.

Everything is retried from the row, never from a job: `next_at` says when a worker looks again. No
transaction is open while the provider is asked. Killed anywhere, the same identity is stored once
more; a deletion is repeated until the provider says that nothing is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, delete, func, select, update

from database.session import ScopedSession
from models.call_recording import CallRecording
from models.conversation import Conversation
from models.feedback import Feedback
from models.message import Call
from models.phrase import Phrase
from models.recording import Recording
from models.task import VOICE_LOST
from services.feedback.upload import join_feedback
from services.phone.calls import IDLE
from services.phone.flow import Flow
from services.phone.phrase import keep_spoken
from services.phone.recordings import FETCH_RECORDING, Spoken, discard, note_recording
from services.task import open_task, task_key
from utils.audio import AudioFacts
from utils.twilio_recordings import Listed

ASK_RECORDINGS = "workers.call_recording.ask"
FIRST_WAIT, LONGEST_WAIT = 5.0, 6 * 3600.0  # seconds
GONE_AFTER = 8
"""So often must the provider say that it has no such recording: it may only not have it yet."""
AT_ONCE = 50
ASK_AFTER = timedelta(minutes=2)
"""After a call began to be recorded and has ended: its callbacks had their time."""
ASK_ANYWAY_AFTER = timedelta(hours=1)
"""Nobody told us of the end of the call; it is over."""
DURATION_TOLERANCE = 2.0
"""Seconds by which a provider's own count may be off."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done about one recording."""

    id: int
    provider_id: str
    recording_id: UUID
    seconds: int | None
    tries: int
    wanted: bool
    fetched: bool
    deleted: bool


def take(session: ScopedSession, ids: list[int], lease: float) -> list[Work]:
    """Take recordings that it is time for; nobody else gets them for `lease` seconds."""
    rows = session.scalars(
        select(CallRecording)
        .where(CallRecording.id.in_(ids), CallRecording.next_at <= func.now())
        .order_by(CallRecording.id)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.next_at = session.now() + timedelta(seconds=lease)
    session.flush()
    return [
        Work(
            row.id,
            row.provider_id,
            row.recording_id,
            row.seconds,
            row.tries,
            wanted=row.replaced_at is None,
            fetched=row.fetched_at is not None,
            deleted=row.deleted_at is not None,
        )
        for row in rows
    ]


def note_fetched(
    session: ScopedSession, work: Work, recording: Recording, facts: AudioFacts, *, whole: bool
) -> None:
    """Note that audio is in our store, and give it to whoever waits for it."""
    row = _locked(session, work.id)
    if row.fetched_at is not None:
        return
    recording.container, recording.codec = facts.container, facts.codec
    recording.seconds, recording.probed_at = facts.seconds, datetime.now(UTC)
    recording.problems = _problems(work, facts, whole=whole)
    session.merge(recording)
    row.fetched_at, row.tries = func.now(), 0
    session.flush()
    _give(session, row)


def _problems(work: Work, facts: AudioFacts, *, whole: bool) -> list[str]:
    """What a probe found, and what the provider's own count of seconds tells besides."""
    found = list(facts.problems)
    if not whole and "too_long" not in found:
        found.append("too_long")
    short = work.seconds is not None and facts.seconds < work.seconds - DURATION_TOLERANCE
    if whole and short and not found:
        found.append("truncated")
    return found


def note_gone(session: ScopedSession, work: Work) -> None:
    """The provider has no such recording: staff see that there was one, and that it is lost."""
    row = _locked(session, work.id)
    if row.tries + 1 < GONE_AFTER:
        _later(session, row)
        return
    row.problem = "missing"
    row.deleted_at, row.next_at = func.now(), None
    session.flush()
    _give_up(session, row)


def _give_up(session: ScopedSession, row: CallRecording) -> None:
    """Nobody waits any longer for a voice that is lost; a person asks what was said."""
    feedback_id = session.scalar(
        update(Feedback)
        .where(Feedback.awaited_recording == row.recording_id, Feedback.recording_id.is_(None))
        .values(awaited_recording=None)
        .returning(Feedback.id)
    )
    if feedback_id is not None:
        open_task(
            session,
            VOICE_LOST,
            task_key(VOICE_LOST, feedback_id),
            feedback_id=feedback_id,
            conversation_id=row.conversation_id,
        )


def _give(session: ScopedSession, row: CallRecording) -> None:
    """Join stored audio to its feedback, or to a phrase that somebody kept."""
    conversation = session.get_one(Conversation, row.conversation_id)
    if row.replaced_at is not None:
        return
    if conversation.flow == Flow.phrase:
        keep_spoken(session, conversation.offered[0], row)
    else:
        join_feedback(session)


def note_deleted(session: ScopedSession, work: Work) -> None:
    """The provider has nothing left; nothing is left to do."""
    row = _locked(session, work.id)
    row.deleted_at = row.deleted_at or func.now()
    # Replaced meanwhile: then our own copy goes, too.
    row.next_at = func.now() if row.replaced_at and work.wanted else None
    session.flush()
    if row.replaced_at and work.wanted:
        session.enqueue(FETCH_RECORDING, row.id)


def note_failed(session: ScopedSession, work: Work) -> None:
    """It did not work just now: later again, at growing steps."""
    _later(session, _locked(session, work.id))


def _later(session: ScopedSession, row: CallRecording) -> None:
    wait = min(FIRST_WAIT * 2.0 ** min(row.tries, 20), LONGEST_WAIT)
    row.tries = min(row.tries + 1, 10_000)
    row.next_at = session.now() + timedelta(seconds=wait)
    session.flush()


def forget_stored(session: ScopedSession, work: Work) -> bool:
    """Take a recording that nobody wants out of our books; True when its bytes may go.

    Never one that something still leads to.
    """
    used = session.scalar(
        select(func.count())
        .select_from(Recording)
        .where(Recording.id == work.recording_id)
        .where(
            Recording.id.in_(
                select(Feedback.recording_id).where(Feedback.recording_id.is_not(None))
            )
            | Recording.id.in_(select(Phrase.recording_id).where(Phrase.recording_id.is_not(None)))
        )
    )
    if used:
        return False
    session.execute(delete(Recording).where(Recording.id == work.recording_id))
    return True


def _locked(session: ScopedSession, row_id: int) -> CallRecording:
    return session.get_one(CallRecording, row_id, with_for_update=True, populate_existing=True)


# --- Sweeping ---


def find_recordings(session: ScopedSession) -> int:
    """Hand what is due to the workers again whose job was lost; how many there were."""
    _discard_unkept(session)
    due = session.scalars(
        select(CallRecording.id)
        .where(CallRecording.next_at <= func.now())
        .order_by(CallRecording.next_at)
        .limit(AT_ONCE)
    ).all()
    if due:
        session.enqueue(FETCH_RECORDING, *due)
    unasked = session.scalars(_unasked().limit(AT_ONCE)).all()
    if unasked:
        session.enqueue(ASK_RECORDINGS, *unasked)
    return len(due) + len(unasked)


def _unasked() -> Select[int]:
    over = (Call.ended_at < func.now() - ASK_AFTER) | (Call.at < func.now() - ASK_ANYWAY_AFTER)
    return (
        select(Call.id)
        .where(Call.recorded, Call.recordings_asked_at.is_(None), over)
        .order_by(Call.at)
    )


def _discard_unkept(session: ScopedSession) -> None:
    """What was spoken for a phrase and not kept is nobody's, once the call is over."""
    for row in session.scalars(
        select(CallRecording)
        .join(Conversation, Conversation.id == CallRecording.conversation_id)
        .where(
            Conversation.flow == Flow.phrase,
            Conversation.last_at < func.now() - IDLE,
            CallRecording.kept_at.is_(None),
            CallRecording.replaced_at.is_(None),
        )
        .limit(AT_ONCE)
    ):
        discard(session, row)


def calls_to_ask(session: ScopedSession, ids: list[int]) -> list[tuple[int, str]]:
    """Those of some calls whose recordings nobody asked for yet: number and provider's id."""
    rows = session.execute(
        select(Call.id, Call.provider_id).where(
            Call.id.in_(ids), Call.recordings_asked_at.is_(None)
        )
    )
    return [(row.id, row.provider_id) for row in rows]


def take_in_list(session: ScopedSession, call_id: int, listed: list[Listed]) -> None:
    """Note the recordings that the provider lists for a call; known ones change nothing."""
    call = session.get_one(Call, call_id, with_for_update=True)
    if call.conversation_id is None:
        return
    conversation = session.get_one(Conversation, call.conversation_id, with_for_update=True)
    for one in listed:
        if one.seconds != 0:
            note_recording(
                session, call, conversation, Spoken(one.provider_id, one.seconds, one.at)
            )
    session.execute(update(Call).where(Call.id == call_id).values(recordings_asked_at=func.now()))
