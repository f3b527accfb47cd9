"""An establishment's own words: written, recorded, approved or rejected by a second person.

Whatever is changed is unapproved again: what patients hear is what somebody else has looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from database.session import ScopedSession
from models.phrase import Phrase
from models.recording import Recording
from models.upload import Upload
from services.audit import audit
from services.errors import Conflict, Forbidden, Invalid, NotFound
from services.identity import Principal
from services.phrase.phrases import check_key, check_words, shipped


@dataclass(frozen=True, slots=True)
class Parts:
    """What a phrase is made of; several people may have made it."""

    text: str | None = None
    sms_text: str | None = None
    recording_id: UUID | None = None


def find(session: ScopedSession, key: str, language: str) -> Phrase | None:
    """The establishment's own words for a phrase, locked; None where it has none."""
    return session.scalar(
        select(Phrase).where(Phrase.key == key, Phrase.language == language).with_for_update()
    )


def write(
    session: ScopedSession,
    key: str,
    language: str,
    *,
    text: str | None,
    sms_text: str | None,
    principal: Principal,
    expected_version: int | None = None,
) -> Phrase:
    """Store words; other words than before let go of the recording, which says the old ones.

    Raises `NotFound` for a key that no flow has, `Invalid` with the field, `Conflict` on a stale
    version. The same words again change nothing and stay approved.
    """
    check_key(key)
    for field, words in (("text", text), ("sms_text", sms_text)):
        if words is not None:
            check_words(key, words, field=field)
    phrase = find(session, key, language)
    _expect(phrase, expected_version)
    if phrase is not None and (phrase.text, phrase.sms_text) == (text, sms_text):
        return phrase
    recording = None if phrase is None else phrase.recording_id
    if phrase is not None and _says_other_words(phrase, text):
        recording = None
    if text is None and recording is None:
        raise Invalid("Give the words, or record them first.", field="text", code="missing")
    return _store(session, phrase, key, language, principal, Parts(text, sms_text, recording))


def record(
    session: ScopedSession,
    key: str,
    language: str,
    recording_id: UUID,
    *,
    principal: Principal,
    expected_version: int | None = None,
) -> Phrase:
    """Let a stored recording speak a phrase. The row of the recording is there already."""
    check_key(key)
    phrase = find(session, key, language)
    _expect(phrase, expected_version)
    if phrase is not None and phrase.recording_id == recording_id:
        return phrase
    parts = Parts(recording_id=recording_id)
    if phrase is not None:
        parts = Parts(phrase.text, phrase.sms_text, recording_id)
    return _store(session, phrase, key, language, principal, parts)


def approve(
    session: ScopedSession,
    key: str,
    language: str,
    *,
    principal: Principal,
    expected_version: int | None = None,
) -> Phrase:
    """Approve what somebody else wrote or recorded; raises `NotFound`, `Conflict`, `Forbidden`."""
    check_key(key)
    phrase = find(session, key, language)
    if phrase is None:
        raise NotFound("phrase in this establishment's own words")
    _expect(phrase, expected_version)
    if phrase.approved_by is not None:
        return phrase
    _refuse_the_makers(phrase, principal)
    before = facts(phrase)
    phrase.approved_by, phrase.approved_at = principal.actor, datetime.now(UTC)
    phrase.rejected_by = phrase.rejected_at = phrase.rejection = None
    session.flush()
    audit(session, principal, "approve", "phrase", phrase.id, before=before, after=facts(phrase))
    return phrase


def reject(
    session: ScopedSession,
    key: str,
    language: str,
    *,
    reason: str,
    principal: Principal,
    expected_version: int | None = None,
) -> Phrase:
    """Send words or a recording back to whoever made them; approved ones are said no longer.

    Raises `NotFound`, `Conflict`, `Forbidden`: who wrote them can write others, or take them back.
    """
    check_key(key)
    phrase = find(session, key, language)
    if phrase is None:
        raise NotFound("phrase in this establishment's own words")
    _expect(phrase, expected_version)
    _refuse_the_makers(phrase, principal)
    before = facts(phrase)
    phrase.approved_by = phrase.approved_at = None
    phrase.rejected_by, phrase.rejected_at = principal.actor, datetime.now(UTC)
    phrase.rejection = reason
    session.flush()
    audit(session, principal, "reject", "phrase", phrase.id, before=before, after=facts(phrase))
    return phrase


