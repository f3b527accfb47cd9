"""A file that comes as the body itself, or as the one file of a form."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from schemas.campaign import MOST_VALUES, VALUE_NAME
from services.contact.csv_file import FIELDS, VALUE, Layout
from services.errors import CareloopError, Invalid

_FIELD, _PLACE = "|".join(FIELDS), "[0-9]{1,2}"
COLUMN = rf"^({_FIELD}):{_PLACE}$"
LIST_COLUMN = rf"^({_FIELD}|{re.escape(VALUE)}{VALUE_NAME}):{_PLACE}$"

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            XLSX: {"schema": {"type": "string", "format": "binary"}},
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
    """The bytes of the CSV or XLSX file; they are already bounded (`BoundedBody`)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("text/csv", XLSX):
        return await request.body()
    if kind != "multipart/form-data":
        raise UnsupportedMedia("Send text/csv, XLSX, or one file in multipart/form-data.")
    await request.body()  # kept, so that what reads the body after this finds it
    form = await form_of(request, max_fields=10)
    try:
        for part in form.values():
            if isinstance(part, UploadFile):
                return await part.read()
    finally:
        await form.close()
    raise Invalid("There is no file in this form.", field="file", code="missing")


Header = Annotated[bool, Query(description="false: the first line is data; goes with `column`")]


def _layout(
    column: Annotated[
        list[Annotated[str, Query(pattern=COLUMN)]] | None,
        Query(
            max_length=len(FIELDS),
            description="`field:place`, such as patient_id:0; left out: as the headings say",
        ),
    ] = None,
    header: Header = True,
) -> Layout:
    """Which column holds what. By place, not by heading: an address must not hold a person."""
    return _told(column, header)


def _list_layout(
    column: Annotated[
        list[Annotated[str, Query(pattern=LIST_COLUMN)]] | None,
        Query(
            max_length=len(FIELDS) + MOST_VALUES,
            description="`field:place`, such as patient_id:0; `value.time:3` is what stands for"
            " {time} in the texts. Left out: as the headings say",
        ),
    ] = None,
    header: Header = True,
) -> Layout:
    """The same, of a list whose lines say something for the message as well."""
    return _told(column, header)


def _told(column: list[str] | None, header: bool) -> Layout:
    pairs = [one.split(":") for one in column or ()]
    names = {name: int(place) for name, place in pairs}
    if len(names) < len(pairs):
        raise Invalid("Each field stands once.", field="query.column", code="column_twice")
    if not header and not names:
        raise Invalid(
            "Without headings say which column holds what.", field="query.column", code="missing"
        )
    return Layout(names, header)


def laid_out(layout: Layout) -> bytes:
    """What tells two requests with one file apart."""
    return repr((sorted(layout.columns.items()), layout.header)).encode() if layout.columns else b""


LayoutDep = Annotated[Layout, Depends(_layout)]
ListLayoutDep = Annotated[Layout, Depends(_list_layout)]
WholeReport = Annotated[bool, Query(description="every refused line, not the first 1,000")]
