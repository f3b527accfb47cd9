"""Errors as RFC 9457 problem documents. What was sent in is never echoed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException

from database.away import is_away
from database.engine import DatabaseNotReady
from services.errors import CareloopError, TooMany
from utils.logs import get_logger

RETRY_AFTER = "5"
MOST_ERRORS = 20
UNKNOWN_FIELD = "unknown_field"
_FIELD_NAME = re.compile(r"[a-z][a-z_]{0,39}|[0-9]{1,6}")
_TYPES = "https://careloop.example/problems/"
_TITLES = {460: "Checksum Mismatch"}  # tus
_UNIQUE_VIOLATION = "23505"

_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable"},
        "detail": {"type": "string"},
        "field": {"type": "string", "description": "what was wrong, never its value"},
        "fields": {"type": "array", "items": {"type": "string"}},
        "errors": {"type": "array", "items": {"type": "object"}},
        "id": {"type": "integer"},
    },
}
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    kind: {
        "description": "A problem document (RFC 9457)",
        "content": {"application/problem+json": {"schema": _SCHEMA}},
    }
    for kind in ("4XX", "5XX")
}

log = get_logger("careloop.api")


def problem(
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """A problem document; `code` is stable, `more` holds members such as `field`."""
    body = {
        "type": _TYPES + code,
        "title": _TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    } | {name: value for name, value in more.items() if value not in (None, [])}
    return JSONResponse(
        body, status, headers=dict(headers or {}), media_type="application/problem+json"
    )


def unavailable() -> JSONResponse:
    """The database cannot be reached just now."""
    return problem(
        503,
        "database_unavailable",
        "The service cannot store anything just now. Nothing was saved: please try again.",
        {"Retry-After": RETRY_AFTER},
    )


def rule_broken(_request: Request, error: CareloopError) -> JSONResponse:
    """The problem document of a rule that was not met."""
    headers = {"WWW-Authenticate": "Bearer"} if error.status == HTTPStatus.UNAUTHORIZED else None
    if isinstance(error, TooMany):
        headers = {"Retry-After": str(max(1, math.ceil(error.retry_after)))}
    elif error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers = {"Retry-After": RETRY_AFTER}
    return problem(
        error.status,
        error.code,
        error.detail,
        headers,
        field=error.field,
        fields=error.fields,
        id=error.row_id,
    )


def _validation(_request: Request, error: RequestValidationError) -> JSONResponse:
    found = [
        {"field": field_of(item), "code": item["type"], "detail": reason_of(item)}
        for item in error.errors()[:MOST_ERRORS]
    ]
    first = found[0] if found else {"field": None, "code": "invalid", "detail": "Invalid."}
    return problem(422, "invalid", first["detail"] or "", field=first["field"], errors=found)


def field_of(item: Mapping[str, Any]) -> str:
    """Where in the request: `rating`, `items.3.rating`, `query.limit`.

    A client's own key is named when it looks like a field's name (a misspelt one must be found),
    not when it looks like a value in the wrong place.
    """
    kind, *rest = item["loc"] or ("body",)
    if item["type"] == "json_invalid":  # the rest is where in the text, not a field
        return str(kind)
    names = [str(part) for part in rest if not str(part).startswith("function-")]
    if kind == "body":
        names = [name if _FIELD_NAME.fullmatch(name) else UNKNOWN_FIELD for name in names]
    path = ".".join(names) or str(kind)
    return path if kind == "body" else f"{kind}.{path}"


def reason_of(item: Mapping[str, Any]) -> str:
    """Pydantic's own sentence where it cannot quote the input, else one of ours."""
    kind = str(item["type"])
    if kind in ("json_invalid", "value_error", "extra_forbidden") or kind.startswith(
        (
            "string_",
            "missing",
            "greater_",
            "less_",
            "too_",
            "bytes_",
            "list_",
            "bool_",
            "int_",
            "float_",
            "model_",
            "enum",
            "literal_",
            "uuid_",
            "datetime_",
            "date_",
            "time_",
            "dict_",
            "voice_",
            "feedback_",
        )
    ):
        return {
            "json_invalid": "This is not JSON.",
            "extra_forbidden": "There is no such field.",
            "uuid_parsing": "This is not a UUID.",
        }.get(kind, str(item["msg"]).removeprefix("Value error, "))
    return "This value is not valid here."


def _http(_request: Request, error: HTTPException) -> JSONResponse:
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_").replace("-", "_")
    detail = {
        404: "There is nothing at this address.",
        405: (
            "This address does not take that method."
            if error.detail == phrase
            else error.detail  # ours: a route that says what to do instead
        ),
        400: "The body could not be read.",
    }.get(error.status_code, phrase)
    field = "body" if error.status_code == HTTPStatus.BAD_REQUEST else None
    return problem(error.status_code, code, detail, error.headers, field=field)


def _stale(_request: Request, _error: Exception) -> JSONResponse:
    return problem(409, "changed_meanwhile", "Somebody has changed this meanwhile: read it again.")


def _database(request: Request, error: DBAPIError) -> JSONResponse:
    code = getattr(error.orig, "pgcode", None)
    if is_away(error):
        log.warning("database unavailable", code=code)
        return unavailable()
    if code == _UNIQUE_VIOLATION:  # looked for before, so somebody else was quicker
        return _stale(request, error)
    return _unexpected(request, error)


def _not_ready(_request: Request, _error: Exception) -> JSONResponse:
    log.warning("database not ready")
    return unavailable()


def _unexpected(_request: Request, error: Exception) -> JSONResponse:
    log.error("unexpected error", exc_info=error)
    return problem(500, "internal_error", "Something went wrong on our side. It has been noted.")


def install(app: FastAPI) -> None:
    """Answer every error of the application with a problem document."""
    handlers: dict[Any, Any] = {
        CareloopError: rule_broken,
        RequestValidationError: _validation,
        HTTPException: _http,
        StaleDataError: _stale,
        DBAPIError: _database,
        PoolTimeout: _not_ready,
        DatabaseNotReady: _not_ready,
        Exception: _unexpected,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
