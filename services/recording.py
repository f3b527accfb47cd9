"""Recordings: kept sealed in the recording store, probed later, flagged rather than dropped."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select

from database.session import ScopedSession
from models.recording import Recording
from services.errors import CareloopError, NotFound
from services.identity import uuid7
from utils.audio import AudioFacts
from utils.crypto import get_cipher
from utils.storage import Storage, StorageFull, StorageMissing, StorageUnavailable

LABEL = "recordings.audio"
LONGEST_SECONDS = 15 * 60.0
PROBE_SECONDS = 20.0
MEDIA_TYPES = {
    "amr-nb": "audio/amr",
    "amr-wb": "audio/amr-wb",
    "3gp": "audio/3gpp",
    "m4a": "audio/mp4",
    "ogg-opus": "audio/ogg",
    "webm": "audio/webm",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
}


class StoreFull(CareloopError):
    """There is no room for a recording; the device keeps its copy."""

    status = 507
    code = "storage_full"


class StoreAway(CareloopError):
    """The recording store does not answer."""

    status = 503
    code = "storage_unavailable"


def storage_key(establishment_id: int, recording_id: UUID) -> str:
    """Where a recording's sealed bytes are: below its establishment."""
    return f"{establishment_id}/{recording_id}"


def put_away(
    storage: Storage, establishment_id: int, audio: bytes, identity: UUID | None = None
) -> Recording:
    """Seal and store some audio; the row is for the caller to add, after this.

    `identity` is that of a recording whose client named it; to put it away again is the same.

    A crash in between leaves sealed bytes that no row knows: harmless. The other order would
    leave a row without its audio. Raises `StoreFull` or `StoreAway`.
    """
    cipher = get_cipher()
    recording = Recording(
        id=identity or uuid7(),
        key_id=cipher.current,
        size=len(audio),
        checksum=hashlib.sha256(audio).digest(),
        problems=[],
    )
    try:
        storage.put(storage_key(establishment_id, recording.id), cipher.seal(audio, LABEL))
    except StorageFull as error:
        raise StoreFull("There is no room for recordings: nothing was saved.") from error
    except StorageUnavailable as error:
        raise StoreAway("Recordings cannot be stored just now: nothing was saved.") from error
    return recording


def throw_away(storage: Storage, establishment_id: int, recording_id: UUID) -> None:
    """Remove the bytes of a recording that no row took over."""
    try:
        storage.delete(storage_key(establishment_id, recording_id))
    except StorageUnavailable:
        return  # sealed bytes without a row: harmless


def audio_of(storage: Storage, establishment_id: int, recording_id: UUID) -> bytes:
    """A recording's audio; raises `NotFound`, `StoreAway` or `CannotDecrypt`."""
    try:
        sealed = storage.get(storage_key(establishment_id, recording_id))
    except StorageMissing as error:
        raise NotFound("recording") from error
    except StorageUnavailable as error:
        raise StoreAway("Recordings cannot be read just now.") from error
    return get_cipher().open(sealed, LABEL)


def reseal(storage: Storage, establishment_id: int, recording_id: UUID) -> None:
    """Seal stored audio with the current key. May be repeated, and cut: the store is atomic."""
    audio = audio_of(storage, establishment_id, recording_id)
    storage.put(storage_key(establishment_id, recording_id), get_cipher().seal(audio, LABEL))


def unprobed(session: ScopedSession, ids: list[UUID]) -> list[UUID]:
    """Those among some recordings that nobody has probed yet."""
    return list(
        session.scalars(
            select(Recording.id).where(Recording.id.in_(ids), Recording.probed_at.is_(None))
        )
    )


def note_facts(session: ScopedSession, recording_id: UUID, facts: AudioFacts) -> None:
    """Store what a probe found."""
    recording = session.get_one(Recording, recording_id)
    recording.container = facts.container
    recording.codec = facts.codec
    recording.seconds = facts.seconds
    recording.problems = list(facts.problems)
    recording.probed_at = datetime.now(UTC)
