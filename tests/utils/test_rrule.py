"""Repeating days: the same as python-dateutil's where that is right, and every search ends.

Seen to fail with: `moment < start` left out; the horizon left out (rules that never come true are
searched to the year 9999); `_nth` without `from_back`.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from itertools import islice, takewhile

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.rrule import HORIZON_YEARS, WEEKDAYS, parse, wall_times

# ruff: noqa: DTZ001 - a wall clock has no zone

START = datetime(2026, 11, 21, 8)


def chosen(values: list[object]) -> st.SearchStrategy[str]:
    picked = st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)
    return picked.map(lambda found: ",".join(map(str, found)))


def nth(*numbers: str) -> st.SearchStrategy[str]:
    # Never mixed with plain weekdays: dateutil then takes what is both instead of what is either.
    counted = [number + day for number in numbers for day in WEEKDAYS]
    return st.one_of(chosen(list(WEEKDAYS)), chosen(counted))


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    may = st.booleans()
    parts = {"FREQ": frequency, "INTERVAL": str(draw(st.sampled_from([1, 2, 3, 5, 13])))}
    if draw(may):
        parts["COUNT"] = str(draw(st.integers(1, 30)))
    if draw(may):
        parts["WKST"] = draw(st.sampled_from(WEEKDAYS))
    if frequency != "HOURLY" and draw(may):
        parts["BYMONTH"] = draw(chosen(list(range(1, 13))))
    if frequency in ("DAILY", "WEEKLY") and draw(may):
        parts["BYDAY"] = draw(chosen(list(WEEKDAYS)))
    if frequency in ("MONTHLY", "YEARLY"):
        in_month = frequency == "MONTHLY" or "BYMONTH" in parts
        if draw(may):
            parts["BYDAY"] = draw(nth("1", "2", "-1", "5") if in_month else nth("1", "20", "-53"))
        if draw(may):
            parts["BYMONTHDAY"] = draw(chosen([1, 15, 28, 29, 30, 31, -1, -31]))
        if draw(may):
            parts["BYSETPOS"] = draw(chosen([1, 2, -1, -2, 5]))
    return ";".join(f"{name}={value}" for name, value in parts.items())


@settings(max_examples=300, deadline=None)
@given(
    rules(),
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)),
    st.sampled_from([-1, 0, 5, 1440, 40 * 1440, 500 * 1440]),
)
def test_the_same_times_as_a_library_of_many_years(rule: str, start: datetime, later: int) -> None:
    start = start.replace(microsecond=0)
    after, until = start + timedelta(minutes=later), datetime(2040, 1, 1)

    def soon(times: object) -> list[datetime]:
        return list(islice(takewhile(lambda moment: moment < until, times), 10))  # type: ignore[call-overload]

    theirs = (moment for moment in rrulestr(rule, dtstart=start) if moment > after)
    assert soon(wall_times(parse(rule), start, after)) == soon(theirs)


def test_plain_and_counted_weekdays_are_either() -> None:
    times = wall_times(parse("FREQ=MONTHLY;BYDAY=1MO,SU"), START, START)
    assert [moment.day for moment in islice(times, 7)] == [22, 29, 6, 7, 13, 20, 27]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO;BYMONTH=2",
        "FREQ=YEARLY;BYDAY=MO;BYSETPOS=366",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTH=2",
        "FREQ=YEARLY;INTERVAL=9999;BYMONTH=2;BYMONTHDAY=31",
    ],
)
def test_what_never_comes_true_is_not_looked_for_for_ever(rule: str) -> None:
    for _ in range(20):
        assert list(wall_times(parse(rule), START, START)) == []


@pytest.mark.parametrize(
    "rule",
    ["FREQ=HOURLY", "FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY"],
)
def test_a_rule_that_never_ends_ends_at_the_horizon(rule: str) -> None:
    late = START.replace(year=START.year + 900)
    (last,) = deque(wall_times(parse(rule), START, late), maxlen=1)
    assert 0 <= last.year - (START.year + 900 + HORIZON_YEARS) <= 1  # a week may reach over


def test_the_end_of_the_calendar() -> None:
    late = datetime(9999, 12, 30, 8)
    assert list(wall_times(parse("FREQ=DAILY"), START, late)) == [datetime(9999, 12, 31, 8)]
    assert list(wall_times(parse("FREQ=YEARLY;INTERVAL=9999"), START, START)) == []
    assert list(wall_times(parse("FREQ=MONTHLY;INTERVAL=9999"), START, START)) == []
    weekly = wall_times(parse("FREQ=WEEKLY;INTERVAL=9999"), START, START - timedelta(days=1))
    assert list(weekly) == [START]
