"""When something goes out: moments as they were asked for, validity, and the quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from models.establishment import Establishment
from services.errors import Invalid
from utils.clock import HOLIDAY, LONGEST_CLOSURE, QUIET_HOURS, AllowedTimes, moment_at


class TooLate(Invalid):
    """Its time has passed and nothing of it can go out any more. What was captured offline is then
    stored as expired; what is asked for now is refused."""


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


def past() -> TooLate:
    """The refusal of a time that has passed."""
    return TooLate(
        "This time has passed, and the message would no longer be valid.",
        field="scheduled_time",
        code="scheduled_time_past",
    )


def closed_until(times: AllowedTimes, moment: datetime) -> datetime | None:
    """The end of the quiet hours or holidays that a moment lies in, None when it is allowed."""
    if times.refusal(moment) is None:
        return None
    return times.next_allowed(moment) or moment + LONGEST_CLOSURE


_OVER = {QUIET_HOURS: "they end", HOLIDAY: "it is over"}
_BEFORE = {QUIET_HOURS: "they begin", HOLIDAY: "it begins"}


def due_time(
    times: AllowedTimes, scheduled: datetime, validity: timedelta, now: datetime
) -> tuple[datetime, str | None]:
    """When it really goes out, and why not when it was asked for.

    Deferred past quiet hours (the establishment's, the contact's) and holidays; where it would no
    longer be valid then, brought forward before them; raises `Invalid` where that has passed
    (`TooLate` where the time itself has, too).
    """
    wanted = max(scheduled, now)
    why = times.refusal(wanted)
    if why is None:
        return wanted, None
    allowed = times.next_allowed(wanted)
    if allowed is not None and allowed < scheduled + validity:
        return allowed, f"{why}: goes out when {_OVER[why]}"
    before = times.last_allowed(wanted, since=now)
    if before is not None:
        return before, f"{why}: goes out before {_BEFORE[why]}"
    refusal = TooLate if scheduled < now else Invalid
    raise refusal(
        f"This falls into {'a' if why == HOLIDAY else 'the'} {why} and would no longer be valid"
        " afterwards.",
        field="scheduled_time",
        code=why.replace(" ", "_"),
    )
