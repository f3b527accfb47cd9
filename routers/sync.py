"""Sync: what was captured offline comes in, item by item; what changed for a device goes out."""

from __future__ import annotations

import hashlib
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from database.deadlock import again_after_deadlock
from database.session import ScopedSession
from routers.dependencies import (
    CorrelationId,
    StateDep,
    Submitter,
    establishment_of,
    senders_of,
)
from routers.idempotency import OnceDep
from routers.sync_items import read_items
from schemas.sync import (
    MOST_BYTES,
    AnswersIn,
    AnswersOut,
    DownOut,
    SyncIn,
    SyncOut,
    SyncResult,
    SyncStatus,
)
from services.errors import CareloopError
from services.identity import Principal
from services.sync import batch as syncs
from services.sync.answer import answers_to
from services.sync.down import Sections, encode_cursor, prompt_recording, with_own
from services.sync.reminder import Office

router = APIRouter(prefix="/sync", tags=["sync"])
public_router = APIRouter(prefix="/e/{slug}/sync", tags=["sync"])

MINIMAL = "return=minimal"
_NEWS = (SyncStatus.conflict, SyncStatus.rejected)
Slug = Annotated[str, Path(max_length=63)]
Cursor = Annotated[
    str | None, Query(max_length=400, description="of the last answer; without it, everything")
]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", max_length=400)]


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
    correlation: CorrelationId,
    prefer: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    read = read_items(state.database, principal, body.items)
    batch = syncs.prepare(
        state.database,
        state.storage,
        Office(
            establishment_of(state, principal),
            senders_of(state, principal),
            principal,
            body.sent_at,
            correlation,
        ),
        read.feedback,
        read.reminders,
    )
    batch.results |= read.refused
    minimal = prefer is not None and MINIMAL in prefer.replace(" ", "").lower()
    # Those of all devices before the transaction: one request, one connection.
    sections = None if minimal else state.down.shared(principal.establishment_id)
    results: dict[int, SyncResult] = {}

    def store(session: ScopedSession) -> SyncOut:
        found = syncs.store_batch(session, batch)
        listed = [found[place] for place in sorted(found)]
        shown = [result for result in listed if result.status in _NEWS] if minimal else listed
        results.update(found)
        return SyncOut(results=shown, cursor=_cursor(session, sections, principal))

    def commit() -> SyncOut | JSONResponse:
        with state.database.establishment(principal.establishment_id) as session:
            return once.run(session, principal, lambda: store(session), status=200)

    try:
        answer = again_after_deadlock(commit)
    finally:
        syncs.clear_away(state.storage, principal, batch, results)
    if minimal:
        response.headers["Preference-Applied"] = MINIMAL
    if isinstance(answer, JSONResponse):
        return answer
    # As it is: to have it validated and taken apart again would cost more than to make it.
    return Response(answer.written(), media_type="application/json", headers=dict(response.headers))


def _cursor(session: ScopedSession, sections: Sections | None, principal: Principal) -> str | None:
    """What a device has that knows everything: one whose own cursor is another has to ask."""
    if sections is None:
        return None
    return encode_cursor(with_own(session, sections, principal.device_id))


@public_router.post(
    "",
    summary="Upload what was captured offline to a named establishment",
    response_model=SyncOut,
    dependencies=[Depends(_bounded)],
)
def upload_to(
    slug: Slug,  # noqa: ARG001 - read by Submitter
    body: SyncIn,
    response: Response,
    state: StateDep,
    principal: Submitter,
    once: OnceDep,
    correlation: CorrelationId,
    prefer: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    return upload(body, response, state, principal, once, correlation, prefer)


@router.get("", summary="What changed for a device", response_model=DownOut)
def changed(
    state: StateDep,
    principal: Submitter,
    cursor: Cursor = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    body = DownOut(**state.down.changed(principal.establishment_id, cursor, principal.device_id))
    content = body.model_dump_json().encode()
    etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {"ETag": f"W/{etag}", "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if etag in (if_none_match or ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


@public_router.get(
    "", summary="What changed for a device of a named establishment", response_model=DownOut
)
def changed_at(
    slug: Slug,  # noqa: ARG001 - read by Submitter
    state: StateDep,
    principal: Submitter,
    cursor: Cursor = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    return changed(state, principal, cursor, if_none_match)


@router.post("/answers", summary="Which of these feedbacks the hospital has answered, and how")
def answers(body: AnswersIn, state: StateDep, principal: Submitter) -> AnswersOut:
    with state.database.establishment(principal.establishment_id) as session:
        return AnswersOut(answers=answers_to(session, principal, body.client_ids))


@public_router.post("/answers", summary="The same, of a named establishment")
def answers_at(
    slug: Slug,  # noqa: ARG001 - read by Submitter
    body: AnswersIn,
    state: StateDep,
    principal: Submitter,
) -> AnswersOut:
    return answers(body, state, principal)


@router.get(
    "/prompts/{recording_id}", summary="A phrase of the app, spoken", response_class=Response
)
def prompt(recording_id: UUID, state: StateDep, principal: Submitter) -> Response:
    with state.database.establishment(principal.establishment_id) as session:
        recording = prompt_recording(session, recording_id)
    heard = state.player.spoken(principal.establishment_id, recording.id)
    return Response(
        heard.audio,
        media_type=heard.media_type,
        headers={"Cache-Control": "private, max-age=31536000, immutable", "Vary": "Authorization"},
    )


@public_router.get(
    "/prompts/{recording_id}", summary="The same, of a named establishment", response_class=Response
)
def prompt_at(
    slug: Slug,  # noqa: ARG001 - read by Submitter
    recording_id: UUID,
    state: StateDep,
    principal: Submitter,
) -> Response:
    return prompt(recording_id, state, principal)
