"""What all of Twilio's REST resources share: authentication, dates, pages."""

from __future__ import annotations

import base64
import binascii
import hmac
import math
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from simulator.errors import ApiError
from simulator.wire import Form, Handler, JsonResponse, carrier_of, query_of

DEFAULT_PAGE = 50
LARGEST_PAGE = 1000
Thing = TypeVar("Thing")


def guarded(handler: Handler) -> Handler:
    """Let in only who knows the account SID and its token, and only into that account."""

    async def endpoint(request: Request) -> Response:
        settings = carrier_of(request).settings
        user, password = _credentials(request)
        known = hmac.compare_digest(user.encode(), settings.account_sid.encode())
        secret = hmac.compare_digest(password.encode(), settings.auth_token.encode())
        if not (known and secret):
            raise ApiError(20003)
        if request.path_params["account"] != settings.account_sid:
            raise ApiError(20404, request.url.path)
        return await handler(request)

    return endpoint


def _credentials(request: Request) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


def not_found(request: Request) -> ApiError:
    """20404 for this path."""
    return ApiError(20404, request.url.path)


def page_of(
    request: Request,
    key: str,
    things: Iterable[Thing],
    render: Callable[[Thing], dict[str, Any]],
    sid_of: Callable[[Thing], str],
) -> JsonResponse:
    """One page of a list, newest first, with Twilio's links to the others.

    The page token names the last thing seen, so that what arrives meanwhile shifts nothing.
    """
    query = query_of(request)
    size = min(max(_whole(query, "PageSize", DEFAULT_PAGE), 1), LARGEST_PAGE)
    page = max(_whole(query, "Page", 0), 0)
    token = query.one("PageToken")
    rest = _after(iter(things), token, sid_of) if token else islice(things, page * size, None)
    window = list(islice(rest, size + 1))
    shown = window[:size]
    return JsonResponse(
        {
            "end": page * size + max(len(shown) - 1, 0),
            "first_page_uri": _link(request, query, size, 0, ""),
            "next_page_uri": (
                _link(request, query, size, page + 1, "PA" + sid_of(shown[-1]))
                if len(window) > size
                else None
            ),
            "page": page,
            "page_size": size,
            "previous_page_uri": _link(request, query, size, page - 1, "") if page else None,
            key: [render(thing) for thing in shown],
            "start": page * size,
            "uri": _link(request, query, size, page, token),
        }
    )


def _after(things: Iterable[Thing], token: str, sid_of: Callable[[Thing], str]) -> Iterable[Thing]:
    last = token.removeprefix("PA")
    iterator = iter(things)
    for thing in iterator:
        if sid_of(thing) == last:
            return iterator
    return iter(())


def _link(request: Request, query: Form, size: int, page: int, token: str) -> str:
    kept = [
        (name, value)
        for name, value in query_pairs(query)
        if name not in ("PageSize", "Page", "PageToken")
    ]
    paging = [("PageSize", str(size)), ("Page", str(page))]
    tokens = [("PageToken", token)] if token else []
    return f"{request.url.path}?{urlencode(kept + paging + tokens)}"


def query_pairs(query: Form) -> Sequence[tuple[str, str]]:
    """Every name and value, repeated names included."""
    return [(name, value) for name in query.names() for value in query.all(name)]


def _whole(query: Form, name: str, default: int) -> int:
    text = query.one(name)
    if not text:
        return default
    if not text.isdecimal() or len(text) > 9:
        raise ApiError(20001, f"{name} must be a whole number")
    return int(text)


def date_filter(query: Form, name: str) -> Callable[[float | None], bool]:
    """Twilio's date filter: `Name` (that day or second), `Name<` and `Name>` (both inclusive).

    A date is YYYY-MM-DD or ISO 8601 to the second, in UTC. What has no such date yet (a message
    that is still queued has no DateSent) matches no filter on it. Raises `ApiError` (20001).
    """
    earliest, latest = -math.inf, math.inf
    given = False
    for suffix in ("", "<", ">"):
        text = query.one(name + suffix)
        if not text:
            continue
        given = True
        first, last = _span(name, text)
        earliest = earliest if suffix == "<" else max(earliest, first)
        latest = latest if suffix == ">" else min(latest, last)

    def matches(moment: float | None) -> bool:
        return not given or (moment is not None and earliest <= int(moment) <= latest)

    return matches


def _span(name: str, text: str) -> tuple[float, float]:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ApiError(20001, f"{name} is not a date") from None
    first = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    length = timedelta(days=1) if len(text) == len("2026-01-31") else timedelta(seconds=1)
    return first.timestamp(), (first + length).timestamp() - 1
