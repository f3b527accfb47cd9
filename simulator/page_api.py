"""The phone page: files of this package, served under a policy that allows nothing inline."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from simulator.wire import carrier_of

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FILES = {
    file.name: (file.read_bytes(), _TYPES[file.suffix])
    for file in (Path(__file__).parent / "page").iterdir()
    if file.suffix in _TYPES
}
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


async def page(_request: Request) -> Response:
    """GET /simulator/."""
    return _file("index.html")


async def asset(request: Request) -> Response:
    """GET /simulator/assets/{name}: only names that were there at the start."""
    return _file(request.path_params["name"])


def _file(name: str) -> Response:
    if name not in _FILES:
        return PlainTextResponse("not found", status_code=404)
    body, kind = _FILES[name]
    return Response(body, headers={**_HEADERS, "Content-Type": kind})


async def into_folder(_request: Request) -> Response:
    """GET /simulator: the final slash matters, as every URL of the page is relative."""
    return RedirectResponse("simulator/", status_code=307)


async def recording(request: Request) -> Response:
    """GET /simulator/recordings/{sid}.wav: so that the page can play what was said."""
    found = carrier_of(request).store.recordings.get(request.path_params["sid"])
    if found is None or found.deleted:
        return PlainTextResponse("not found", status_code=404)
    return Response(found.wav, media_type="audio/wav", headers={"Cache-Control": "no-store"})


ROUTES = [
    Route("/simulator", into_folder),
    Route("/simulator/", page),
    Route("/simulator/assets/{name}", asset),
    Route("/simulator/recordings/{sid}.wav", recording),
]
