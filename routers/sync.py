"""Sync: what was captured offline comes in; every item gets its own result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter, ValidationError

from routers.dependencies import StateDep, Submitter, establishment_of
from routers.idempotency import OnceDep
from routers.problems import field_of, reason_of
from schemas.sync import MOST_BYTES, OfflineFeedback, SyncIn, SyncOut, SyncResult, SyncStatus
from services import sync as syncs
from services.errors import CareloopError

router = APIRouter(prefix="/sync", tags=["sync"])
public_router = APIRouter(prefix="/e/{slug}/sync", tags=["sync"])

MINIMAL = "return=minimal"
_ITEMS = TypeAdapter(list[OfflineFeedback])
_RANGES = ("greater_than", "less_than")
_NEWS = (SyncStatus.conflict, SyncStatus.rejected)


class BatchTooLarge(CareloopError):
    """A batch of more bytes than one may have."""

    status = 413
    code = "body_too_large"


async def _bounded(request: Request) -> None:
    if len(await request.body()) > MOST_BYTES:
        raise BatchTooLarge("At most 1 MiB a batch, after expansion: send it in parts.")


@router.post(
    "",
    summary="Upload what was captured offline",
    response_model=SyncOut,
    dependencies=[Depends(_bounded)],
)
def upload(
    body: SyncIn,
    response: Response,
    state: StateDep,
    principal: Submitter,
    once: OnceDep,
    prefer: Annotated[str | None, Header(max_length=200)] = None,
) -> SyncOut | JSONResponse:
    good, refused = read_items(body.items)
    batch = syncs.prepare(
        state.database,
        state.storage,
        establishment_of(state, principal),
        good,
        sent_at=body.sent_at,
        principal=principal,
    )
    batch.results |= refused
    minimal = prefer is not None and MINIMAL in prefer.replace(" ", "").lower()
    results: dict[int, SyncResult] = {}

    def store() -> SyncOut:
        found = syncs.store_batch(session, batch)
        listed = [found[place] for place in sorted(found)]
        shown = [result for result in listed if result.status in _NEWS] if minimal else listed
        results.update(found)
        return SyncOut(results=shown)

    try:
        with state.database.establishment(principal.establishment_id) as session:
            answer = once.run(session, principal, store, status=200)
    finally:
        syncs.clear_away(state.storage, principal, batch, results)
    if minimal:
        response.headers["Preference-Applied"] = MINIMAL
    return answer


@public_router.post(
    "",
    summary="Upload what was captured offline to a named establishment",
    response_model=SyncOut,
    dependencies=[Depends(_bounded)],
)
def upload_to(
    slug: Annotated[str, Path(max_length=63)],  # noqa: ARG001 - read by Submitter
    body: SyncIn,
    response: Response,
    state: StateDep,
    principal: Submitter,
    once: OnceDep,
    prefer: Annotated[str | None, Header(max_length=200)] = None,
) -> SyncOut | JSONResponse:
    return upload(body, response, state, principal, once, prefer)


def read_items(
    items: list[Any],
) -> tuple[list[tuple[int, OfflineFeedback]], dict[int, SyncResult]]:
    """The items that have the right shape, with their places; and why the others have not."""
    try:
        return list(enumerate(_ITEMS.validate_python(items))), {}
    except ValidationError as error:
        refused: dict[int, SyncResult] = {}
        for found in error.errors(include_url=False, include_context=False):
            place = int(found["loc"][0])
            if place not in refused:
                refused[place] = _rejected(place, items[place], found)
    good = [place for place in range(len(items)) if place not in refused]
    parsed = _ITEMS.validate_python([items[place] for place in good])
    return list(zip(good, parsed, strict=True)), refused


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
