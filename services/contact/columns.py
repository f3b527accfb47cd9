"""What the columns of a file would be taken for: by their headings, else by what stands in them.

A guess, shown to whoever sends the file before anything is stored; they have the last word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from schemas.contact import FileColumn, RefusedLine
from services.contact.contacts import normal_phone
from services.contact.csv_file import BY_HEADINGS, Layout, field_of, table
from services.errors import Invalid
from utils.email_address import normalise_email
from utils.languages import UnknownLanguage, parse_language

LOOKED_AT = 50
"""Lines that a guess is made from."""
SHOWN = 5
"""Lines that are shown beside each column."""
LONGEST_SHOWN = 120
"""Characters of a heading or a cell."""
_REFERENCE = re.compile(r"(?=.*\d)[\w/.-]{1,64}")
_NAME = re.compile(r"[^\W\d_][^\d@]{1,119}")


@dataclass(frozen=True)
class Survey:
    """A file's columns, and the layout that they were read with."""

    columns: list[FileColumn]
    layout: Layout


def survey(content: bytes, region: str, told: Layout = BY_HEADINGS) -> Survey:
    """Look at the first lines of a file; `told` by somebody goes before any guess.

    Raises `Invalid` on field `file` when the file cannot be read at all.
    """
    first = [
        row[1] for row in islice(table(content), LOOKED_AT) if not isinstance(row, RefusedLine)
    ]
    if not first:
        raise Invalid("There is nothing in this file.", field="file", code="file_empty")
    header = told.header if told.columns else _is_header(first[0], region)
    rows = first[1:] if header else first
    cells = [
        [row[place].strip() for row in rows if place < len(row)] for place in range(len(first[0]))
    ]
    headings = first[0] if header else [""] * len(first[0])
    layout = told if told.columns else Layout(_guessed(headings, cells, region), header)
    fields = {place: name for name, place in layout.columns.items()}
    return Survey(
        [
            FileColumn(
                place=place,
                heading=heading[:LONGEST_SHOWN],
                field=fields.get(place),
                samples=[cell[:LONGEST_SHOWN] for cell in cells[place][:SHOWN]],
            )
            for place, heading in enumerate(headings)
        ],
        layout,
    )


def _is_header(first: Sequence[str], region: str) -> bool:
    """True when the first line names its columns; a person's number or address names none."""
    if any(field_of(cell) for cell in first):
        return True
    return not any(_is_phone(cell, region) or normalise_email(cell.strip()) for cell in first)


def _guessed(
    headings: Sequence[str], cells: Sequence[Sequence[str]], region: str
) -> dict[str, int]:
    """Each field once: as a heading says, else the first column all of whose cells look like it."""
    found: dict[str, int] = {}
    for place, heading in enumerate(headings):
        if name := field_of(heading):
            found.setdefault(name, place)
    for name, looks_like in _looks(region).items():
        for place, column in enumerate(cells):
            filled = [cell for cell in column if cell]
            if name in found or place in found.values() or not filled:
                continue
            if all(map(looks_like, filled)) and (name != "patient_id" or _differ(filled)):
                found[name] = place
    return found


def _looks(region: str) -> dict[str, Callable[[str], bool]]:
    """In this order: what is told apart most surely comes first."""
    return {
        "email": lambda cell: normalise_email(cell) is not None,
        "phone_number": lambda cell: _is_phone(cell, region),
        "language": _is_language,
        "patient_id": lambda cell: _REFERENCE.fullmatch(cell) is not None,
        "name": lambda cell: _NAME.fullmatch(cell) is not None,
    }


def _differ(cells: Sequence[str]) -> bool:
    return len(set(cells)) == len(cells)


def _is_phone(cell: str, region: str) -> bool:
    try:
        normal_phone(cell.strip()[:64], region)
    except Invalid:
        return False
    return True


def _is_language(cell: str) -> bool:
    try:
        parse_language(cell)
    except UnknownLanguage:
        return False
    return True
