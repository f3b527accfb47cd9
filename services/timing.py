"""When something goes out: moments as they were asked for, validity, and the quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from models.establishment import Establishment
from services.errors import Invalid
from utils.clock import latest_before_quiet, moment_at, quiet_until

SHORTEST_VALIDITY = timedelta(minutes=1)
LONGEST_VALIDITY = timedelta(days=7)
FARTHEST = timedelta(days=2 * 366)


def check_validity(validity: timedelta) -> None:
    """Refuse a validity window that is too short to be met or too long to be sensible."""
    if not SHORTEST_VALIDITY <= validity <= LONGEST_VALIDITY:
        raise Invalid("Between one minute and seven days.", field="valid_for", code="out_of_range")


def moment_of(
    value: datetime, establishment: Establishment, field: str = "scheduled_time"
) -> datetime:
    """A time in UTC; without an offset it is the establishment's local time."""
    try:
        return value.astimezone(UTC) if value.tzinfo else moment_at(value, establishment.zone)
    except OverflowError as error:
        raise Invalid(
            "This time is out of range.", field=field, code=f"{field}_out_of_range"
        ) from error


def refuse_too_far(moment: datetime, now: datetime, field: str = "scheduled_time") -> None:
    """Refuse what lies more than two years ahead."""
    if moment - now > FARTHEST:
        raise Invalid("More than two years ahead.", field=field, code=f"{field}_too_far")


def refuse_past(scheduled: datetime, validity: timedelta, now: datetime) -> None:
    """Refuse a time of which nothing is left: what is sent then would no longer be valid."""
    if scheduled <= now - validity:
        raise past()


def past() -> Invalid:
    """The refusal of a time that has passed."""
    return Invalid(
        "This time has passed, and the message would no longer be valid.",
        field="scheduled_time",
        code="scheduled_time_past",
    )


def quiet_end(establishment: Establishment, moment: datetime) -> datetime | None:
    """The end of the quiet hours that a moment lies in, None when it is not quiet then."""
    start, end = establishment.quiet_start, establishment.quiet_end
    if start is None or end is None:
        return None
    return quiet_until(moment, establishment.zone, start, end)


def due_time(
    establishment: Establishment, scheduled: datetime, validity: timedelta, now: datetime
) -> tuple[datetime, str | None]:
    """When it really goes out: deferred past the quiet hours, or brought forward before them."""
    start, end = establishment.quiet_start, establishment.quiet_end
    wanted = max(scheduled, now)
    if start is None or end is None:
        return wanted, None
    allowed = quiet_until(wanted, establishment.zone, start, end)
    if allowed is None:
        return wanted, None
    if allowed < scheduled + validity:
        return allowed, "quiet hours: goes out when they end"
    before = latest_before_quiet(now, wanted, establishment.zone, start, end)
    if before is not None:
        return before, "quiet hours: goes out before they begin"
    raise Invalid(
        "This falls into the quiet hours and would no longer be valid after them.",
        field="scheduled_time",
        code="quiet_hours",
    )
