"""HTTP as the carrier needs it: forms, refusals, and a connection that can be cut."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, cast
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from simulator.carrier import Carrier
from simulator.exchange import Exchange

MAX_BODY_BYTES = 31_457_280  # SendGrid takes messages of up to 30 MB
Handler = Callable[[Request], Awaitable[Response]]
_CUT = "simulator.cut"


class CuttableProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, except that an application may cut the connection."""

    def on_message_begin(self) -> None:
        """Offer the cut in the scope's extensions, as ASGI intends for what goes beyond it."""
        super().on_message_begin()
        cast(dict[str, Any], self.scope)["extensions"] = {_CUT: self._cut}

    def _cut(self) -> None:
        self.transport.abort()


class CutResponse(Response):
    """No answer: the connection is reset."""

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        """Cut, and wait until the server has noticed, so that it does not answer 500."""
        extensions: dict[str, Any] = dict(scope.get("extensions") or {})
        extensions[_CUT]()
        async with asyncio.timeout(5):
            while (await receive())["type"] != "http.disconnect":
                continue


class JsonResponse(Response):
    """JSON in UTF-8."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Compact, as the providers send it."""
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        )


class Form:
    """The parameters of a request; a name may come more than once."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def one(self, name: str, default: str = "") -> str:
        """The last value, as Twilio takes it."""
        values = self._values.get(name)
        return values[-1] if values else default

    def all(self, name: str) -> list[str]:
        """Every value, in the order given."""
        return self._values.get(name, [])

    def names(self) -> list[str]:
        """Every name, in the order of first mention."""
        return list(self._values)

    def __contains__(self, name: object) -> bool:
        return name in self._values


class TooLargeError(Exception):
    """The body has more than `MAX_BODY_BYTES`."""


async def body_of(request: Request) -> bytes:
    """The whole body, at every call. Raises `TooLargeError` as soon as it is too large."""
    if hasattr(request.state, "body"):
        return bytes(request.state.body)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise TooLargeError
        chunks.append(chunk)
    request.state.body = b"".join(chunks)
    return bytes(request.state.body)


async def form_of(request: Request) -> Form:
    """The form-encoded body; anything else counts as an empty form, as at Twilio."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return Form([])
    body = await body_of(request)
    return Form(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def query_of(request: Request) -> Form:
    """The query string's parameters."""
    return Form(parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True))


def exchange_of(request: Request) -> Exchange:
    """The exchange that the application was built for."""
    return cast(Exchange, request.app.state.exchange)


def carrier_of(request: Request) -> Carrier:
    """The carrier in that exchange."""
    return exchange_of(request).carrier
