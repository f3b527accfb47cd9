"""What somebody spoke for a phrase: looked at before it is kept, unlike a patient's voice."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from database.session import ScopedSession
from services.errors import Invalid
from services.recording import PROBE_SECONDS, put_away
from utils.audio import probe
from utils.storage import Storage

LONGEST_PHRASE = 60.0
"""Seconds that a caller listens to at a time."""


def spoken(session: ScopedSession, storage: Storage, audio: bytes) -> UUID:
    """Keep a recording for a phrase; raises `Invalid` when nobody could play it.

    Staff still have what they recorded: it is better said at once than found by a caller.
    """
    facts = probe(audio, LONGEST_PHRASE, PROBE_SECONDS)
    if facts.problems:
        raise Invalid(
            "This recording cannot be played: " + ", ".join(facts.problems) + ".",
            field="voice_data",
            code="recording_unusable",
        )
    recording = put_away(storage, session.establishment_id, audio)
    recording.container, recording.codec = facts.container, facts.codec
    recording.seconds, recording.probed_at = facts.seconds, datetime.now(UTC)
    session.add(recording)
    session.flush()
    return recording.id
