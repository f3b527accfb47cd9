"""Jobs on voice that patients attach to messages: fetch it, delete it at the provider."""

from __future__ import annotations

from services.feedback.upload import MOST_BYTES
from services.inbound.voice import (
    VoiceWork,
    note_deleted,
    note_failed,
    note_fetched,
    note_gone,
    take,
)
from utils.failpoint import reached
from utils.logs import get_logger
from utils.metrics import CALL_RECORDINGS
from workers.bringing_home import FETCH_SECONDS, LEASES, settle, stored
from workers.context import Context, get_context
from workers.errands import errand

log = get_logger("careloop.worker")


@errand
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
    def step() -> None:
        if not work.fetched:
            _bring_home(context, establishment_id, work)
        reached("voice.before_delete")
        context.media_of(establishment_id, work.sender_id).delete(work.message, work.provider_id)
        reached("voice.after_delete")

    outcome = settle(
        context, establishment_id, work, step,
        gone=note_gone, failed=note_failed, done=note_deleted,
    )  # fmt: skip
    return "stored" if outcome == "done" else outcome


def _bring_home(context: Context, establishment_id: int, work: VoiceWork) -> None:
    """Store a piece and note it; no transaction is open while it is fetched."""
    media = context.media_of(establishment_id, work.sender_id)
    fetched = media.fetch(work.message, work.provider_id, MOST_BYTES, FETCH_SECONDS)
    recording, facts = stored(context, establishment_id, work.recording_id, fetched)
    reached("voice.after_store")
    with context.database.establishment(establishment_id) as session:
        note_fetched(session, work, recording, facts, whole=fetched.whole)
    reached("voice.after_fetch")
