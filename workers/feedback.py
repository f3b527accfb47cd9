"""Jobs on feedback. Ids in, nothing out."""

from __future__ import annotations

from uuid import UUID

from services.errors import NotFound
from services.feedback.feedbacks import mark_processed, recordings_of
from services.feedback.upload import join_feedback
from services.recording import LONGEST_SECONDS, PROBE_SECONDS, audio_of, note_facts, unprobed
from utils.audio import AudioFacts, probe
from utils.logs import get_logger
from workers.context import Context, get_context
from workers.errands import errand

log = get_logger("careloop.worker")


@errand
def process(establishment_id: int, ids: list[int]) -> None:
    """Look at new feedback: probe what was recorded, then mark it as processed.

    Killed anywhere, the feedback is still unprocessed and the scheduler hands it over again.
    """
    context = get_context()
    with context.database.establishment(establishment_id) as session:
        join_feedback(session)
        recordings = unprobed(session, recordings_of(session, ids))
    for recording_id in recordings:
        facts = _look(context, establishment_id, recording_id)
        with context.database.establishment(establishment_id) as session:
            note_facts(session, recording_id, facts)
    with context.database.establishment(establishment_id) as session:
        mark_processed(session, ids)


def _look(context: Context, establishment_id: int, recording_id: UUID) -> AudioFacts:
    """Probe one recording; no transaction is open meanwhile."""
    try:
        audio = audio_of(context.storage, establishment_id, recording_id)
    except NotFound:
        log.error("recording without its audio", recording=str(recording_id))
        return AudioFacts(None, None, 0.0, None, None, ("missing",))
    return probe(audio, LONGEST_SECONDS, PROBE_SECONDS)
