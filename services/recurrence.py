"""Recurring reminders: RFC 5545 rules, counted in the establishment's local time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr
from sqlalchemy import select

from database.session import ScopedSession
from models.establishment import Establishment
from models.reminder import Reminder
from services.errors import Invalid

# What may stand beside each FREQ. Left out is what could search for centuries for a day that never
# comes (BYMONTHDAY with DAILY), and what is finer than a reminder should be.
_ALWAYS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"}
_ALLOWED = {
    "HOURLY": _ALWAYS,
    "DAILY": _ALWAYS | {"BYDAY", "BYMONTH"},
    "WEEKLY": _ALWAYS | {"BYDAY", "BYMONTH"},
    "MONTHLY": _ALWAYS | {"BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"},
    "YEARLY": _ALWAYS | {"BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"},
}
_SYNTAX = re.compile(r"[A-Z]+=[A-Z0-9,+-]+(?:;[A-Z]+=[A-Z0-9,+-]+)*")
_WEEKDAY = "(?:MO|TU|WE|TH|FR|SA|SU)"
_VALUES = {
    "BYMONTH": "0?[1-9]|1[0-2]",
    "BYMONTHDAY": "[+-]?(?:0?[1-9]|[12][0-9]|3[01])",
    "BYSETPOS": "[+-]?[1-9][0-9]{0,2}",
    "BYDAY": _WEEKDAY,
    "BYDAY of a month": f"(?:[+-]?0?[1-5])?{_WEEKDAY}",
    "BYDAY of a year": f"(?:[+-]?(?:0?[1-9]|[1-4][0-9]|5[0-3]))?{_WEEKDAY}",
}
_POSITIVE = re.compile(r"[1-9]\d{0,3}")
_EXAMPLE = "This is not an RFC 5545 RRULE, such as FREQ=WEEKLY;BYDAY=MO;COUNT=8."
_UNTIL = re.compile(r"UNTIL=(\d{8})(T\d{6})?(Z)?")


def check_rule(rule: str, start: datetime) -> str:
    """An RRULE in its canonical form; `start` is local. Raises `Invalid` on field `rrule`."""
    body = rule.strip().upper().removeprefix("RRULE:")
    parts = dict(part.partition("=")[::2] for part in body.split(";"))
    allowed = _ALLOWED.get(parts.get("FREQ", ""))
    if allowed is None:
        raise _refused("FREQ is HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY.", "rrule_frequency")
    # More than a rule would have dateutil read a DTSTART of the client's own from it.
    if not _SYNTAX.fullmatch(body):
        raise _refused(_EXAMPLE, "rrule_invalid")
    if not allowed.issuperset(parts):
        raise _refused(
            f"With this FREQ a rule may have {', '.join(sorted(allowed))}.", "rrule_part"
        )
    for name in ("INTERVAL", "COUNT"):  # dateutil would turn INTERVAL=0 into an endless search
        if name in parts and not _POSITIVE.fullmatch(parts[name]):
            raise _refused(f"{name} is a whole number from 1 to 9999.", "rrule_invalid")
    for name in ("BYMONTH", "BYMONTHDAY", "BYSETPOS", "BYDAY"):
        # dateutil would search for a 13th month until the year 9999, and stumble over a 9th Monday
        # in some Decembers only.
        if name in parts and not _listed(_VALUES[_kind_of(name, parts)], parts[name]):
            raise _refused(f"{name} has a value that does not exist.", "rrule_invalid")
    try:
        canonical = _with_utc_until(body, start)
        first = next(iter(_parse(canonical, start)), None)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        raise _refused(_EXAMPLE, "rrule_invalid") from error
    if first is None:
        raise _refused("This rule never comes true.", "rrule_never")
    return canonical


def _kind_of(name: str, parts: dict[str, str]) -> str:
    """Which values a part may have: `2MO` counts in a month or in a year, in a week it is wrong."""
    if name != "BYDAY" or parts["FREQ"] in ("DAILY", "WEEKLY"):
        return name
    in_month = parts["FREQ"] == "MONTHLY" or "BYMONTH" in parts
    return "BYDAY of a month" if in_month else "BYDAY of a year"


def _listed(value: str, given: str) -> bool:
    return re.fullmatch(f"(?:{value})(?:,(?:{value}))*", given) is not None


def _refused(detail: str, code: str) -> Invalid:
    return Invalid(detail, field="rrule", code=code)


def _with_utc_until(rule: str, start: datetime) -> str:
    """UNTIL in UTC, as RFC 5545 wants it; a local one, or a date alone, is meant locally."""

    def in_utc(found: re.Match[str]) -> str:
        day, clock, zulu = found.groups()
        if zulu and clock:
            return found[0]
        local = datetime.strptime(day + (clock or "T235959"), "%Y%m%dT%H%M%S")  # noqa: DTZ007
        return f"UNTIL={local.replace(tzinfo=start.tzinfo).astimezone(UTC):%Y%m%dT%H%M%SZ}"

    return _UNTIL.sub(in_utc, rule)


def _parse(rule: str, local_start: datetime) -> rrule:
    parsed = rrulestr(rule, dtstart=local_start)
    if not isinstance(parsed, rrule):
        raise ValueError("a set of rules is not supported")
    return parsed


def following(rule: str, start: datetime, after: datetime, zone: ZoneInfo) -> datetime | None:
    """The first occurrence after a time (UTC), None when the rule has ended.

    Counted on the wall clock of `zone`, so that 08:00 stays 08:00 when the clocks change.
    """
    found = _parse(rule, start.astimezone(zone)).after(after.astimezone(zone))
    return found.astimezone(UTC) if found else None


def next_occurrence(session: ScopedSession, reminder: Reminder, after: datetime) -> datetime | None:
    """A recurring reminder's next occurrence after a time; None when it has ended."""
    assert reminder.rrule is not None
    zone_name = session.scalars(
        select(Establishment.time_zone).where(Establishment.id == session.establishment_id)
    ).one()
    return following(reminder.rrule, reminder.scheduled_time, after, ZoneInfo(zone_name))
