"""Voice that patients attach to a message: noted with it, brought home later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from database.session import ScopedSession
from models.message import Message
from models.recording import Recording
from models.voice_message import VoiceMessage
from services.feedback.bringing_home import find, keep, later, lease, locked, not_there
from services.feedback.upload import join_feedback
from services.identity import uuid7
from utils.audio import AudioFacts

FETCH_VOICE = "workers.voice_message.fetch"
MOST_PIECES = 10
"""Of one message: what carriers attach at most."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Something attached, as the provider names it and what it says that it is."""

    provider_id: str
    content_type: str

    @property
    def spoken(self) -> bool:
        """True for what can be listened to. Feature phones send a voice as `audio/amr`."""
        return self.content_type.partition("/")[0].strip().lower() == "audio"


@dataclass(frozen=True, slots=True)
class VoiceWork:
    """What is to be done about one piece."""

    id: int
    message: str
    """The provider's id of the message that it is attached to."""
    provider_id: str
    recording_id: UUID
    fetched: bool
    sender_id: int | None
    """The number that was written to: its account keeps the piece."""


def note_voices(session: ScopedSession, message: Message, pieces: Sequence[Piece]) -> None:
    """Note what was spoken, in the transaction that stores its message."""
    spoken = [piece for piece in pieces[:MOST_PIECES] if piece.spoken]
    made = [
        session.scalar(
            insert(VoiceMessage)
            .values(
                message_id=message.id,
                provider=message.provider,
                provider_id=piece.provider_id,
                recording_id=uuid7(),
                next_at=session.now(),
                tries=0,
            )
            .on_conflict_do_nothing(index_elements=["provider", "provider_id"])
            .returning(VoiceMessage.id)
        )
        for piece in spoken
    ]
    ids = [number for number in made if number is not None]
    if ids:
        session.enqueue(FETCH_VOICE, *ids)


def voices_of(session: ScopedSession, message_id: int) -> list[UUID]:
    """The identities of what was spoken in a message, in the order in which it was attached.

    Without what was given up meanwhile: nobody is to wait for that.
    """
    return list(
        session.scalars(
            select(VoiceMessage.recording_id)
            .where(VoiceMessage.message_id == message_id, VoiceMessage.problem.is_(None))
            .order_by(VoiceMessage.id)
        )
    )


def take(session: ScopedSession, ids: list[int], seconds: float) -> list[VoiceWork]:
    """Take pieces that it is time for; nobody else gets them for so long."""
    rows = session.execute(
        select(VoiceMessage, Message.provider_id, Message.sender_id)
        .join(Message, Message.id == VoiceMessage.message_id)
        .where(VoiceMessage.id.in_(ids), VoiceMessage.next_at <= func.now())
        .order_by(VoiceMessage.id)
        .with_for_update(skip_locked=True, of=VoiceMessage)
    ).all()
    lease(session, [row for row, _, _ in rows], seconds)
    return [
        VoiceWork(
            row.id,
            message,
            row.provider_id,
            row.recording_id,
            fetched=row.fetched_at is not None,
            sender_id=sender_id,
        )
        for row, message, sender_id in rows
    ]


def note_fetched(
    session: ScopedSession, work: VoiceWork, recording: Recording, facts: AudioFacts, *, whole: bool
) -> None:
    """Note that audio is in our store, and give it to the feedback that waits for it."""
    row = locked(session, VoiceMessage, work.id)
    if row.fetched_at is not None:
        return
    cut = [] if whole or "too_long" in facts.problems else ["too_long"]
    keep(session, row, recording, facts, [*facts.problems, *cut])
    join_feedback(session)


def note_gone(session: ScopedSession, work: VoiceWork) -> None:
    """The provider has no such piece."""
    not_there(session, locked(session, VoiceMessage, work.id))


def note_deleted(session: ScopedSession, work: VoiceWork) -> None:
    """The provider has nothing left; nothing is left to do."""
    row = locked(session, VoiceMessage, work.id)
    row.deleted_at, row.next_at = row.deleted_at or func.now(), None
    session.flush()


def note_failed(session: ScopedSession, work: VoiceWork) -> None:
    """It did not work just now."""
    later(session, locked(session, VoiceMessage, work.id))


def find_voices(session: ScopedSession) -> int:
    """Hand what is due to the workers again whose job was lost; how many there were."""
    return find(session, VoiceMessage, FETCH_VOICE)
