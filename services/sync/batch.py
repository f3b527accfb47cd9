"""What was captured offline: many items in one transaction, and a result for each.

The identity that the device gave an item is its identity for ever, so a batch may be sent again in
whole or in part, cut anywhere, twice at the same time, months later: the rows are the same.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from database.driver import undone_on_error
from database.session import Database, ScopedSession
from models.recording import Recording
from schemas.sync import OfflineFeedback, OfflineReminder, SealedItem, SyncResult, SyncStatus
from services.errors import CareloopError, Invalid
from services.feedback.feedbacks import in_local_time
from services.feedback.intake import Arrival, Result, Stored, arrival, known_submission, store
from services.feedback.intake_copy import copy_feedback
from services.identity import Principal
from services.recording import put_away, throw_away
from services.sealing_key import ITEM, SealingKeys, sealing_keys
from services.sync.reminder import (
    NOT_STORABLE,
    Office,
    not_storable,
    refusal,
    store_reminders,
    taken,
)
from utils.logs import get_logger
from utils.storage import Storage

log = get_logger("careloop.sync")


@dataclass
class Batch:
    """Items to store, by place; and the recordings of some that wait for their rows."""

    office: Office
    feedback: dict[int, OfflineFeedback] = field(default_factory=dict)
    reminders: dict[int, OfflineReminder] = field(default_factory=dict)
    recordings: dict[int, Recording] = field(default_factory=dict)
    results: dict[int, SyncResult] = field(default_factory=dict)

    def arrival(self, place: int) -> Arrival:
        """A feedback, sealed for the statement that takes a group."""
        item, recording = self.feedback[place], self.recordings.get(place)
        return arrival(
            item,
            identity=item.client_id,
            principal=self.office.principal,
            recording_id=recording.id if recording else None,
            sent_at=self.office.sent_at,
        )


def prepare(
    database: Database,
    storage: Storage,
    office: Office,
    feedback: Sequence[tuple[int, OfflineFeedback]],
    reminders: Sequence[tuple[int, OfflineReminder]] = (),
) -> Batch:
    """Put the recordings of feedback away, with no transaction open meanwhile.

    Items come with their place in the batch. What cannot be prepared has its result already.
    """
    batch = Batch(office, reminders=dict(reminders))
    for place, item in feedback:
        try:
            batch.feedback[place] = in_local_time(item, office.establishment)
            if item.voice_data:
                _put_voice_away(database, storage, batch, place, item.voice_data)
        except CareloopError as error:
            batch.feedback.pop(place, None)
            batch.results[place] = refusal(item.client_id, error)
    return batch


def _put_voice_away(
    database: Database, storage: Storage, batch: Batch, place: int, voice: str
) -> None:
    """Store an item's audio, unless its feedback is here already."""
    number = batch.office.principal.establishment_id
    with database.establishment(number) as session:
        if known_submission(session, batch.arrival(place)):
            return
    batch.recordings[place] = put_away(storage, number, base64.b64decode(voice))


def unsealed(
    database: Database, principal: Principal, items: Sequence[tuple[int, SealedItem]]
) -> tuple[list[tuple[int, Any]], dict[int, SyncResult]]:
    """What is inside sealed items, not judged yet, by place; and why some did not open."""
    with database.establishment(principal.establishment_id) as session:
        keys = sealing_keys(session, [item.key_id for _, item in items])
    inside: list[tuple[int, Any]] = []
    refused: dict[int, SyncResult] = {}
    for place, item in items:
        try:
            inside.append((place, _inside(keys, item)))
        except CareloopError as error:
            refused[place] = refusal(item.client_id, error)
    return inside, refused


def _inside(keys: SealingKeys, item: SealedItem) -> Any:
    plain = keys.open(item.key_id, item.sealed, ITEM, item.client_id)
    try:
        found = json.loads(plain)
        same = UUID(str(found["client_id"])) == item.client_id
        if found.get("type") == "sealed":
            raise ValueError("sealed twice")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Invalid("There is no item inside.", field="sealed", code="not_an_item") from None
    if not same:
        raise Invalid(
            "The item inside has another identity.", field="client_id", code="identity_differs"
        )
    return found


def store_batch(session: ScopedSession, batch: Batch) -> dict[int, SyncResult]:
    """Store all of a batch in this transaction; the results by place.

    An item that PostgreSQL cannot take is rejected by itself; the others are stored.
    """
    results = dict(batch.results) | store_reminders(session, batch.office, batch.reminders)
    return results | _store_feedback(session, batch)


def _store_feedback(session: ScopedSession, batch: Batch) -> dict[int, SyncResult]:
    """Copied into the table where nothing stands in the way; else stored with more care."""
    if not any(item.voice_data for item in batch.feedback.values()):
        try:
            session.flush()
            with undone_on_error(session.connection()):
                return _copied(session, batch)
        except NOT_STORABLE as error:
            # Mostly the same items, on two connections at once.
            log.info("batch not copied", error=type(error).__name__)
    stored = _store(session, batch, list(batch.feedback))
    return {
        place: _result(batch.feedback[place].client_id, result) for place, result in stored.items()
    }


def _copied(session: ScopedSession, batch: Batch) -> dict[int, SyncResult]:
    office, items = batch.office, batch.feedback
    copied = copy_feedback(session, office.principal, office.sent_at, items)
    created = {
        place: taken(items[place].client_id, number, created=True)
        for place, number in copied.created.items()
    }
    return created | {
        place: _result(items[place].client_id, result) for place, result in copied.others.items()
    }


def _store(session: ScopedSession, batch: Batch, places: Sequence[int]) -> dict[int, Result]:
    if not places:
        return {}
    try:
        with session.begin_nested():
            return dict(zip(places, _store_together(session, batch, places), strict=True))
    except NOT_STORABLE as error:
        if len(places) == 1:
            log.warning("item not stored", error=type(error).__name__)
            return {places[0]: not_storable()}
    # Halving finds the one that spoils it without trying each of a thousand by itself.
    half = len(places) // 2
    return _store(session, batch, places[:half]) | _store(session, batch, places[half:])


def _store_together(session: ScopedSession, batch: Batch, places: Sequence[int]) -> list[Result]:
    recordings = {place: batch.recordings[place] for place in places if place in batch.recordings}
    session.add_all(recordings.values())
    session.flush()
    results = store(session, [batch.arrival(place) for place in places])
    for place, result in zip(places, results, strict=True):
        if place in recordings and not _new(result):
            session.delete(recordings[place])
    session.flush()
    return results


def _new(result: Result) -> bool:
    return isinstance(result, Stored) and result.created


def clear_away(
    storage: Storage, principal: Principal, batch: Batch, results: dict[int, SyncResult]
) -> None:
    """Remove the audio that no row took over; `results` are empty when nothing was stored.

    A commit that nobody knows the outcome of leaves what it stored: audio without a row is
    harmless, a row without its audio is a voice lost.
    """
    for place, recording in batch.recordings.items():
        result = results.get(place)
        if result is None or result.status is not SyncStatus.created:
            throw_away(storage, principal.establishment_id, recording.id)


def _result(client_id: UUID, result: Result) -> SyncResult:
    if isinstance(result, Stored):
        return taken(client_id, result.id, created=result.created)
    return refusal(client_id, result)
