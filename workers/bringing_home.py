"""One voice's way home, whoever holds it: fetched, probed, stored sealed, deleted over there.

No transaction is open while the provider or the store is asked. Each step stands in the row before
the next one begins, so that a worker killed anywhere leaves the rest to the next look at the row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from database.session import ScopedSession
from models.recording import Recording
from services.errors import NotFound
from services.recording import LONGEST_SECONDS, PROBE_SECONDS, StoreAway, StoreFull, put_away
from utils.audio import AudioFacts, probe
from utils.twilio_recordings import Fetched, RecordingGone, RecordingsAway
from workers.context import Context

FETCH_SECONDS = 60.0
LEASES = 3
"""Of the engine, that a voice is one worker's: fetching, probing and storing take longer."""

Work = TypeVar("Work")
Note = Callable[[ScopedSession, Work], None]


def settle(
    context: Context, establishment_id: int, work: Work, step: Callable[[], None], *,
    gone: Note[Work], failed: Note[Work], done: Note[Work],
) -> str:  # fmt: skip
    """Do a step and note how it ended: `gone`, `failed` or `done`."""
    note, outcome = done, "done"
    try:
        step()
    except RecordingGone:
        note, outcome = gone, "gone"
    except (RecordingsAway, StoreAway, StoreFull, NotFound):
        note, outcome = failed, "failed"
    with context.database.establishment(establishment_id) as session:
        note(session, work)
    return outcome


def stored(
    context: Context, establishment_id: int, recording_id: UUID, fetched: Fetched
) -> tuple[Recording, AudioFacts]:
    """Put audio into the store under its identity, and say what a probe found in it."""
    facts = probe(fetched.audio, LONGEST_SECONDS, PROBE_SECONDS)
    return put_away(context.storage, establishment_id, fetched.audio, recording_id), facts
