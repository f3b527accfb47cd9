"""The messages before an event: when they go out, until when they are valid, what is left out.

Seen to fail with: the `late` test left out (a "7 days before" three days before); the margin left
out of `valid_until`; `event.time` instead of the earlier of both; the comparison of minutes left
out (two messages at 07:00); the cap by the next message left out (a burst after an outage).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.series.relative import Event, notices
from utils.clock import AllowedTimes

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK_DAY_HOURS = [7 * DAY, DAY, 2 * HOUR]
NIGHT = (time(20), time(7))
EVENT = datetime(2026, 11, 20, 9, tzinfo=UTC)  # 10:00 in Douala


def planned(
    before: list[timedelta],
    ahead: timedelta,
    *,
    event: datetime = EVENT,
    valid_for: timedelta | None = None,
    quiet: tuple[time, time] | None = None,
    holidays: frozenset[date] = frozenset(),
) -> tuple[list[tuple[timedelta, str, str]], list[tuple[timedelta, str]]]:
    """What goes out (when, until when) and what does not, `ahead` before the event; local times."""
    allowed = AllowedTimes(
        ZoneInfo("Africa/Douala"), quiet=(quiet,) if quiet else (), holidays=holidays
    )
    about = Event(
        event,
        late=valid_for or 4 * HOUR,
        validity=valid_for or 7 * DAY,
        margin=timedelta() if valid_for else timedelta(minutes=45),
    )
    going, left_out = notices(allowed, about, before, event - ahead)

    def local(moment: datetime) -> str:
        return f"{moment + HOUR:%d %H:%M}"

    return (
        [(n.before, local(n.due_at), local(n.valid_until)) for n in going],
        [(n.before, n.reason.value) for n in left_out],
    )


def test_three_messages_before_an_appointment() -> None:
    assert planned(WEEK_DAY_HOURS, 10 * DAY) == (
        [
            (7 * DAY, "13 10:00", "19 10:00"),  # worth sending until the next one goes out
            (DAY, "19 10:00", "20 08:00"),
            (2 * HOUR, "20 08:00", "20 09:15"),  # 45 minutes before the event
        ],
        [],
    )


@pytest.mark.parametrize(
    ("ahead", "dues", "left_out"),
    [
        (7 * DAY - HOUR, ["13 11:00", "19 10:00", "20 08:00"], []),  # just passed: at once
        (3 * DAY, ["19 10:00", "20 08:00"], [7 * DAY]),
        (DAY - 5 * HOUR, ["20 08:00"], [7 * DAY, DAY]),
        (HOUR, ["20 09:00"], [7 * DAY, DAY]),  # an hour late, and valid
        (timedelta(minutes=45), [], WEEK_DAY_HOURS),
        (-HOUR, [], WEEK_DAY_HOURS),
    ],
)
def test_what_has_passed_is_left_out(
    ahead: timedelta, dues: list[str], left_out: list[timedelta]
) -> None:
    going, without = planned(WEEK_DAY_HOURS, ahead)
    assert [due for _, due, _ in going] == dues
    assert without == [(before, "past") for before in left_out]


def test_a_validity_of_its_own_and_never_past_the_event() -> None:
    going, _ = planned(WEEK_DAY_HOURS, 10 * DAY, valid_for=3 * HOUR)
    assert [until for _, _, until in going] == ["13 13:00", "19 13:00", "20 10:00"]


def test_one_that_is_asked_for_within_the_margin_is_valid_until_the_event() -> None:
    going, _ = planned([timedelta(minutes=30)], DAY)
    assert going == [(timedelta(minutes=30), "20 09:30", "20 10:00")]


def test_two_that_would_go_out_in_the_same_minute_are_one() -> None:
    # 03:00 and 06:00, both deferred to 07:00.
    going, without = planned([7 * HOUR, 4 * HOUR], DAY, quiet=NIGHT)
    assert going == [(4 * HOUR, "20 07:00", "20 09:15")]
    assert without == [(7 * HOUR, "merged")]
    # 05:00 deferred to 07:00, where another one is due.
    going, without = planned([5 * HOUR, 3 * HOUR], DAY, quiet=NIGHT)
    assert [due for _, due, _ in going] == ["20 07:00"]
    assert without == [(5 * HOUR, "merged")]
    # Both have just passed: one goes out now.
    going, without = planned([3 * HOUR, 2 * HOUR], timedelta(minutes=90))
    assert [(before, due) for before, due, _ in going] == [(2 * HOUR, "20 08:30")]
    assert without == [(3 * HOUR, "merged")]


def test_what_could_not_wait_for_the_morning_goes_before_the_night() -> None:
    early = EVENT - timedelta(hours=3, minutes=30)  # 06:30
    going, without = planned([10 * HOUR, 9 * HOUR], DAY, event=early, quiet=NIGHT)
    assert going == [(9 * HOUR, "19 19:59", "20 05:45")]
    assert without == [(10 * HOUR, "merged")]
    going, without = planned([2 * HOUR], 8 * HOUR, event=early, quiet=NIGHT)
    assert (going, without) == ([], [(2 * HOUR, "quiet_hours")])


def test_one_that_only_a_holiday_is_left_for_is_left_out_for_it() -> None:
    closed = frozenset({EVENT.date()})
    going, without = planned([2 * HOUR], 3 * HOUR, holidays=closed)
    assert (going, without) == ([], [(2 * HOUR, "holiday")])
