"""Which turn of a series goes out next: after outages, in quiet hours, with some left out.

Seen to fail with: `missed = _longer(missed, latest)` left out; `occurrence + self.validity <= now`
left out of `_turn`; `others` left out of it (each hour of the night a turn); the night, or
`sent_at`, left out of `covered_by`; `last` left out of `next_turn`; `without` left out of
`occurrences`; every occurrence of a closed time counted as one that was tried.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.series.series import Series, Turn
from utils.clock import AllowedTimes

INSTANT = timedelta(microseconds=1)
NIGHT = (time(20), time(7))


def at(day: int, clock: str) -> datetime:
    """A time in Douala in November 2026, in UTC."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) - timedelta(hours=1)


def shown(turn: Turn | None) -> str | None:
    local = turn.due_at + timedelta(hours=1) if turn else None
    return f"{local:%d %H:%M}" if local else None


def series(
    rule: str,
    start: datetime,
    hours: float = 4,
    quiet: tuple[time, time] | None = None,
    zone: str = "Africa/Douala",
) -> Series:
    times = AllowedTimes(ZoneInfo(zone), quiet=(quiet,) if quiet else ())
    return Series(times, rule, start, timedelta(hours=hours))


@pytest.mark.parametrize(
    ("back", "due", "missed"),
    [
        ((1, "08:05"), "02 08:00", 0),  # no outage
        ((4, "09:00"), "04 09:00", 2),  # three missed days: today's goes out, once
        ((4, "15:00"), "05 08:00", 3),  # too late for today's: tomorrow's is next
        ((4, "12:00"), "05 08:00", 3),  # its validity has just ended
        ((4, "11:59"), "04 11:59", 2),
        ((30, "07:59"), "30 08:00", 28),
    ],
)
def test_after_an_outage_the_validity_decides(back: tuple[int, str], due: str, missed: int) -> None:
    daily = series("FREQ=DAILY", at(1, "08:00"))
    turn, run = daily.next_turn(at(1, "08:00"), at(*back))
    assert shown(turn) == due
    assert (run.count if run else 0) == missed
    if run is not None:
        assert run.first == at(2, "08:00")
        assert turn is not None
        assert run.last < turn.occurrence


def test_hours_that_were_missed_are_one_message_not_four() -> None:
    hourly = series("FREQ=HOURLY", at(1, "08:00"))
    turn, run = hourly.next_turn(at(1, "08:00"), at(1, "12:30"))
    assert turn is not None
    assert (turn.occurrence, shown(turn)) == (at(1, "12:00"), "01 12:30")
    assert run is not None
    assert (run.first, run.last, run.count) == (at(1, "09:00"), at(1, "11:00"), 3)
    after = hourly.covered_by(turn.occurrence, at(1, "12:30"))
    assert shown(hourly.next_turn(after, at(1, "12:31"))[0]) == "01 13:00"


def test_what_passed_while_it_was_being_sent_is_not_sent_again() -> None:
    hourly = series("FREQ=HOURLY", at(1, "08:00"))
    after = hourly.covered_by(at(1, "08:00"), at(1, "10:20"))
    assert shown(hourly.next_turn(after, at(1, "10:21"))[0]) == "01 11:00"


def test_a_series_ends_with_what_was_missed_of_it() -> None:
    turn, run = series("FREQ=DAILY;COUNT=3", at(1, "08:00")).next_turn(
        at(1, "08:00"), at(9, "08:00")
    )
    assert turn is None
    assert run is not None
    assert run.count == 2


@pytest.mark.parametrize(
    ("minute", "hours", "dues"),
    [
        # 20:00 to 06:00 are one with 07:00.
        (0, 4, ["01 18:00", "01 19:00", "02 07:00", "02 08:00"]),
        # 20:30 to 06:30 are one, at the end of the night.
        (30, 4, ["01 18:30", "01 19:30", "02 07:00", "02 07:30"]),
        # Not valid for half an hour: then the evening's first goes before the night.
        (30, 0.25, ["01 18:30", "01 19:30", "01 19:59", "02 07:30"]),
    ],
)
def test_the_hours_of_a_night_are_one(minute: int, hours: float, dues: list[str]) -> None:
    start = at(1, f"18:{minute:02}")
    hourly = series("FREQ=HOURLY", start, hours, NIGHT)
    first = hourly.first_turn(at(1, "17:00"))
    assert first is not None
    turns = list(islice(hourly.turns(first, at(1, "17:00")), 4))
    assert [shown(turn) for turn in turns] == dues
    causes = {turn.cause.partition(":")[0] for turn in turns if turn.due_at != turn.occurrence}
    assert causes <= {"quiet hours"}


def test_what_would_not_be_valid_after_the_night_goes_before_it_every_day() -> None:
    late = series("FREQ=DAILY", at(1, "22:00"), 4, NIGHT)
    first = late.first_turn(at(1, "12:00"))
    assert first is not None
    assert [shown(turn) for turn in islice(late.turns(first, at(1, "12:00")), 3)] == [
        "01 19:59",
        "02 19:59",
        "03 19:59",
    ]


