"""The staff console's cookies: set, honoured, taken away.

A page's scripts cannot read them. A cookie goes with every request that a browser makes, whoever
caused it, so it counts only where the console itself asks: the console's own header, which no
other site can send (CORS does not allow it), and the browser's word that the request comes from
this origin. Bearer tokens need none of that.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request, Response

from config.settings import WebSettings
from services.errors import Forbidden
from services.people.auth import Grant
from services.people.tokens import REFRESH_LIFE

CONSOLE_HEADER = "X-Careloop-Console"
ACCESS, REFRESH = "careloop-access", "careloop-refresh"
ACCESS_PATH = "/api/v1"
REFRESH_PATH = "/api/v1/console/session"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SAFE = ("GET", "HEAD")


def cookie_token(request: Request, web: WebSettings) -> str | None:
    """The access token in the console's cookie; None where it must not count.

    Raises `Forbidden` for a request with the console's header from another origin.
    """
    token = request.cookies.get(_name(ACCESS, web))
    if token is None:
        return None
    if request.headers.get(CONSOLE_HEADER) == "1":
        refuse_other_origins(request)
        return token
    return token if _asked_for_by_the_page_itself(request) else None


def refuse_other_origins(request: Request) -> None:
    """Raise `Forbidden` unless the browser says that this comes from our own pages."""
    if not _same_origin(request):
        raise Forbidden("This was not asked for by the console itself.", code="cross_site")


def _same_origin(request: Request) -> bool:
    """By `Sec-Fetch-Site`, else by `Origin`, neither of which a page's scripts can write.

    A browser that sends neither (before 2023) may read: the console's header is proof enough.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == request.headers.get("host")
    return request.method in _SAFE


def _asked_for_by_the_page_itself(request: Request) -> bool:
    """True for a player, a picture, a download or an event stream in one of our own pages.

    These cannot carry a header of ours. `fetch` can, so what it asks for without one (the
    patients' app in the same browser) has no cookie.
    """
    headers = request.headers
    return (
        request.method in _SAFE
        and headers.get("sec-fetch-site") == "same-origin"
        and (
            headers.get("sec-fetch-dest", "empty") != "empty"
            or headers.get("sec-fetch-mode") == "navigate"  # a link that downloads
            or headers.get("accept") == "text/event-stream"
        )
    )


def refresh_cookie(request: Request, web: WebSettings) -> str | None:
    """The refresh token in the console's cookie."""
    return request.cookies.get(_name(REFRESH, web))


def set_cookies(response: Response, grant: Grant, web: WebSettings) -> None:
    """Have the browser keep a sign-in, where no script can read it."""
    for name, token, path, life in (
        (ACCESS, grant.access_token, ACCESS_PATH, grant.expires_in),
        (REFRESH, grant.refresh_token, REFRESH_PATH, int(REFRESH_LIFE.total_seconds())),
    ):
        response.set_cookie(
            _name(name, web),
            token,
            max_age=life,
            path=path,
            secure=_secure(web),
            httponly=True,
            samesite="strict",
        )
    response.headers["Cache-Control"] = "no-store"


def take_cookies_away(response: Response, web: WebSettings) -> None:
    """Have the browser forget a sign-in."""
    for name, path in ((ACCESS, ACCESS_PATH), (REFRESH, REFRESH_PATH)):
        response.delete_cookie(
            _name(name, web), path=path, secure=_secure(web), httponly=True, samesite="strict"
        )


def _secure(web: WebSettings) -> bool:
    """Over TLS only, but for a public URL of plain http on this very machine."""
    url = urlsplit(web.base_url)
    return not (url.scheme == "http" and url.hostname in _LOOPBACK)


def _name(name: str, web: WebSettings) -> str:
    """With the prefix that keeps a neighbour without TLS from writing it (RFC 6265bis)."""
    return f"__Secure-{name}" if _secure(web) else name
