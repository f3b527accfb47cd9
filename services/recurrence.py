"""Recurring reminders: RFC 5545 rules, counted in the establishment's local time."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr
from sqlalchemy import select

from database.session import ScopedSession
from models.establishment import Establishment
from models.reminder import Reminder
from services.errors import Invalid

FINEST = ("SECONDLY", "MINUTELY")
LOOK_AHEAD = 10_000
"""Occurrences looked at before a rule is taken to have ended: a bound, not a promise."""


def check_rule(rule: str, start: datetime) -> str:
    """An RRULE in its canonical form; raises `Invalid` on field `rrule`."""
    body = rule.strip().removeprefix("RRULE:").upper()
    if any(f"FREQ={finest}" in body for finest in FINEST) or "\n" in body:
        raise Invalid("A reminder repeats hourly at most.", field="rrule", code="rrule_too_often")
    try:
        next(iter(_parse(body, start)), None)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Invalid(
            "This is not an RFC 5545 RRULE, such as FREQ=WEEKLY;BYDAY=MO;COUNT=8.",
            field="rrule",
            code="rrule_invalid",
        ) from error
    return body


def _parse(rule: str, local_start: datetime) -> rrule:
    parsed = rrulestr(rule, dtstart=local_start.replace(tzinfo=None))
    if not isinstance(parsed, rrule):
        raise ValueError("a set of rules is not supported")
    return parsed


def following(rule: str, start: datetime, after: datetime, zone: ZoneInfo) -> datetime | None:
    """The first occurrence after a time (UTC), None when the rule has ended.

    Counted in local wall time, so that 08:00 stays 08:00 when the clocks change.
    """
    local_start = start.astimezone(zone).replace(tzinfo=None)
    local_after = after.astimezone(zone).replace(tzinfo=None)
    for count, occurrence in enumerate(_parse(rule, local_start).xafter(local_after)):
        moment = occurrence.replace(tzinfo=zone).astimezone(UTC)
        if moment > after:
            return moment
        if count > LOOK_AHEAD:
            break
    return None


def next_occurrence(session: ScopedSession, reminder: Reminder, after: datetime) -> datetime | None:
    """A recurring reminder's next occurrence after a time; None when it has ended."""
    assert reminder.rrule is not None
    zone_name = session.scalars(
        select(Establishment.time_zone).where(Establishment.id == session.establishment_id)
    ).one()
    return following(reminder.rrule, reminder.scheduled_time, after, ZoneInfo(zone_name))
