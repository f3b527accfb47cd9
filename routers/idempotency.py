"""`Idempotency-Key` for the POSTs whose body carries no identity of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse

from database.session import ScopedSession
from routers.dependencies import IdempotencyKey
from schemas.common import Out
from services import idempotency
from services.identity import Principal

REPLAYED = "Idempotency-Replayed"
_KEPT_HEADERS = ("location", "etag")

Answer = TypeVar("Answer", bound=Out)


@dataclass
class Once:
    """Carries out one request once, however often it is sent."""

    path: str
    key: str | None
    body: bytes
    response: Response

    def run(
        self,
        session: ScopedSession,
        who: Principal | str,
        work: Callable[[], Answer],
        *,
        status: int = 201,
        body: bytes | None = None,
    ) -> Answer | JSONResponse:
        """Do `work`, or answer what it was answered before. Errors are not kept: try again.

        `who` asks: a principal, or another secret that only this client has. `body` is what makes
        two requests equal where that is not the raw body.
        """
        if self.key is None:
            return work()
        caller = f"{who.establishment_id}:{who.actor}" if isinstance(who, Principal) else who
        identity = idempotency.RequestIdentity.of(
            caller, self.path, self.key, self.body if body is None else body
        )
        kept = idempotency.claim(session, identity)
        if kept is not None:
            return JSONResponse(kept.body, kept.status, kept.headers | {REPLAYED: "true"})
        answer = work()
        headers = {
            name: self.response.headers[name]
            for name in _KEPT_HEADERS
            if name in self.response.headers
        }
        idempotency.keep(session, identity, idempotency.Kept(status, answer.as_json(), headers))
        return answer


async def _once(
    request: Request, response: Response, idempotency_key: IdempotencyKey = None
) -> Once:
    return Once(request.url.path, idempotency_key, await request.body(), response)


OnceDep = Annotated[Once, Depends(_once)]
