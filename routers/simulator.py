"""In development only: the simulator's page and ledger, on the API's own port.

The simulator is a process of its own and no import of ours; this passes requests on to it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from routers.problems import problem

_PASSED_ON = ("content-type", "accept", "last-event-id")
_PASSED_BACK = (
    "content-type", "cache-control", "etag", "content-security-policy", "content-disposition",
)  # fmt: skip


def simulator_router(base_url: str) -> APIRouter:
    """Routes below `/simulator/` that answer with what the simulator at `base_url` says."""
    router = APIRouter(include_in_schema=False)
    # Events stream for hours, so only the connecting is bounded.
    client = httpx2.AsyncClient(
        base_url=base_url, timeout=httpx2.Timeout(10, read=None), trust_env=False
    )

    @router.get("/simulator")
    def page() -> RedirectResponse:
        return RedirectResponse("/simulator/")

    @router.api_route("/simulator/{path:path}", methods=["GET", "POST", "PUT", "DELETE"])
    async def pass_on(path: str, request: Request) -> Response:
        content = await request.body()
        try:
            wanted = client.build_request(
                request.method,
                f"/simulator/{path}",
                params=request.query_params,
                content=content,
                headers={n: request.headers[n] for n in _PASSED_ON if n in request.headers},
            )
            answer = await client.send(wanted, stream=True)
        except httpx2.InvalidURL:
            return problem(404, "not_found", "There is nothing at this address.")
        except httpx2.TransportError:
            return problem(502, "simulator_away", "The simulator does not answer: is it running?")
        return StreamingResponse(
            _stream(answer),
            answer.status_code,
            headers={n: answer.headers[n] for n in _PASSED_BACK if n in answer.headers},
        )

    return router


async def _stream(answer: httpx2.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    except httpx2.TransportError:
        return  # the simulator was restarted: the page connects again by itself
    finally:
        await answer.aclose()
