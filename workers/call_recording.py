"""Jobs on recordings of calls: fetch them, delete them at the provider, ask for what is missing."""

from __future__ import annotations

from services.feedback.upload import MOST_BYTES
from services.phone.fetching import (
    Work,
    calls_to_ask,
    forget_stored,
    note_deleted,
    note_failed,
    note_fetched,
    note_gone,
    take,
    take_in_list,
)
from services.recording import throw_away
from utils.failpoint import reached
from utils.logs import get_logger
from utils.metrics import CALL_RECORDINGS
from utils.twilio_recordings import RecordingsAway
from workers.bringing_home import FETCH_SECONDS, LEASES, settle, stored
from workers.context import Context, get_context
from workers.errands import errand

log = get_logger("careloop.worker")


@errand
def fetch(establishment_id: int, ids: list[int]) -> None:
    """Do what is to be done about some recordings. Killed anywhere, it is done again later."""
    context = get_context()
    with context.database.establishment(establishment_id) as session:
        works = take(session, ids, LEASES * context.settings.engine.claim_lease)
    for work in works:
        outcome = _one(context, establishment_id, work)
        CALL_RECORDINGS.labels(outcome).inc()
        log.info("recording", establishment=establishment_id, recording=work.id, outcome=outcome)


def _one(context: Context, establishment_id: int, work: Work) -> str:
    def step() -> None:
        if work.wanted and not work.fetched:
            _bring_home(context, establishment_id, work)
        if not work.wanted:
            _forget(context, establishment_id, work)
        reached("recording.before_delete")
        if not work.deleted:
            context.recordings_of(establishment_id, work.sender_id).delete(work.provider_id)
        reached("recording.after_delete")

    outcome = settle(
        context, establishment_id, work, step,
        gone=note_gone, failed=note_failed, done=note_deleted,
    )  # fmt: skip
    if outcome != "done":
        return outcome
    return "stored" if work.wanted else "forgotten"


def _bring_home(context: Context, establishment_id: int, work: Work) -> None:
    """Store a recording's audio and note it; no transaction is open while it is fetched."""
    kept = context.recordings_of(establishment_id, work.sender_id)
    fetched = kept.fetch(work.provider_id, MOST_BYTES, FETCH_SECONDS)
    recording, facts = stored(context, establishment_id, work.recording_id, fetched)
    reached("recording.after_store")
    with context.database.establishment(establishment_id) as session:
        note_fetched(session, work, recording, facts, whole=fetched.whole)
    reached("recording.after_fetch")


def _forget(context: Context, establishment_id: int, work: Work) -> None:
    with context.database.establishment(establishment_id) as session:
        unused = forget_stored(session, work)
    if unused:
        throw_away(context.storage, establishment_id, work.recording_id)


@errand
def ask(establishment_id: int, ids: list[int]) -> None:
    """Ask for the recordings of calls that were recorded: a callback may have been lost."""
    context = get_context()
    with context.database.establishment(establishment_id) as session:
        calls = calls_to_ask(session, ids)
    away: set[int | None] = set()  # numbers whose account cannot be asked: not once for each call
    for call in calls:
        if call.sender_id in away:
            continue
        try:
            kept = context.recordings_of(establishment_id, call.sender_id)
            listed = kept.of_call(call.provider_id)
        except RecordingsAway:
            log.warning("provider cannot be asked for recordings", establishment=establishment_id)
            away.add(call.sender_id)  # the sweep finds them again
            continue
        with context.database.establishment(establishment_id) as session:
            take_in_list(session, call.id, list(listed))
