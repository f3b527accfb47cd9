"""Jobs on voice that patients attach to messages: fetch it, delete it at the provider."""

from __future__ import annotations

from services.errors import NotFound
from services.feedback.upload import MOST_BYTES
from services.inbound.voice import (
    VoiceWork,
    note_deleted,
    note_failed,
    note_fetched,
    note_gone,
    take,
)
from services.recording import LONGEST_SECONDS, PROBE_SECONDS, StoreAway, StoreFull, put_away
from utils.audio import probe
from utils.failpoint import reached
from utils.logs import get_logger
from utils.metrics import CALL_RECORDINGS
from utils.twilio_recordings import RecordingGone, RecordingsAway
from workers.call_recording import FETCH_SECONDS, LEASES
from workers.context import Context, get_context

log = get_logger("careloop.worker")


def fetch(establishment_id: int, ids: list[int]) -> None:
    """Do what is to be done about some pieces. Killed anywhere, it is done again later."""
    context = get_context()
    with context.database.establishment(establishment_id) as session:
        works = take(session, ids, LEASES * context.settings.engine.claim_lease)
    for work in works:
        outcome = _one(context, establishment_id, work)
        CALL_RECORDINGS.labels(outcome).inc()
        log.info("voice message", establishment=establishment_id, voice=work.id, outcome=outcome)


def _one(context: Context, establishment_id: int, work: VoiceWork) -> str:
    try:
        if not work.fetched:
            _bring_home(context, establishment_id, work)
        reached("voice.before_delete")
        context.media_of(establishment_id, work.sender_id).delete(work.message, work.provider_id)
        reached("voice.after_delete")
    except RecordingGone:
        with context.database.establishment(establishment_id) as session:
            note_gone(session, work)
        return "gone"
    except (RecordingsAway, StoreAway, StoreFull, NotFound):
        with context.database.establishment(establishment_id) as session:
            note_failed(session, work)
        return "failed"
    with context.database.establishment(establishment_id) as session:
        note_deleted(session, work)
    return "stored"


def _bring_home(context: Context, establishment_id: int, work: VoiceWork) -> None:
    """Store a piece and note it; no transaction is open while it is fetched."""
    media = context.media_of(establishment_id, work.sender_id)
    fetched = media.fetch(work.message, work.provider_id, MOST_BYTES, FETCH_SECONDS)
    facts = probe(fetched.audio, LONGEST_SECONDS, PROBE_SECONDS)
    recording = put_away(context.storage, establishment_id, fetched.audio, work.recording_id)
    reached("voice.after_store")
    with context.database.establishment(establishment_id) as session:
        note_fetched(session, work, recording, facts, whole=fetched.whole)
    reached("voice.after_fetch")
