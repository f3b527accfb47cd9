"""Phoning a phrase in: the one-time code that a member of staff types, and what they then say."""

from __future__ import annotations

from sqlalchemy import select

from database.session import ScopedSession
from models.call_recording import CallRecording
from models.phrase import Phrase, PhraseCode
from models.recording import Recording
from utils.crypto import get_blind_index

PURPOSE = "phrase-code"


def code_hash(session: ScopedSession, code: str) -> bytes:
    """How a code is kept: nobody can read it from the row."""
    return get_blind_index().of(PURPOSE, code, session.establishment_id)


def valid_code(session: ScopedSession, code: str) -> PhraseCode | None:
    """The row of a code that may still be used; None for any other."""
    if not code.isdecimal():
        return None
    return session.scalar(
        select(PhraseCode).where(
            PhraseCode.code_hash == code_hash(session, code),
            PhraseCode.used_at.is_(None),
            PhraseCode.expires_at > session.now(),
        )
    )


def redeem(session: ScopedSession, code: str) -> PhraseCode:
    """Use a valid code: it opens nothing a second time."""
    found = valid_code(session, code)
    assert found is not None  # looked up in this transaction
    found.used_at = session.now()
    session.flush()
    return found


def keep_spoken(session: ScopedSession, code_id: int, spoken: CallRecording) -> None:
    """Give a phrase its recording, once it was kept by whoever spoke it and is in our store.

    Called when either happens. It is said to nobody until a second person has approved it.
    """
    stored = session.get(Recording, spoken.recording_id)
    if spoken.kept_at is None or stored is None or stored.size == 0:
        return
    code = session.get_one(PhraseCode, code_id)
    phrase = session.scalar(
        select(Phrase)
        .where(Phrase.key == code.key, Phrase.language == code.language)
        .with_for_update()
    )
    if phrase is None:
        phrase = Phrase(key=code.key, language=code.language, written_by=code.made_by)
        session.add(phrase)
    if phrase.recording_id == stored.id:
        return
    phrase.recording_id, phrase.written_by = stored.id, code.made_by
    phrase.approved_by = phrase.approved_at = None
    session.flush()
