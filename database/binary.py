"""Rows as PostgreSQL's binary COPY reads them, column by column.

Half the bytes of the text format, and nothing to be written out here and read again there: a time
is a number, a sealed value is its bytes. Each function makes the fields of one column: the length
of the value, then the value, as its type's `recv` function takes it (PostgreSQL, COPY, "Binary
Format"). A field of the wrong type is refused by its length, or silently another value: so the
columns of a COPY and the functions that make them stand side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from struct import Struct
from uuid import UUID

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_DAY, _SECOND = 86_400_000_000, 1_000_000

_int2 = Struct(">ih").pack
_int4 = Struct(">ii").pack
_int8 = Struct(">iq").pack
_length = Struct(">i").pack
_count = Struct(">h").pack


def rows(columns: Sequence[Iterable[bytes]]) -> bytes:
    """Whole rows of columns that are as long as the shortest one."""
    start = repeat(_count(len(columns)))
    return b"".join(chain.from_iterable(zip(start, *columns, strict=False)))


def uuids(values: Iterable[UUID | None]) -> list[bytes]:
    """The fields of a `uuid`."""
    return [_NULL if value is None else b"\0\0\0\x10" + value.bytes for value in values]


def byteas(values: Iterable[bytes | None]) -> list[bytes]:
    """The fields of a `bytea`."""
    return [_NULL if value is None else _length(len(value)) + value for value in values]


def words(values: Iterable[str | None]) -> list[bytes]:
    """The fields of a text of which there are few different ones."""
    values = list(values)
    made = {value: text(value) for value in set(values)}
    return [made[value] for value in values]


def text(value: str | None) -> bytes:
    """A field of a `text` or `varchar`."""
    if value is None:
        return _NULL
    encoded = value.encode()
    return _length(len(encoded)) + encoded


def smallints(values: Iterable[int | None]) -> list[bytes]:
    """The fields of a `smallint`."""
    return [_NULL if value is None else _int2(2, value) for value in values]


def integer(value: int | None) -> bytes:
    """A field of an `integer`."""
    return _NULL if value is None else _int4(4, value)


def bigints(values: Iterable[int | None]) -> list[bytes]:
    """The fields of a `bigint`; of a `timestamptz` too, of which `since_2000` makes a number."""
    return [_NULL if value is None else _int8(8, value) for value in values]


def booleans(values: Iterable[bool]) -> list[bytes]:
    """The fields of a `boolean`."""
    return [b"\0\0\0\x01\x01" if value else b"\0\0\0\x01\0" for value in values]


def since_2000(moment: datetime) -> int:
    """Microseconds since the year 2000, as PostgreSQL counts them; `moment` has an offset."""
    return microseconds(moment - _EPOCH)


def microseconds(span: timedelta) -> int:
    """A span in microseconds, exactly: seconds as a float are not, far from the year 2000."""
    return span.days * _DAY + span.seconds * _SECOND + span.microseconds
