"""What was captured offline: many items in one transaction, and a result for each.

The identity that the device gave an item is its identity for ever, so a batch may be sent again in
whole or in part, cut anywhere, twice at the same time, months later: the rows are the same.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DataError, IntegrityError

from database.session import Database, ScopedSession
from models.establishment import Establishment
from models.recording import Recording
from schemas.sync import OfflineFeedback, SealedItem, SyncResult, SyncStatus
from services.errors import CareloopError, Conflict, Invalid
from services.feedback import in_local_time
from services.identity import Principal
from services.intake import Arrival, Result, Stored, arrival, known_submission, store
from services.recording import put_away, throw_away
from services.sealing_key import ITEM, SealingKeys, sealing_keys
from utils.logs import get_logger
from utils.storage import Storage

log = get_logger("careloop.sync")

_NOT_STORABLE = (DataError, IntegrityError, ValueError, ArithmeticError)
"""What one item may do to a whole statement; psycopg2 says ValueError of what it cannot write."""


@dataclass
class Batch:
    """Items that are ready to be stored, and the recordings that wait for their rows."""

    arrivals: dict[int, Arrival] = field(default_factory=dict)
    recordings: dict[UUID, Recording] = field(default_factory=dict)
    results: dict[int, SyncResult] = field(default_factory=dict)


def prepare(
    database: Database,
    storage: Storage,
    establishment: Establishment,
    items: Sequence[tuple[int, OfflineFeedback]],
    *,
    sent_at: datetime,
    principal: Principal,
) -> Batch:
    """Seal the items; put their recordings away. No transaction is open while the store is written.

    `items` come with their place in the batch. What cannot be prepared has its result already.
    """
    batch = Batch()
    for place, item in items:
        try:
            one = arrival(
                in_local_time(item, establishment),
                identity=item.client_id,
                principal=principal,
                sent_at=sent_at,
            )
            if item.voice_data:
                one = _with_voice(database, storage, batch, one, item.voice_data)
            batch.arrivals[place] = one
        except CareloopError as error:
            batch.results[place] = result_of(item.client_id, error)
    return batch


def _with_voice(
    database: Database, storage: Storage, batch: Batch, one: Arrival, voice: str
) -> Arrival:
    """Store an item's audio, unless its feedback is here already."""
    with database.establishment(one.establishment_id) as session:
        if known_submission(session, one):
            return one
    recording = put_away(storage, one.establishment_id, base64.b64decode(voice))
    batch.recordings[recording.id] = recording
    return replace(one, recording_id=recording.id)


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
            refused[place] = result_of(item.client_id, error)
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
    results = dict(batch.results)
    for place, stored in _store(session, batch, list(batch.arrivals)).items():
        results[place] = result_of(batch.arrivals[place].client_id, stored)
    return results


def _store(session: ScopedSession, batch: Batch, places: Sequence[int]) -> dict[int, Result]:
    if not places:
        return {}
    try:
        with session.begin_nested():
            return dict(zip(places, _store_together(session, batch, places), strict=True))
    except _NOT_STORABLE as error:
        if len(places) == 1:
            log.warning("item not stored", error=type(error).__name__)
            return {places[0]: Invalid("This item cannot be stored.", code="not_storable")}
    # Halving finds the one that spoils it without trying each of a thousand by itself.
    half = len(places) // 2
    return _store(session, batch, places[:half]) | _store(session, batch, places[half:])


def _store_together(session: ScopedSession, batch: Batch, places: Sequence[int]) -> list[Result]:
    arrivals = [batch.arrivals[place] for place in places]
    recordings = [
        batch.recordings[one.recording_id]
        for one in arrivals
        if one.recording_id in batch.recordings
    ]
    session.add_all(recordings)
    session.flush()
    results = store(session, arrivals)
    taken = {one.recording_id for one, done in zip(arrivals, results, strict=True) if _new(done)}
    for recording in recordings:
        if recording.id not in taken:
            session.delete(recording)
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
    taken = {
        one.recording_id
        for place, one in batch.arrivals.items()
        if place in results and results[place].status is SyncStatus.created
    }
    for recording_id in batch.recordings.keys() - taken:
        throw_away(storage, principal.establishment_id, recording_id)


def result_of(client_id: UUID, result: Result) -> SyncResult:
    """A result as it is answered."""
    if isinstance(result, Stored):
        status = SyncStatus.created if result.created else SyncStatus.duplicate
        return SyncResult(client_id=client_id, status=status, id=result.id)
    if isinstance(result, Conflict):
        return SyncResult(
            client_id=client_id,
            status=SyncStatus.conflict,
            id=result.row_id,
            fields=result.fields,
        )
    return SyncResult(
        client_id=client_id,
        status=SyncStatus.rejected,
        code=result.code,
        field=result.field,
        detail=result.detail,
    )
