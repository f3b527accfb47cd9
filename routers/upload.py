"""A file that comes as the body itself, or as the one file of a form."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from services.errors import CareloopError, Invalid

CSV_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}


class UnsupportedMedia(CareloopError):
    """The body is of a kind that is not taken here."""

    status = 415
    code = "media_type_unsupported"


async def form_of(request: Request, *, max_files: int = 1, max_fields: int = 1000) -> FormData:
    """A request's form; a 400 for what is none."""
    try:
        return await request.form(max_files=max_files, max_fields=max_fields)
    except ValueError as error:  # Starlette lets through what a charset of the client's raises
        raise HTTPException(400) from error


async def uploaded_csv(request: Request) -> bytes:
    """The bytes of the CSV file; they are already bounded (`BoundedBody`)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "text/csv":
        return await request.body()
    if kind != "multipart/form-data":
        raise UnsupportedMedia("Send text/csv, or one file in multipart/form-data.")
    await request.body()  # kept, so that what reads the body after this finds it
    form = await form_of(request, max_fields=10)
    try:
        for part in form.values():
            if isinstance(part, UploadFile):
                return await part.read()
    finally:
        await form.close()
    raise Invalid("There is no file in this form.", field="file", code="missing")
