"""Resumable uploads of recordings: tus 1.0 (https://tus.io/protocols/resumable-upload).

Creation, creation-with-upload, checksum, termination, expiration. Who asks is known before the
first byte of a body is read, and a body is stored piece by piece as it comes: what arrived before
a cut is kept.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from email.utils import format_datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from models.upload import Upload
from routers import problems
from routers.dependencies import StateDep, Submitter
from routers.state import State
from services.errors import CareloopError, Invalid
from services.feedback import upload as uploads
from services.identity import Principal

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,termination,expiration"
CHECKSUMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}
STREAMED = re.compile(r"/api/v1/(?:e/[^/]+/)?uploads(?:/[^/]*)?")
"""The paths whose bodies are taken as they come, instead of being read whole first."""
BODY = "application/offset+octet-stream"
PIECE = 64 * 1024
"""Bytes that are stored at once. On a link of 64 kbit/s a cut costs at most what came since the
last whole piece or, where the cut is noticed, nothing."""
IDLE_SECONDS = 60.0
"""Without a byte for so long, the other side has gone without a word."""
MOST_CHECKED = 4 * 1024 * 1024
"""Bytes of one checked body: it is kept in memory until its checksum is known."""


class UploadProblem(CareloopError):
    """A request that is not as tus says."""

    def __init__(self, status: int, code: str, detail: str, field: str | None = None) -> None:
        super().__init__(detail, code=code, field=field)
        self.status = status


class TusRoute(APIRoute):
    """A route whose every answer, an error too, says which version of tus it speaks."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                answer = await handler(request)
            except CareloopError as error:
                answer = problems.rule_broken(request, error)
            answer.headers["Tus-Resumable"] = VERSION
            return answer

        return handle


def _speaks_tus(request: Request) -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise UploadProblem(
            412, "tus_version", f"This speaks tus {VERSION}.", "header.Tus-Resumable"
        )


router = APIRouter(prefix="/uploads", tags=["uploads"], route_class=TusRoute)
SpeaksTus = Depends(_speaks_tus)
UploadToken = Annotated[UUID, Path(description="from the upload's address")]


@router.options("", status_code=204, summary="What this tus server can do")
async def options() -> Response:
    return Response(
        status_code=204,
        headers={
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(uploads.MOST_BYTES),
            "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
        },
    )


@router.post("", status_code=201, summary="Begin an upload", dependencies=[SpeaksTus])
async def create_upload(request: Request, state: StateDep, principal: Submitter) -> Response:
    length = _length(request)
    metadata = _metadata(request)
    recording_id, sealed_for = _recording_id(metadata), metadata.get("sealed")
    if sealed_for is not None and recording_id is None:
        raise Invalid(
            "What is sealed is sealed as a `recording`.",
            field="header.Upload-Metadata",
            code="missing",
        )

    def begin() -> Upload:
        with state.database.establishment(principal.establishment_id) as session:
            return uploads.begin(
                session,
                principal,
                length=length,
                recording_id=recording_id,
                sealed_for=sealed_for,
            )

    upload = await run_in_threadpool(begin)
    headers = {"Location": str(request.url.path).rstrip("/") + f"/{upload.token}"}
    if request.headers.get("Content-Type") == BODY:
        upload = await _receive(request, state, principal, upload)
        headers["Upload-Offset"] = str(upload.received)
    return _answer(upload, 201, headers)


@router.head("/{token}", summary="How much of an upload is here", dependencies=[SpeaksTus])
async def look(token: UploadToken, state: StateDep, principal: Submitter) -> Response:
    upload = await run_in_threadpool(_find, state, principal, token)
    return _answer(
        upload,
        200,
        {
            "Upload-Offset": str(upload.received),
            "Upload-Length": str(upload.length),
            "Cache-Control": "no-store",
        },
    )


@router.patch("/{token}", status_code=204, summary="Go on with it", dependencies=[SpeaksTus])
async def go_on(
    token: UploadToken, request: Request, state: StateDep, principal: Submitter
) -> Response:
    if request.headers.get("Content-Type") != BODY:
        raise UploadProblem(415, "media_type", f"A piece is {BODY}.", "header.Content-Type")
    upload = await run_in_threadpool(_find, state, principal, token)
    if _whole_number(request, "Upload-Offset") != upload.received:
        raise uploads.WrongOffset(
            "The upload does not go on here: ask for its offset.", field="header.Upload-Offset"
        )
    upload = await _receive(request, state, principal, upload)
    return _answer(upload, 204, {"Upload-Offset": str(upload.received)})


@router.delete("/{token}", status_code=204, summary="Give it up", dependencies=[SpeaksTus])
async def give_up(token: UploadToken, state: StateDep, principal: Submitter) -> Response:
    def abandon() -> None:
        with state.database.establishment(principal.establishment_id) as session:
            uploads.abandon(session, principal, token)

    await run_in_threadpool(abandon)
    return Response(status_code=204)


