"""Array literals of PostgreSQL, for statements that take a whole group of rows at once.

psycopg2 adapts a list element by element: for 500 feedbacks that cost it as much CPU as storing
them cost PostgreSQL. One text for each column, cast on the server, costs half of both.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

_NULL = "NULL"


def bytea_array(values: Iterable[bytes | None]) -> str:
    """The literal of a `bytea[]`."""
    return _braced([f'"\\\\x{value.hex()}"' if value is not None else _NULL for value in values])


def text_array(values: Iterable[str | None]) -> str:
    """The literal of a `text[]`, whatever is in the texts (NUL excepted, as ever)."""
    return _braced([_quoted(value) if value is not None else _NULL for value in values])


def uuid_array(values: Iterable[UUID | None]) -> str:
    """The literal of a `uuid[]`."""
    return _braced([value.hex if value is not None else _NULL for value in values])


def number_array(values: Iterable[int | None]) -> str:
    """The literal of an array of whole numbers."""
    return _braced([str(value) if value is not None else _NULL for value in values])


def time_array(values: Iterable[datetime | None]) -> str:
    """The literal of a `timestamptz[]`; a time without an offset is the session's."""
    return _braced([f'"{value.isoformat()}"' if value is not None else _NULL for value in values])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _braced(elements: list[str]) -> str:
    return f"{{{','.join(elements)}}}"
