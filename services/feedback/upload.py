"""Resumable uploads of recordings: every piece that was stored stays stored.

Pieces live in PostgreSQL, in the same commit as the offset that they move: whatever dies, the
offset that a client is told is true, on any machine. A worker then puts the whole recording into
the store, so a store that is away or full delays it and loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from database.session import ScopedSession
from models.feedback import Feedback
from models.recording import Recording
from models.upload import Upload, UploadPiece
from services import sealing_key
from services.errors import CareloopError, Conflict, NotFound
from services.feedback.intake import PROCESS_FEEDBACK
from services.identity import Principal, uuid7
from services.sealing_key import RECORDING, KeyUnknown, SealBroken

FINISH_UPLOAD = "workers.upload.finish"
MOST_BYTES = 20 * 1024 * 1024
"""Of one recording: a quarter of an hour, even as uncompressed speech."""
MOST_WAITING_BYTES = 4 * 1024**3
"""Of all unfinished uploads of an establishment."""
KEPT_FOR = timedelta(days=7)
"""After its last piece; longer than a ward is without a network."""
FINISH_AFTER = timedelta(seconds=60)
FIND_AT_ONCE = 100
FORGET_AT_ONCE = 500


class WrongOffset(CareloopError):
    """The bytes do not go on where the last ones ended."""

    status = 409
    code = "upload_offset"


class NoRoom(CareloopError):
    """Too much is half uploaded already; the device keeps its copy."""

    status = 507
    code = "storage_full"


def begin(
    session: ScopedSession,
    principal: Principal,
    *,
    length: int,
    recording_id: UUID | None,
    sealed_for: str | None = None,
) -> Upload:
    """Begin an upload, or find the one that was begun for the same recording.

    A creation whose answer was lost may be repeated, also after the upload was finished and
    forgotten: then it is complete from the start. `sealed_for` is the id of the key that the
    bytes are sealed for. Raises `Conflict` when the recording is another upload's: of another
    length, or somebody else's; `KeyUnknown` for what nobody could ever open.
    """
    if sealed_for is not None and not sealing_key.known(session, sealed_for):
        raise KeyUnknown("There is no such key here.", field="header.Upload-Metadata")
    waiting = session.scalar(
        select(func.coalesce(func.sum(Upload.length), 0)).where(Upload.finished_at.is_(None))
    )
    if (waiting or 0) + length > MOST_WAITING_BYTES:
        raise NoRoom("There is no room for more recordings just now: keep it and try later.")
    identity = recording_id or uuid7()
    here = session.scalar(select(Recording.id).where(Recording.id == identity)) is not None
    session.execute(
        insert(Upload)
        .values(
            token=uuid7(),
            recording_id=identity,
            owner=principal.actor,
            length=length,
            sealed_for=sealed_for,
            received=length if here else 0,
            finished_at=func.now() if here else None,
            expires_at=datetime.now(UTC) + KEPT_FOR,
        )
        .on_conflict_do_nothing(index_elements=["recording_id"])
    )
    upload = session.scalars(select(Upload).where(Upload.recording_id == identity)).one()
    if (upload.length, upload.owner, upload.sealed_for) != (length, principal.actor, sealed_for):
        raise Conflict("This recording is being uploaded already.", code="recording_taken")
    if length == 0 and upload.finished_at is None:
        session.enqueue(FINISH_UPLOAD, upload.id)
    return upload


def find(session: ScopedSession, principal: Principal, token: UUID) -> Upload:
    """An upload of one's own; raises `NotFound`."""
    upload = session.scalar(select(Upload).where(Upload.token == token))
    if upload is None or upload.owner != principal.actor:
        raise NotFound("upload")
    return upload


def append(session: ScopedSession, upload_id: int, *, start: int, content: bytes) -> int:
    """Store the next bytes of an upload; returns how many are there now.

    Raises `WrongOffset` when somebody else was quicker.
    """
    received: int | None = session.scalar(
        update(Upload)
        .where(
            Upload.id == upload_id,
            Upload.received == start,
            Upload.received + len(content) <= Upload.length,
        )
        .values(received=Upload.received + len(content), expires_at=datetime.now(UTC) + KEPT_FOR)
        .returning(Upload.received)
    )
    if received is None:
        raise WrongOffset("The upload does not go on here: ask for its offset.")
    session.add(UploadPiece(upload_id=upload_id, start=start, content=content))
    session.flush()
    if session.scalar(select(Upload.length).where(Upload.id == upload_id)) == received:
        session.enqueue(FINISH_UPLOAD, upload_id)
    return received


