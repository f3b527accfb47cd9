"""Recurring reminders: RFC 5545 rules, counted in the establishment's local time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import takewhile

from services.errors import Invalid
from utils.clock import moment_at
from utils.rrule import Rule, parse, wall_times

# What may stand beside each FREQ. Left out is what is finer than a reminder should be, and what
# RFC 5545 has no example of.
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
_OTHER_LINES = re.compile(r"[\r\n]|\\N|DTSTART|DTEND|DURATION|EXDATE|EXRULE|RDATE|RRULE")
"""Other properties of a calendar, or two rules."""
_POSITIVE = re.compile(r"[1-9]\d{0,3}")
_EXAMPLE = "This is not an RFC 5545 RRULE, such as FREQ=WEEKLY;BYDAY=MO;COUNT=8."
_UNTIL = re.compile(r"UNTIL=(\d{8})(T\d{6})?(Z)?")


def check_rule(rule: str, start: datetime, zone: tzinfo) -> str:
    """An RRULE in its canonical form. Raises `Invalid` on field `rrule`."""
    body = rule.strip().upper().removeprefix("RRULE:")
    if _OTHER_LINES.search(body):
        raise _refused(
            "Only the rule stands here: `scheduled_time` says when it starts, `exdates` which"
            " occurrences are left out; another date is a reminder of its own.",
            "rrule_alone",
        )
    given = body.split(";")
    parts = dict(part.partition("=")[::2] for part in given)
    allowed = _ALLOWED.get(parts.get("FREQ", ""))
    if allowed is None:
        raise _refused("FREQ is HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY.", "rrule_frequency")
    if not _SYNTAX.fullmatch(body):
        raise _refused(_EXAMPLE, "rrule_invalid")
    if len(parts) < len(given):
        raise _refused(
            "Each part of a rule stands once; several days are a list: BYDAY=MO,TU.",
            "rrule_invalid",
        )
    if not allowed.issuperset(parts):
        raise _refused(
            f"With this FREQ a rule may have {', '.join(sorted(allowed))}.", "rrule_part"
        )
    for name in ("INTERVAL", "COUNT"):
        if name in parts and not _POSITIVE.fullmatch(parts[name]):
            raise _refused(f"{name} is a whole number from 1 to 9999.", "rrule_invalid")
    for name in ("BYMONTH", "BYMONTHDAY", "BYSETPOS", "BYDAY"):
        if name in parts and not _listed(_VALUES[_kind_of(name, parts)], parts[name]):
            raise _refused(f"{name} has a value that does not exist.", "rrule_invalid")
    if {"COUNT", "UNTIL"} <= set(parts):
        raise _refused("A rule has COUNT or UNTIL, not both.", "rrule_invalid")
    try:
        canonical = _with_utc_until(body, zone)
        first = following(canonical, start, start - timedelta(microseconds=1), zone)
    except (ValueError, LookupError, OverflowError) as error:
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


def _with_utc_until(rule: str, zone: tzinfo) -> str:
    """UNTIL in UTC, as RFC 5545 wants it; a local one, or a date alone, is meant locally."""

    def in_utc(found: re.Match[str]) -> str:
        day, clock, zulu = found.groups()
        if zulu and clock:
            return found[0]
        wall = datetime.strptime(day + (clock or "T235959"), "%Y%m%dT%H%M%S")  # noqa: DTZ007
        return f"UNTIL={moment_at(wall, zone):%Y%m%dT%H%M%SZ}"

    return _UNTIL.sub(in_utc, rule)


def occurrences(rule: str, start: datetime, zone: tzinfo, *, after: datetime) -> Iterator[datetime]:
    """A rule's occurrences that are later than `after`, in UTC, each moment once.

    Counted on the wall clock of `zone`, so that 08:00 stays 08:00 when the clocks change. A time
    that the clocks jump over is the first moment after the gap; one that they show twice is the
    first of the two. COUNT counts from `start`; UNTIL is the last moment that still belongs.
    """
    read = parse(rule)
    until = _until(read)
    begin = start.astimezone(zone).replace(tzinfo=None, fold=0)
    last = after
    # A day's slack: the wall clock of `after` may stand before or behind that of its moment.
    for wall in wall_times(read, begin, _wall_before(after, zone)):
        try:
            moment = start if wall == begin else moment_at(wall, zone)
        except OverflowError:  # the end of the calendar
            return
        if until is not None and moment > until:
            return
        if moment > last:
            yield moment
            last = moment


def _wall_before(moment: datetime, zone: tzinfo) -> datetime:
    try:
        return moment.astimezone(zone).replace(tzinfo=None, fold=0) - timedelta(days=2)
    except OverflowError:
        return datetime(1, 1, 1)  # noqa: DTZ001 - a wall clock


def _until(rule: Rule) -> datetime | None:
    if rule.until is None:
        return None
    return datetime.strptime(rule.until, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def following(rule: str, start: datetime, after: datetime, zone: tzinfo) -> datetime | None:
    """The first occurrence after a time (UTC), None when the rule has ended."""
    return next(occurrences(rule, start, zone, after=after), None)


def refuse_unknown(
    rule: str, start: datetime, zone: tzinfo, moments: Sequence[datetime], field: str
) -> None:
    """Raise `Invalid` on the first of the moments (UTC) that is not an occurrence of a rule."""
    first, last = min(moments), max(moments)
    known = set(
        takewhile(
            lambda moment: moment <= last,
            occurrences(rule, start, zone, after=first - timedelta(microseconds=1)),
        )
    )
    for place, moment in enumerate(moments):
        if moment not in known:
            raise Invalid(
                "The rule has no occurrence at that time.",
                field=f"{field}.{place}",
                code="occurrence_unknown",
            )


def remaining(rule: str, start: datetime, zone: tzinfo, *, before: datetime) -> str:
    """The rule for what is left of a series when its occurrences before a time are done.

    Only a COUNT says how many there are in all; it becomes the number of those that are left.
    """
    count = parse(rule).count
    if count is None:
        return rule
    just_before_start = start - timedelta(microseconds=1)
    done = sum(
        1
        for _ in takewhile(
            lambda moment: moment < before, occurrences(rule, start, zone, after=just_before_start)
        )
    )
    return re.sub(r"COUNT=\d+", f"COUNT={max(1, count - done)}", rule)