def test_what_an_occurrence_of_the_night_stands_for() -> None:
    hourly = series("FREQ=HOURLY", at(1, "20:30"), 4, NIGHT)
    assert hourly.covered_by(at(2, "06:30")) == at(2, "07:00")  # deferred to then
    assert hourly.covered_by(at(1, "20:30")) == at(2, "07:00") - INSTANT  # it went before
    assert hourly.covered_by(at(1, "12:00")) == at(1, "12:00")


def test_what_would_be_brought_forward_into_the_minute_of_another_went_out_with_it() -> None:
    hourly = series("FREQ=HOURLY", at(1, "11:59"), 1 / 60, (time(12), time(13)))
    first = hourly.first_turn(at(1, "11:00"))
    assert first is not None
    assert [shown(turn) for turn in islice(hourly.turns(first, at(1, "11:00")), 3)] == [
        "01 11:59",
        "01 13:59",
        "01 14:59",
    ]


def test_a_catch_up_does_not_come_at_night() -> None:
    daily = series("FREQ=DAILY", at(1, "18:00"), 4, NIGHT)
    turn, run = daily.next_turn(at(1, "18:00"), at(3, "20:30"))
    assert shown(turn) == "04 18:00"
    assert run is not None
    assert run.count == 2


def test_a_turn_that_no_minute_is_left_for_is_missed() -> None:
    daily = series("FREQ=DAILY", at(1, "22:00"), 1, (time(7), time(6, 59)))
    turn, run = daily.next_turn(at(1, "08:00"), at(1, "21:00"))
    assert shown(turn) == "02 06:59"
    assert run is not None
    assert (run.first, run.count) == (at(1, "22:00"), 1)


def test_a_long_closure_ends_no_series() -> None:
    """A hundred hours and more in which nothing may go out: it goes on after them, and says so."""
    days = [at(day, "12:00").date() for day in range(2, 12)]
    hourly = series("FREQ=HOURLY", at(1, "08:30"), 0.25)
    closed = replace(hourly, times=hourly.times.also_closed(days, ()))
    turn, run = closed.next_turn(at(1, "23:30"), at(2, "08:40"))
    assert shown(turn) == "12 00:30"
    assert run is not None
    assert (run.first, run.last) == (at(2, "00:30"), at(11, "23:30"))
    assert run.count == 10 * 24


def test_a_year_of_holidays_ends_no_series() -> None:
    daily = series("FREQ=DAILY", at(1, "08:00"))
    away = [at(2, "12:00").date() + timedelta(days=n) for n in range(400)]
    closed = replace(daily, times=daily.times.also_closed(away, ()))
    turn, run = closed.next_turn(at(1, "08:00"), at(2, "08:30"), last=at(1, "08:00"))
    assert turn is not None
    assert turn.occurrence == at(2, "08:00") + timedelta(days=400)
    assert run is not None
    assert run.count == 400


def test_skipped_ones_are_passed_over_and_not_missed() -> None:
    daily = series("FREQ=DAILY", at(1, "08:00"))
    without = replace(daily, without=frozenset({at(3, "08:00"), at(4, "08:00")}))
    turn, run = without.next_turn(at(1, "08:00"), at(4, "09:00"))
    assert shown(turn) == "05 08:00"
    assert run is not None
    assert (run.first, run.count) == (at(2, "08:00"), 1)


RULES = ["FREQ=HOURLY", "FREQ=HOURLY;INTERVAL=5", "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,SA"]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(RULES),
    st.integers(0, 24 * 60 - 1),
    st.sampled_from([1 / 60, 0.5, 4, 26, 24 * 7]),
    st.sampled_from([None, NIGHT, (time(12), time(13)), (time(0), time(23, 30))]),
    st.integers(0, 6 * 24 * 60),
    st.sampled_from(["Africa/Douala", "Europe/Paris", "America/New_York"]),
)
def test_turns_are_valid_awake_and_never_two_in_a_minute(
    rule: str,
    minute: int,
    hours: float,
    quiet: tuple[time, time] | None,
    late: int,
    zone: str,
) -> None:
    start = datetime(2026, 10, 23, tzinfo=UTC) + timedelta(minutes=minute)
    now = start + timedelta(minutes=late)
    found = series(rule, start, hours, quiet, zone)
    turn, _ = found.next_turn(start - INSTANT, now)
    if turn is None:
        return
    turns = list(islice(found.turns(turn, now), 12))
    for this in turns:
        assert now <= this.due_at < this.occurrence + found.validity
        clock = this.due_at.astimezone(found.times.zone).time()
        if quiet is not None:
            awake = (
                quiet[1] <= clock < quiet[0]
                if quiet[0] > quiet[1]
                else not (quiet[0] <= clock < quiet[1])
            )
            assert awake
    for earlier, later in pairwise(turns):
        assert later.occurrence > earlier.occurrence
        assert later.due_at.replace(second=0) > earlier.due_at.replace(second=0)
