"""When a campaign's messages go out: one slot for each, at a pace, around the quiet hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from models.establishment import Establishment
from utils.clock import quiet_until


def slots(
    establishment: Establishment, rate_per_minute: int, start: datetime
) -> Iterator[datetime]:
    """The times, from `start` on, at which one message each may go out; without an end."""
    step = timedelta(minutes=1) / rate_per_minute
    slot = allowed_until = start
    while True:
        if slot >= allowed_until:
            slot = first_allowed(establishment, slot)
            # Quiet hours begin with a minute: within one nothing changes.
            allowed_until = slot.replace(second=0, microsecond=0) + timedelta(minutes=1)
        yield slot
        slot += step


def first_allowed(establishment: Establishment, moment: datetime) -> datetime:
    """The first time from `moment` on that lies outside the quiet hours."""
    start, end = establishment.quiet_start, establishment.quiet_end
    if start is None or end is None:
        return moment
    return quiet_until(moment, establishment.zone, start, end) or moment


def expected_end(
    establishment: Establishment,
    rate_per_minute: int,
    start: datetime,
    count: int,
    valid_until: datetime,
) -> datetime | None:
    """When the last of `count` messages goes out, or the last that is valid; None for none."""
    last = None
    for slot in islice(slots(establishment, rate_per_minute, start), count):
        if slot >= valid_until:
            break
        last = slot
    return last
