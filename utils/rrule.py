"""Repeating days of RFC 5545, on a wall clock without a zone. Every search has an end.

A rule is read period by period (hour, day, week, month or year), `INTERVAL` periods at a time; a
period gives the days that its BY parts leave, at the time of day of the start. Rules that never
come true (30 February) end at the horizon instead of being searched to the year 9999, and a rule
without COUNT is entered where one looks, not where it began.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

HORIZON_YEARS = 50
"""No search looks further: a 29 February that is a Monday comes every 28 or 40 years."""

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = timedelta(days=1)
_STEPS = {
    "HOURLY": timedelta(hours=1),
    "DAILY": _DAY,
    "WEEKLY": timedelta(weeks=1),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule whose parts have been checked. `until` is the text as it stands in the rule."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: str | None = None
    week_start: int = 0
    by_month: frozenset[int] = frozenset()
    by_month_day: frozenset[int] = frozenset()
    by_day: frozenset[tuple[int, int]] = frozenset()  # (which one, or 0 for each; weekday)
    by_position: frozenset[int] = frozenset()


def parse(text: str) -> Rule:
    """Read a rule in capital letters without `RRULE:`; raises `ValueError` or `KeyError`."""
    parts = dict(part.split("=", 1) for part in text.split(";"))

    def numbers(name: str) -> frozenset[int]:
        return frozenset(int(value) for value in parts[name].split(",")) if name in parts else _NONE

    return Rule(
        frequency=parts["FREQ"],
        interval=int(parts.get("INTERVAL", "1")),
        count=int(parts["COUNT"]) if "COUNT" in parts else None,
        until=parts.get("UNTIL"),
        week_start=WEEKDAYS.index(parts.get("WKST", "MO")),
        by_month=numbers("BYMONTH"),
        by_month_day=numbers("BYMONTHDAY"),
        by_day=frozenset(
            (int(value[:-2] or "0"), WEEKDAYS.index(value[-2:]))
            for value in parts.get("BYDAY", "").split(",")
            if value
        ),
        by_position=numbers("BYSETPOS"),
    )


_NONE: frozenset[int] = frozenset()


def wall_times(rule: Rule, start: datetime, after: datetime) -> Iterator[datetime]:
    """The rule's times from `start` on that are later than `after`, in order; all without a zone.

    COUNT is kept, UNTIL is not (it is a moment, not a time on a wall clock). Ends at the horizon.
    """
    horizon = max(start, after).year + HORIZON_YEARS
    first = 0 if rule.count is not None else _periods_before(rule, start, after)
    found = 0
    for period in _periods(rule, start, first, min(horizon, 9999)):
        for moment in period:
            if moment < start:
                continue
            found += 1
            if rule.count is not None and found > rule.count:
                return
            if moment > after:
                yield moment


def _periods_before(rule: Rule, start: datetime, after: datetime) -> int:
    """How many periods can be passed over: they end before `after`."""
    if after <= start:
        return 0
    if rule.frequency in _STEPS:
        return (after - start) // (_STEPS[rule.frequency] * rule.interval)
    months = (after.year - start.year) * 12 + after.month - start.month
    length = rule.interval * (12 if rule.frequency == "YEARLY" else 1)
    return months // length


def _periods(
    rule: Rule, start: datetime, first: int, last_year: int
) -> Iterator[Iterator[datetime]]:
    number = first
    while True:
        try:
            begins, days = _period(rule, start, number * rule.interval)
        except (OverflowError, ValueError):  # beyond the calendar
            return
        if begins.year > last_year:
            return
        chosen = _positions(rule, days)
        yield (begins.replace(year=d.year, month=d.month, day=d.day) for d in chosen)
        number += 1


def _period(rule: Rule, start: datetime, number: int) -> tuple[datetime, list[date]]:
    """When a period begins (at the time of day of its times), and the days that it gives."""
    if rule.frequency == "HOURLY":
        moment = start + timedelta(hours=number)
        return moment, [moment.date()]
    if rule.frequency == "DAILY":
        moment = start + timedelta(days=number)
        return moment, [d for d in [moment.date()] if _fits(rule, d, every_weekday=True)]
    if rule.frequency == "WEEKLY":
        back = (start.weekday() - rule.week_start) % 7
        monday = start + timedelta(weeks=number) - back * _DAY
        week = [(monday + offset * _DAY).date() for offset in range(7)]
        if not rule.by_day:
            week = [d for d in week if d.weekday() == start.weekday()]
        return monday, [d for d in week if _fits(rule, d, every_weekday=True)]
    if rule.frequency == "MONTHLY":
        months = start.year * 12 + start.month - 1 + number
        begins = start.replace(year=months // 12, month=months % 12 + 1, day=1)
        return begins, _days_of_month(rule, begins.year, begins.month, start)
    begins = start.replace(year=start.year + number, month=1, day=1)
    return begins, _days_of_year(rule, begins.year, start)


def _days_of_month(rule: Rule, year: int, month: int, start: datetime) -> list[date]:
    last = calendar.monthrange(year, month)[1]
    days = [date(year, month, day) for day in range(1, last + 1)]
    if not rule.by_day and not rule.by_month_day:
        days = [d for d in days if d.day == start.day]
    return [d for d in days if _fits(rule, d, every_weekday=False) and _nth(rule, d, 1, last)]


def _days_of_year(rule: Rule, year: int, start: datetime) -> list[date]:
    named = rule.by_day or rule.by_month_day
    months = sorted(rule.by_month) or (range(1, 13) if named else [start.month])
    if not rule.by_day or rule.by_month:
        return [d for month in months for d in _days_of_month(rule, year, month, start)]
    new_year, length = date(year, 1, 1), 366 if calendar.isleap(year) else 365
    days = [new_year + offset * _DAY for offset in range(length)]
    return [
        d
        for d in days
        if _fits(rule, d, every_weekday=False)
        and _nth(rule, d, d.day - d.timetuple().tm_yday + 1, d.day - d.timetuple().tm_yday + length)
    ]


def _fits(rule: Rule, day: date, *, every_weekday: bool) -> bool:
    """True when a day is in the months and on the days of the month that a rule names."""
    if rule.by_month and day.month not in rule.by_month:
        return False
    if rule.by_month_day:
        last = calendar.monthrange(day.year, day.month)[1]
        if not {day.day, day.day - last - 1} & rule.by_month_day:
            return False
    return not every_weekday or not rule.by_day or (0, day.weekday()) in rule.by_day


def _nth(rule: Rule, day: date, first: int, last: int) -> bool:
    """True when a day is a weekday that a rule names: each, or the nth from either end.

    `first` and `last` are the days between which is counted, as days of this day's month.
    """
    if not rule.by_day:
        return True
    from_front = (day.day - first) // 7 + 1
    from_back = -((last - day.day) // 7 + 1)
    return any((which, day.weekday()) in rule.by_day for which in (0, from_front, from_back))


def _positions(rule: Rule, days: list[date]) -> list[date]:
    """The days that BYSETPOS picks of a period's."""
    if not rule.by_position:
        return days
    length = len(days)
    wanted = {p - 1 if p > 0 else length + p for p in rule.by_position}
    return [d for place, d in enumerate(days) if place in wanted]