def take_back(
    session: ScopedSession,
    key: str,
    language: str,
    *,
    principal: Principal,
    expected_version: int | None = None,
) -> None:
    """Forget an establishment's own words: what ships is said again, where something does."""
    check_key(key)
    phrase = find(session, key, language)
    if phrase is None:
        raise NotFound("phrase in this establishment's own words")
    _expect(phrase, expected_version)
    session.delete(phrase)
    audit(session, principal, "delete", "phrase", phrase.id, before=facts(phrase))


def own_recording(session: ScopedSession, recording_id: UUID, principal: Principal) -> UUID:
    """A recording that the principal has uploaded, whole; raises `NotFound` or `Conflict`.

    Nobody can turn what a patient said into a phrase.
    """
    upload = session.scalar(
        select(Upload).where(Upload.recording_id == recording_id, Upload.owner == principal.actor)
    )
    if upload is None:
        raise NotFound("upload of yours")
    if session.scalar(select(Recording.id).where(Recording.id == recording_id)) is None:
        raise Conflict(
            "This recording has not arrived whole yet: try again in a moment.",
            code="upload_incomplete",
        )
    return recording_id


def recording_of(session: ScopedSession, key: str, language: str) -> Recording:
    """The recording that speaks a phrase, approved or not; raises `NotFound`."""
    found = session.scalar(
        select(Recording)
        .join(Phrase, Phrase.recording_id == Recording.id)
        .where(Phrase.key == key, Phrase.language == language)
    )
    if found is None:
        raise NotFound("recording")
    return found


def facts(phrase: Phrase) -> dict[str, Any]:
    """A phrase as the audit keeps it."""
    return {
        "key": phrase.key,
        "language": phrase.language,
        "text": phrase.text,
        "sms_text": phrase.sms_text,
        "recording": str(phrase.recording_id) if phrase.recording_id else None,
        "written_by": phrase.written_by,
        "spelt_by": phrase.spelt_by,
        "recorded_by": phrase.recorded_by,
        "approved_by": phrase.approved_by,
        "rejected_by": phrase.rejected_by,
        "rejection": phrase.rejection,
    }


def _store(
    session: ScopedSession,
    phrase: Phrase | None,
    key: str,
    language: str,
    principal: Principal,
    parts: Parts,
) -> Phrase:
    before = None if phrase is None else facts(phrase)
    if phrase is None:
        phrase = Phrase(key=key, language=language)
        session.add(phrase)
    _put(phrase, parts, principal.actor)
    phrase.approved_by = phrase.approved_at = None
    phrase.rejected_by = phrase.rejected_at = phrase.rejection = None
    session.flush()
    action = "create" if before is None else "change"
    audit(session, principal, action, "phrase", phrase.id, before=before, after=facts(phrase))
    return phrase


def _put(phrase: Phrase, parts: Parts, actor: str) -> None:
    """Give a phrase its parts; what is new of them is the actor's, what is left out is nobody's."""
    if parts.text != phrase.text:
        phrase.written_by = actor
    if parts.sms_text != phrase.sms_text:
        phrase.spelt_by = actor if parts.sms_text is not None else None
    if parts.recording_id != phrase.recording_id:
        phrase.recorded_by = actor if parts.recording_id is not None else None
    if parts.text is None:
        phrase.written_by = phrase.recorded_by or actor
    phrase.text, phrase.sms_text = parts.text, parts.sms_text
    phrase.recording_id = parts.recording_id


def _says_other_words(phrase: Phrase, text: str | None) -> bool:
    """Whether a phrase's recording would say something else than its new text.

    A recording without words of its own speaks those that ship. Where none do (nobody ships
    Duala), the text is what somebody writes down of it.
    """
    ships = shipped().get(phrase.language, {}).get(phrase.key)
    ours = ships.text if ships else None
    spoken = phrase.text or ours
    return spoken is not None and spoken != (text or ours)


def _refuse_the_makers(phrase: Phrase, principal: Principal) -> None:
    if principal.actor in phrase.made_by:
        raise Forbidden(
            "Somebody else approves or rejects what you have written or recorded.",
            code="second_person",
        )


def _expect(phrase: Phrase | None, version: int | None) -> None:
    if version is not None and version != (phrase.version if phrase is not None else 0):
        raise Conflict(
            "Somebody has changed this phrase meanwhile: read it again.", code="changed_meanwhile"
        )
