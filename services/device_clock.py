"""Clocks of devices: some were never set, some are years off. Noticed and flagged, not refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""No device has recorded anything before: a clock that says so was never set."""
CLOCK_WRONG = timedelta(days=1)


def clock_wrong(
    recorded_at: datetime | None, clock_offset: int | None, received_at: datetime
) -> bool:
    """True when a device's clock was a day or more off: a human must not trust its time.

    `clock_offset` is in seconds, measured when the device sent what it had recorded.
    """
    if clock_offset is not None and abs(clock_offset) >= CLOCK_WRONG.total_seconds():
        return True
    if recorded_at is None:
        return False
    return recorded_at < EARLIEST or recorded_at - received_at >= CLOCK_WRONG