def _find(state: State, principal: Principal, token: UUID) -> Upload:
    with state.database.establishment(principal.establishment_id) as session:
        return uploads.find(session, principal, token)


def _answer(upload: Upload, status: int, headers: dict[str, str]) -> Response:
    expires = {"Upload-Expires": format_datetime(upload.expires_at, usegmt=True)}
    return Response(status_code=status, headers=headers | expires)


def _whole_number(request: Request, name: str) -> int:
    given = request.headers.get(name, "")
    if not (given.isascii() and given.isdigit() and len(given) <= 15):
        raise UploadProblem(400, "header_invalid", "A whole number of bytes.", f"header.{name}")
    return int(given)


def _length(request: Request) -> int:
    if "Upload-Defer-Length" in request.headers:
        raise UploadProblem(
            400, "length_deferred", "Say how long it is.", "header.Upload-Defer-Length"
        )
    length = _whole_number(request, "Upload-Length")
    if length > uploads.MOST_BYTES:
        raise UploadProblem(
            413, "upload_too_large", f"At most {uploads.MOST_BYTES} bytes.", "header.Upload-Length"
        )
    return length


def _metadata(request: Request) -> dict[str, str]:
    """The parts of the metadata that mean something here: `recording`, and `sealed`."""
    pairs = request.headers.get("Upload-Metadata", "").split(",")
    values = dict(pair.strip().partition(" ")[::2] for pair in pairs if pair.strip())
    try:
        return {
            name: base64.b64decode(values[name], validate=True).decode("ascii")
            for name in ("recording", "sealed")
            if name in values
        }
    except ValueError:
        raise Invalid(
            "`recording` and `sealed` are base64 of ASCII.", field="header.Upload-Metadata"
        ) from None


def _recording_id(metadata: dict[str, str]) -> UUID | None:
    """`recording` of the upload's metadata: the UUID by which a feedback names it."""
    if "recording" not in metadata:
        return None
    try:
        return UUID(metadata["recording"])
    except ValueError:
        raise Invalid("`recording` is a UUID in base64.", field="header.Upload-Metadata") from None


async def _receive(request: Request, state: State, principal: Principal, upload: Upload) -> Upload:
    """Store a body as it comes; the upload as it is afterwards."""
    checksum = _checksum(request)
    pieces = _pieces(request, upload.length - upload.received)
    if checksum is not None:
        pieces = _checked(pieces, *checksum)

    def store(start: int, content: bytes) -> Upload:
        # Read in the transaction that holds the row: after it the upload may have gone on by
        # another connection, and the rest of this body does not belong behind that.
        with state.database.establishment(principal.establishment_id) as session:
            uploads.append(session, upload.id, start=start, content=content)
            return uploads.find(session, principal, upload.token)

    async for content in pieces:
        upload = await run_in_threadpool(store, upload.received, content)
    return upload


async def _pieces(request: Request, most: int) -> AsyncIterator[bytes]:
    """A body in pieces, never more than `most` bytes. What came before a cut is still given."""
    waiting = bytearray()
    body = request.stream()
    try:
        while True:
            async with asyncio.timeout(IDLE_SECONDS):
                waiting += await anext(body)
            if len(waiting) > most:
                raise UploadProblem(413, "upload_too_long", "More bytes than the upload has.")
            while len(waiting) >= PIECE:
                yield bytes(waiting[:PIECE])
                del waiting[:PIECE]
                most -= PIECE
    except (StopAsyncIteration, ClientDisconnect, TimeoutError):
        pass  # at its end, or cut: then nobody reads the answer, and what is here counts
    if waiting:
        yield bytes(waiting)


async def _checked(
    pieces: AsyncIterator[bytes], algorithm: str, wanted: bytes
) -> AsyncIterator[bytes]:
    """The same bytes, at once, if their checksum is right; nothing of them otherwise."""
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > MOST_CHECKED:
            raise UploadProblem(
                413, "body_too_large", f"At most {MOST_CHECKED} bytes with a checksum."
            )
    if not hmac.compare_digest(CHECKSUMS[algorithm](body).digest(), wanted):
        raise UploadProblem(460, "checksum_mismatch", "The bytes are not those of the checksum.")
    if body:
        yield bytes(body)


def _checksum(request: Request) -> tuple[str, bytes] | None:
    given = request.headers.get("Upload-Checksum")
    if given is None:
        return None
    algorithm, _, value = given.partition(" ")
    if algorithm not in CHECKSUMS:
        raise UploadProblem(
            400, "checksum_unsupported", "sha1 or sha256.", "header.Upload-Checksum"
        )
    try:
        return algorithm, base64.b64decode(value, validate=True)
    except ValueError:
        raise UploadProblem(
            400, "header_invalid", "This is not base64.", "header.Upload-Checksum"
        ) from None
