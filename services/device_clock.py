"""Clocks of devices: some were never set, some are years off. Noticed and flagged, not refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""No device has recorded anything before: a clock that says so was never set."""
CLOCK_WRONG = timedelta(days=1)
SLOW_LINK = timedelta(seconds=120)
"""A difference between two clocks that a slow link alone may explain."""


def submitted_at(recorded_at: datetime | None, offset: timedelta, moment: datetime) -> datetime:
    """When something was said that a device recorded and sent later, received at `moment`.

    The device's time is corrected by its clock's offset at sync (`moment` less what the clock
    showed), if that is more than a slow link explains. What is still before this service existed
    comes from a clock that cannot be trusted, and nothing was said after its receipt: then the time
    of receipt stands for it. `services/feedback/intake.py` has the same rule in SQL.
    """
    if recorded_at is None:
        return moment
    try:
        corrected = recorded_at + offset if abs(offset) > SLOW_LINK else recorded_at
    except OverflowError:  # before the year 1 or after 9999
        return moment
    return min(corrected, moment) if corrected >= EARLIEST else moment


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
