"""When a campaign's messages go out: one slot for each, at a pace, in the allowed times."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from models.establishment import Establishment
from services.allowed_times import OwnTimes, allowed_times, with_own
from utils.clock import AllowedTimes


def slots(
    establishment: Establishment, rate_per_minute: int, start: datetime
) -> Iterator[datetime]:
    """The times, from `start` on, at which one message each may go out.

    They end only where nothing may go out for longer than any message is valid.
    """
    times = allowed_times(establishment)
    step = timedelta(minutes=1) / rate_per_minute
    slot = allowed_until = start
    while True:
        if slot >= allowed_until:
            allowed = times.next_allowed(slot)
            if allowed is None:
                return
            slot = allowed
            # What is closed opens and closes with a minute: within one nothing changes.
            allowed_until = slot.replace(second=0, microsecond=0) + timedelta(minutes=1)
        yield slot
        slot += step


def reached_in_time(
    times: AllowedTimes, recipient: OwnTimes, slot: datetime, valid_until: datetime
) -> bool:
    """True when a recipient's own quiet hours and holidays leave time between the two.

    Then what goes out at `slot` waits for it, at most (`services/dispatch/attempts.py`).
    """
    if recipient.quiet_start is None and not recipient.holidays and not recipient.yearly_holidays:
        return True
    allowed = with_own(times, recipient).next_allowed(slot)
    return allowed is not None and allowed < valid_until


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
