"""Phrases as files: taken out for translators, taken in again."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from routers.dependencies import Staff, StaffSession, ViewerSession
from routers.idempotency import OnceDep
from routers.upload import UnsupportedMedia
from schemas.common import LanguageIn
from schemas.phrase import PhraseImport
from services.phrase import exchange as phrase_exchange
from utils.languages import NAMES, language_name

router = APIRouter(prefix="/phrases", tags=["phrases"])

OneLanguage = Annotated[LanguageIn | None, Query()]
PO = "text/x-gettext-translation"
CSV = "text/csv"
PHRASE_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string"}} for kind in (PO, CSV)},
    }
}


@router.get("/export.csv", summary="Every phrase as a table", response_class=Response)
def export_table(session: ViewerSession, language: OneLanguage = None) -> Response:
    languages = [language] if language else list(NAMES)
    return _file(phrase_exchange.export_csv(session, languages), CSV, language)


@router.get("/export.po", summary="Every phrase as a translators' file", response_class=Response)
def export_catalogue(session: ViewerSession, language: Annotated[LanguageIn, Query()]) -> Response:
    return _file(phrase_exchange.export_po(session, language), PO, language)


async def _sent_file(request: Request) -> tuple[str, bytes]:
    """The kind and the bytes of a file of phrases; they are already bounded (`BoundedBody`)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (PO, CSV):
        raise UnsupportedMedia(f"Send {CSV}, or {PO} for a PO file.")
    return kind, await request.body()


@router.post(
    "/import",
    summary="Take in a file of phrases, whole or not at all; somebody else approves them",
    response_model=PhraseImport,
    openapi_extra=PHRASE_FILE,
)
def import_file(
    *,
    principal: Staff,  # first: nobody's file is read before we know whose it is
    file: Annotated[tuple[str, bytes], Depends(_sent_file)],
    session: StaffSession,
    once: OnceDep,
    language: OneLanguage = None,
) -> PhraseImport | JSONResponse:
    kind, content = file
    named = language_name(language) if language else None
    return once.run(
        session,
        principal,
        lambda: phrase_exchange.take_in(
            session, content, principal, is_po=kind == PO, language=named
        ),
        status=200,
        body=content + (named or "").encode(),
    )


def _file(content: bytes, kind: str, language: str | None) -> Response:
    ending = "csv" if kind == CSV else "po"
    name = f"phrases-{language_name(language)}" if language else "phrases"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{ending}"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=f"{kind}; charset=utf-8", headers=headers)
