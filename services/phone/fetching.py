"""Bringing home what was said in a call, for its feedback or as a phrase that staff kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, delete, func, select, update

from database.session import ScopedSession
from models.call_recording import CallRecording
from models.conversation import Conversation
from models.delivery import Delivery
from models.feedback import Feedback
from models.message import Call
from models.phrase import Phrase
from models.recording import Recording
from services.feedback.bringing_home import (
    AT_ONCE,
    find,
    keep,
    later,
    lease,
    locked,
    not_there,
)
from services.feedback.upload import join_feedback
from services.phone.calls import IDLE
from services.phone.flow import Flow
from services.phone.phrase import keep_spoken
from services.phone.recordings import FETCH_RECORDING, Spoken, discard, note_recording
from utils.audio import AudioFacts
from utils.twilio_recordings import Listed

ASK_RECORDINGS = "workers.call_recording.ask"
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
    sender_id: int | None
    """The number of ours in the call: its account keeps the recording."""


_SENDER = func.coalesce(Call.sender_id, Delivery.sender_id)
"""Whose call it was. One of ours that is noted before it was picked up has its delivery's."""


def take(session: ScopedSession, ids: list[int], seconds: float) -> list[Work]:
    """Take recordings that it is time for; nobody else gets them for so long."""
    rows = session.execute(
        select(CallRecording, _SENDER)
        .join(Call, Call.id == CallRecording.call_id)
        .outerjoin(Delivery, Delivery.id == Call.delivery_id)
        .where(CallRecording.id.in_(ids), CallRecording.next_at <= func.now())
        .order_by(CallRecording.id)
        .with_for_update(skip_locked=True, of=CallRecording)
    ).all()
    lease(session, [row for row, _ in rows], seconds)
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
            sender_id=sender_id,
        )
        for row, sender_id in rows
    ]


def note_fetched(
    session: ScopedSession, work: Work, recording: Recording, facts: AudioFacts, *, whole: bool
) -> None:
    """Note that audio is in our store, and give it to whoever waits for it."""
    row = locked(session, CallRecording, work.id)
    if row.fetched_at is not None:
        return
    keep(session, row, recording, facts, _problems(work, facts, whole=whole))
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
    """The provider has no such recording."""
    not_there(session, locked(session, CallRecording, work.id))


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
    row = locked(session, CallRecording, work.id)
    row.deleted_at = row.deleted_at or func.now()
    # Replaced meanwhile: then our own copy goes, too.
    row.next_at = func.now() if row.replaced_at and work.wanted else None
    session.flush()
    if row.replaced_at and work.wanted:
        session.enqueue(FETCH_RECORDING, row.id)


def note_failed(session: ScopedSession, work: Work) -> None:
    """It did not work just now."""
    later(session, locked(session, CallRecording, work.id))


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


# --- Sweeping ---


def find_recordings(session: ScopedSession) -> int:
    """Hand what is due to the workers again whose job was lost; how many there were."""
    _discard_unkept(session)
    due = find(session, CallRecording, FETCH_RECORDING)
    unasked = session.scalars(_unasked().limit(AT_ONCE)).all()
    if unasked:
        session.enqueue(ASK_RECORDINGS, *unasked)
    return due + len(unasked)


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


@dataclass(frozen=True, slots=True)
class Asked:
    """A call whose recordings nobody has asked for yet; `sender_id` as in `Work`."""

    id: int
    provider_id: str
    sender_id: int | None


def calls_to_ask(session: ScopedSession, ids: list[int]) -> list[Asked]:
    """Those of some calls whose recordings nobody asked for yet."""
    rows = session.execute(
        select(Call.id, Call.provider_id, _SENDER)
        .outerjoin(Delivery, Delivery.id == Call.delivery_id)
        .where(Call.id.in_(ids), Call.recordings_asked_at.is_(None))
    )
    return [Asked(*row) for row in rows]


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
