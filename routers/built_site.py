"""Built files under a prefix, each compressed beforehand and served from memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.errors import NotFound

WEB = Path(__file__).resolve().parent.parent / "web"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""The best first."""
HASHED = "public, max-age=31536000, immutable"
ASKED_AGAIN = "no-cache"
ENTRANCE = "index.html"
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
        " media-src blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(frozen=True)
class BuiltFile:
    """One file, as it is and compressed; by encoding, `identity` among them."""

    kind: str
    cache: str
    contents: Mapping[str, bytes]
    etag: str


@dataclass(frozen=True)
class Site:
    """Where a build is served, and what stands there for pages that only the browser knows."""

    prefix: str
    noun: str
    pages_in_browser: bool = False
    """Every address without a dot is the entrance: the script there shows the right page."""

    def file_of(self, path: str, files: Mapping[str, BuiltFile]) -> BuiltFile | None:
        """The file for an address below the prefix; None when there is none."""
        found = files.get(path or ENTRANCE)
        if found is None and self.pages_in_browser and "." not in path:
            found = None if path.startswith("assets/") else files.get(ENTRANCE)
        return found


def built_files(folder: Path) -> dict[str, BuiltFile]:
    """The files of a build by their path below its prefix; none when it was never built."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix not in TYPES or not path.is_file():
            continue
        name = path.relative_to(folder).as_posix()
        contents = {"identity": path.read_bytes()} | {
            encoding: beside.read_bytes()
            for encoding, suffix in ENCODINGS.items()
            if (beside := path.with_name(path.name + suffix)).is_file()
        }
        found[name] = BuiltFile(
            TYPES[path.suffix],
            HASHED if name.startswith("assets/") else ASKED_AGAIN,
            contents,
            hashlib.sha256(contents["identity"]).hexdigest()[:16],
        )
    return found


def site_router(site: Site, folder: Path) -> APIRouter:
    """Routes that serve the files of a build from memory."""
    router = APIRouter(prefix=site.prefix, include_in_schema=False)
    files = built_files(folder)

    @router.get("")
    async def entrance() -> RedirectResponse:
        return RedirectResponse(f"{site.prefix}/", 308)

    @router.api_route("/{path:path}", methods=["GET", "HEAD"])
    async def file(path: str, request: Request) -> Response:
        found = site.file_of(path, files)
        if found is None:
            missing = f"{site.noun}: it was not built (`make run` builds it)"
            raise NotFound("page" if files else missing)
        return _answer(found, request)

    return router


def _answer(found: BuiltFile, request: Request) -> Response:
    taken = request.headers.get("accept-encoding", "")
    accepted = {part.partition(";")[0].strip() for part in taken.split(",")}
    encoding = next((e for e in ENCODINGS if e in accepted and e in found.contents), "identity")
    etag = f'"{found.etag}-{encoding}"'
    headers = SECURITY | {"Cache-Control": found.cache, "ETag": etag, "Vary": "Accept-Encoding"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if encoding != "identity":
        headers["Content-Encoding"] = encoding
    return Response(found.contents[encoding], media_type=found.kind, headers=headers)
