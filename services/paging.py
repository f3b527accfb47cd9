"""Cursors: where a list goes on. Opaque to clients, stable while rows are added."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta

from services.errors import Invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def encode_cursor(at: datetime, row_id: int) -> str:
    """A cursor after the row with this time and number."""
    microseconds = (at - _EPOCH) // timedelta(microseconds=1)
    raw = microseconds.to_bytes(8, signed=True) + row_id.to_bytes(8)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[datetime, int]:
    """The time and number in a cursor; raises `Invalid` on field `query.cursor`."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        if len(raw) != 16:
            raise ValueError
        at = _EPOCH + timedelta(microseconds=int.from_bytes(raw[:8], signed=True))
    except (binascii.Error, ValueError, OverflowError, UnicodeError) as error:
        raise Invalid(
            "Use the cursor of an earlier answer.", field="query.cursor", code="cursor_invalid"
        ) from error
    row_id = int.from_bytes(raw[8:])
    if row_id >= 2**63:
        raise Invalid(
            "Use the cursor of an earlier answer.", field="query.cursor", code="cursor_invalid"
        )
    return at, row_id
