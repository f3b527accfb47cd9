"""What happens around every request: correlation id, bounded body, counters, one log line.

Plain ASGI: Starlette's `BaseHTTPMiddleware` would cost a task switch for every message.
"""

from __future__ import annotations

import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from routers.problems import problem
from utils.body import BodyCorrupt, BodyTooLarge, UnsupportedEncoding, expand
from utils.logs import get_logger, scrub
from utils.metrics import REQUEST_SECONDS, REQUESTS

CORRELATION_HEADER = "X-Correlation-Id"
_CORRELATION = re.compile(r"[A-Za-z0-9_-]{8,64}")
_QUIET_PATHS = ("/health/", "/metrics", "/simulator/")

log = get_logger("careloop.api")


class Traced:
    """Gives a request its correlation id, counts it, and writes its one log line."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(CORRELATION_HEADER, "")
        # It stands in every log line, so it may not look like a phone number.
        fit = _CORRELATION.fullmatch(given) and scrub(given) == given
        correlation_id = given if fit else uuid4().hex
        scope.setdefault("state", {})["correlation_id"] = correlation_id
        started = time.perf_counter()
        status = 500

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[CORRELATION_HEADER] = correlation_id
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        with structlog.contextvars.bound_contextvars(correlation_id=correlation_id):
            try:
                await self.app(scope, receive, note_status)
            finally:
                self._note(scope, status, time.perf_counter() - started)

    @staticmethod
    def _note(scope: Scope, status: int, seconds: float) -> None:
        # The route's pattern, never the path itself: a path can carry a reference.
        route = getattr(scope.get("route"), "path", "none")
        REQUESTS.labels(scope["method"], route, str(status)).inc()
        REQUEST_SECONDS.labels(route).observe(seconds)
        if not scope["path"].startswith(_QUIET_PATHS):
            log.info(
                "request",
                method=scope["method"],
                route=route,
                status=status,
                ms=round(seconds * 1000, 1),
            )


class BoundedBody:
    """Reads bodies up to a bound, before and after expansion; hands on plain bytes.

    The limit also holds for chunked bodies, whose length nobody said beforehand. Paths that
    match `streamed` are left to their routes, which bound a body themselves as it comes.
    """

    def __init__(self, app: ASGIApp, limit: int, streamed: re.Pattern[str]) -> None:
        self.app = app
        self.limit = limit
        self.streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS", "DELETE"):
            await self.app(scope, receive, send)
            return
        if self.streamed.fullmatch(scope["path"]):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            chunks = await self._read(headers, receive)
            if chunks is None:  # the client went away in mid-body: nobody to answer
                return
            encoding = headers.get("content-encoding", "identity")
            body = (
                expand(encoding, chunks, self.limit) if encoding != "identity" else b"".join(chunks)
            )
        except BodyTooLarge:
            answer = problem(413, "body_too_large", f"At most {self.limit} bytes, after expansion.")
            await answer(scope, receive, send)
            return
        except UnsupportedEncoding:
            answer = problem(
                415, "encoding_unsupported", "Content-Encoding may be gzip, deflate, br or zstd."
            )
            await answer(scope, receive, send)
            return
        except BodyCorrupt:
            answer = problem(400, "body_corrupt", "The compressed body is damaged or cut short.")
            await answer(scope, receive, send)
            return
        if encoding != "identity":
            scope["headers"] = [
                (name, value)
                for name, value in scope["headers"]
                if name not in (b"content-encoding", b"content-length")
            ]
        await self.app(scope, _replay(body, receive), send)

    async def _read(self, headers: Headers, receive: Receive) -> list[bytes] | None:
        declared = headers.get("content-length", "0")
        if not declared.isdigit() or int(declared[:12]) > self.limit:
            raise BodyTooLarge
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > self.limit:
                raise BodyTooLarge
            if not message.get("more_body", False):
                return chunks


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the whole body once, then what really comes."""
    given = False

    async def once() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once
