"""A file that comes as the body itself, or as the one file of a form."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile

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


async def uploaded_csv(request: Request) -> bytes:
    """The bytes of the CSV file; they are already bounded (`BoundedBody`)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "text/csv":
        return await request.body()
    if kind != "multipart/form-data":
        raise UnsupportedMedia("Send text/csv, or one file in multipart/form-data.")
    await request.body()  # kept, so that what reads the body after this finds it
    async with request.form(max_files=1, max_fields=10) as form:
        for part in form.values():
            if isinstance(part, UploadFile):
                return await part.read()
    raise Invalid("There is no file in this form.", field="file", code="missing")
