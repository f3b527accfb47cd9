"""Who submits feedback: a member of staff, a device, or anybody where that is allowed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from routers.dependencies import TokenDep
from routers.state import State, state_of
from services.errors import Unauthenticated
from services.identity import Principal


async def _submitter(request: Request, token: TokenDep) -> Principal:
    """Known tokens and establishments are answered from memory: nothing blocks the event loop."""
    state = state_of(request)
    slug = request.path_params.get("slug")
    if token is None:
        if state.directory.fresh():
            return _anybody(state, slug)
        return await run_in_threadpool(_anybody, state, slug)
    known = state.authenticator.remembered(token)
    if known is not None:
        return known
    return await run_in_threadpool(state.authenticator.authenticate, token)


def _anybody(state: State, slug: str | None) -> Principal:
    """Without a token: the establishment of the path, else the only or default one."""
    establishment = state.directory.by_slug(slug) if slug else state.directory.default()
    if not establishment.anonymous_feedback:
        raise Unauthenticated("This establishment takes feedback from enrolled devices only.")
    return Principal(establishment_id=establishment.id, actor="anonymous")


Submitter = Annotated[Principal, Depends(_submitter)]