def abandon(session: ScopedSession, principal: Principal, token: UUID) -> None:
    """End an unfinished upload and forget its pieces; raises `NotFound` or `Conflict`."""
    upload = find(session, principal, token)
    if upload.received == upload.length:
        raise Conflict("This recording has arrived whole.", code="upload_complete")
    session.delete(upload)


@dataclass(frozen=True)
class Whole:
    """What a complete upload makes: a recording's id and audio, and what is wrong with it."""

    recording_id: UUID
    audio: bytes
    problem: str | None = None


def whole(session: ScopedSession, upload_id: int) -> Whole | None:
    """What a complete upload makes; None when there is nothing to finish.

    Sealed bytes that do not open are kept as they came: a voice is never dropped.
    """
    upload = session.get(Upload, upload_id)
    if upload is None or upload.finished_at is not None or upload.received < upload.length:
        return None
    pieces = session.scalars(
        select(UploadPiece.content)
        .where(UploadPiece.upload_id == upload_id)
        .order_by(UploadPiece.start)
    )
    content, identity = b"".join(pieces), upload.recording_id
    if upload.sealed_for is None:
        return Whole(identity, content)
    keys = sealing_key.sealing_keys(session, [upload.sealed_for])
    try:
        return Whole(identity, keys.open(upload.sealed_for, content, RECORDING, identity))
    except SealBroken as error:
        return Whole(identity, content, problem=error.code)


def finish(
    session: ScopedSession, upload_id: int, recording: Recording, problem: str | None = None
) -> None:
    """Note a recording whose audio is in the store; its pieces are no longer needed.

    One with a `problem` is flagged; what is sealed needs no probe.
    """
    upload = session.get(Upload, upload_id, with_for_update=True)
    if upload is None or upload.finished_at is not None:
        return
    if problem is not None:
        recording.problems, recording.probed_at = [problem], datetime.now(UTC)
    session.add(recording)
    upload.finished_at = datetime.now(UTC)
    session.execute(delete(UploadPiece).where(UploadPiece.upload_id == upload_id))
    session.flush()
    join_feedback(session)


def join_feedback(session: ScopedSession) -> int:
    """Give recordings that are here to the feedback that awaits them; how many there were.

    Feedback and recording arrive in either order. Each looks for the other when it is stored, and
    a scheduler looks again, for two that were stored in the same moment.
    """
    joined = session.scalars(
        update(Feedback)
        .where(
            Feedback.awaited_recording.is_not(None),
            Feedback.recording_id.is_(None),
            Feedback.awaited_recording.in_(select(Recording.id)),
        )
        .values(recording_id=Feedback.awaited_recording, processed=False)
        .returning(Feedback.id)
    ).all()
    if joined:
        session.enqueue(PROCESS_FEEDBACK, *joined)
    return len(joined)


def find_complete(session: ScopedSession) -> int:
    """Hand complete uploads to the workers again whose job was lost; how many there were."""
    ids = session.scalars(
        select(Upload.id)
        .where(
            Upload.received == Upload.length,
            Upload.finished_at.is_(None),
            Upload.created_at < func.now() - FINISH_AFTER,
        )
        .order_by(Upload.created_at)
        .limit(FIND_AT_ONCE)
    ).all()
    for upload_id in ids:
        session.enqueue(FINISH_UPLOAD, upload_id)
    return len(ids)


def forget_expired(session: ScopedSession) -> int:
    """Forget uploads that nobody went on with; finished ones, too, whose recording stays."""
    old = (
        select(Upload.id)
        .where(
            Upload.expires_at < func.now(),
            (Upload.received < Upload.length) | Upload.finished_at.is_not(None),
        )
        .order_by(Upload.expires_at)
        .limit(FORGET_AT_ONCE)
    )
    gone = session.execute(delete(Upload).where(Upload.id.in_(old)).returning(Upload.id)).all()
    return len(gone)
