"""Reading a batch: which items have the right shape, and why the others have not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from database.session import Database
from routers.problems import field_of, reason_of
from schemas.sync import OfflineFeedback, OfflineReminder, SealedItem, SyncResult, SyncStatus
from services.identity import Principal
from services.sync import batch as syncs

_FEEDBACK = TypeAdapter(list[OfflineFeedback])
_REMINDER = TypeAdapter(list[OfflineReminder])
_SEALED = TypeAdapter(list[SealedItem])
_RANGES = ("greater_than", "less_than")
_Item = TypeVar("_Item")
Placed = tuple[int, Any]
"""An item with its place in the batch."""


@dataclass
class ReadItems:
    """Items to store, with their places; and the results of those that cannot be."""

    feedback: list[tuple[int, OfflineFeedback]]
    reminders: list[tuple[int, OfflineReminder]] = field(default_factory=list)
    refused: dict[int, SyncResult] = field(default_factory=dict)


def read_items(database: Database, principal: Principal, items: list[Any]) -> ReadItems:
    """Judge each item of a batch by its shape; what is sealed is opened and judged as the rest."""
    of_kind = _by_kind(enumerate(items))
    sealed, misshapen = _parsed(_SEALED, of_kind["sealed"])
    unopened: dict[int, SyncResult] = {}
    if sealed:
        inside, unopened = syncs.unsealed(database, principal, sealed)
        for kind, placed in _by_kind(inside).items():
            of_kind[kind] += placed
    feedback, wrong_feedback = _parsed(_FEEDBACK, of_kind["feedback"])
    reminders, wrong_reminders = _parsed(_REMINDER, of_kind["reminder"])
    refused = misshapen | unopened | wrong_feedback | wrong_reminders
    return ReadItems(feedback, reminders, refused)


def _by_kind(placed: Iterable[Placed]) -> dict[str, list[Placed]]:
    """Items by their type; what has none that is known is judged as feedback, and refused there."""
    found: dict[str, list[Placed]] = {"feedback": [], "reminder": [], "sealed": []}
    for place, item in placed:
        kind = item.get("type") if isinstance(item, dict) else None
        found[kind if kind in ("reminder", "sealed") else "feedback"].append((place, item))
    return found


def _parsed(
    adapter: TypeAdapter[list[_Item]], placed: Iterable[Placed]
) -> tuple[list[tuple[int, _Item]], dict[int, SyncResult]]:
    places, items = _unzipped(placed)
    try:
        return list(zip(places, adapter.validate_python(items), strict=True)), {}
    except ValidationError as error:
        refused: dict[int, SyncResult] = {}
        for found in error.errors(include_url=False, include_context=False):
            index = int(found["loc"][0])
            place = places[index]
            if place not in refused:
                refused[place] = _rejected(place, items[index], found)
    good = [
        (place, item) for place, item in zip(places, items, strict=True) if place not in refused
    ]
    parsed = adapter.validate_python([item for _, item in good])
    return list(zip((place for place, _ in good), parsed, strict=True)), refused


def _unzipped(placed: Iterable[Placed]) -> tuple[Sequence[int], list[Any]]:
    pairs = list(placed)
    return [place for place, _ in pairs], [item for _, item in pairs]


def _rejected(place: int, item: Any, found: Mapping[str, Any]) -> SyncResult:
    """Why an item was not understood: by its first error, in the words of the single end points."""
    client_id = _identity(item)
    inside = {**found, "loc": ("body", *found["loc"][1:])}
    name = field_of(inside) if found["loc"][1:] else "item"
    kind, detail = str(found["type"]), reason_of(inside)
    if name == "type":
        detail = "One of feedback, reminder and sealed."
    if kind == "model_type":
        kind, detail = "not_an_object", "An item is a JSON object."
    return SyncResult(
        client_id=client_id,
        index=None if client_id else place,
        status=SyncStatus.rejected,
        code=f"{name}_out_of_range" if kind.startswith(_RANGES) else kind,
        field=name,
        detail=detail,
    )


def _identity(item: Any) -> UUID | None:
    """The identity of an item that is wrong otherwise, so that its device knows which it is."""
    given = item.get("client_id") if isinstance(item, dict) else None
    try:
        return UUID(given) if isinstance(given, str) else None
    except ValueError:
        return None
