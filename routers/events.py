"""Server-sent events: the console's open pages hear that something has changed, and ask for it.

Never what has changed: a hint carries a kind and a number. A stream ends when its token does, so
that a session that is over hears nothing more.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.concurrency import run_in_threadpool

from database.engine import DatabaseNotReady
from routers.dependencies import StateDep, TokenDep, Viewer
from routers.state import State
from services.errors import Unauthenticated
from services.identity import Principal

HEARTBEAT_SECONDS = 15.0
GATHER_SECONDS = 0.5
"""Between two answers to one page: what happens in between is told together."""
COME_BACK_MS = 3000

router = APIRouter(tags=["console"])


@router.get(
    "/events",
    summary="Hints of what has changed (text/event-stream)",
    description=(
        "The event's name is what has changed: ask again for what is shown of it. It is feedback,"
        " reminder, delivery, task, campaign, department, phrase or everything; its data are"
        ' `{"id": 5}`, or `{"id": null}` for some. `expired` comes last, when the token ends:'
        " refresh it and come back."
    ),
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def listen(state: StateDep, principal: Viewer, token: TokenDep) -> StreamingResponse:
    state.changes.refuse_too_many(principal.actor)
    return StreamingResponse(
        _stream(state, principal, token or ""),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(state: State, principal: Principal, token: str) -> AsyncIterator[str]:
    ends = state.signer.read(token).expires_at
    assert ends is not None  # it was read from a token
    listener = state.changes.join(principal.establishment_id, principal.actor)
    next_check = time.monotonic() + HEARTBEAT_SECONDS
    try:
        yield f"retry: {COME_BACK_MS}\n\n"
        while (left := (ends - datetime.now(UTC)).total_seconds()) > 0:
            hints = await listener.take(min(HEARTBEAT_SECONDS, left))
            for hint in hints:
                yield _event(hint.kind, {"id": hint.id})
            if time.monotonic() >= next_check:
                if not await run_in_threadpool(_still_signed_in, state, token):
                    break
                next_check = time.monotonic() + HEARTBEAT_SECONDS
                yield ": still here\n\n"
            await asyncio.sleep(GATHER_SECONDS if hints else 0)
        yield _event("expired", {})
    finally:
        state.changes.leave(listener)


def _event(name: str, data: dict[str, object]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def _still_signed_in(state: State, token: str) -> bool:
    """Somebody may have logged out everywhere, or may work here no more."""
    try:
        state.authenticator.authenticate(token)
    except Unauthenticated:
        return False
    except (DBAPIError, PoolTimeout, DatabaseNotReady):
        return True  # asked again in a moment
    return True
