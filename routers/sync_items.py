"""Reading a batch: which items have the right shape, and why the others have not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from database.session import Database
from routers.problems import field_of, reason_of
from schemas.sync import OfflineFeedback, SealedItem, SyncResult, SyncStatus
from services import sync as syncs
from services.identity import Principal

_FEEDBACK = TypeAdapter(list[OfflineFeedback])
_SEALED = TypeAdapter(list[SealedItem])
_RANGES = ("greater_than", "less_than")
_Item = TypeVar("_Item")
Placed = tuple[int, Any]
"""An item with its place in the batch."""


@dataclass
class ReadItems:
    """Items to store, with their places; and the results of those that cannot be."""

    good: list[tuple[int, OfflineFeedback]]
    refused: dict[int, SyncResult] = field(default_factory=dict)


def read_items(database: Database, principal: Principal, items: list[Any]) -> ReadItems:
    """Judge each item of a batch by its shape; what is sealed is opened and judged as the rest."""
    open_ones = [placed for placed in enumerate(items) if not _is_sealed(placed[1])]
    if len(open_ones) == len(items):
        return ReadItems(*_parsed(_FEEDBACK, open_ones))
    sealed, misshapen = _parsed(_SEALED, (p for p in enumerate(items) if _is_sealed(p[1])))
    inside, unopened = syncs.unsealed(database, principal, sealed)
    good, refused = _parsed(_FEEDBACK, open_ones + inside)
    return ReadItems(good, misshapen | unopened | refused)


def _is_sealed(item: Any) -> bool:
    return isinstance(item, dict) and item.get("type") == "sealed"


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
