"""The messages before an event: when they go out, until when they are valid, what is left out.

Seen to fail with: the `late` test left out (a "7 days before" three days before); the margin left
out of `valid_until`; `event.time` instead of the earlier of both; the comparison of minutes left
out (two messages at 07:00); the cap by the next message left out (a burst after an outage);
`event.time - ahead` (a day before 10:00 is 9:00); sorted by distance (one of two is lost).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.series.relative import Event, distances, notices
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
        allowed.zone,
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


PARIS, SAO_PAULO = ZoneInfo("Europe/Paris"), ZoneInfo("America/Sao_Paulo")


@pytest.mark.parametrize(
    ("zone", "event", "before", "dues"),
    [
        # Clocks go forward on 29 March 2026 in Paris: days are days, hours are hours.
        (PARIS, "2026-03-30T10:00", WEEK_DAY_HOURS, ["23 10:00", "29 10:00", "30 08:00"]),
        (PARIS, "2026-03-29T10:00", [DAY, 12 * HOUR], ["28 10:00", "28 21:00"]),
        (PARIS, "2026-03-29T10:00", [DAY + 2 * HOUR], ["28 08:00"]),
        # And back on 25 October.
        (PARIS, "2026-10-26T10:00", WEEK_DAY_HOURS, ["19 10:00", "25 10:00", "26 08:00"]),
        (PARIS, "2026-10-25T10:00", [DAY, 12 * HOUR], ["24 10:00", "24 23:00"]),
        # A day before falls into the gap (the first moment after it), or comes twice (the first).
        (PARIS, "2026-03-30T02:30", [DAY], ["29 03:00"]),
        (PARIS, "2026-10-26T02:30", [DAY], ["25 02:30"]),
        # The event itself in the hour that comes twice: hours before count from that very moment.
        (PARIS, "2026-10-25T02:30", [HOUR], ["25 01:30"]),
        # Sao Paulo's clocks jumped over midnight of 4 November 2018.
        (SAO_PAULO, "2018-11-04T08:00", [DAY, 9 * HOUR], ["03 08:00", "03 22:00"]),
        (SAO_PAULO, "2018-11-05T00:30", [DAY], ["04 01:00"]),
        # Two of which the one a day before is the later, by half an hour: both go out.
        (PARIS, "2026-03-29T10:00", [DAY, 23.5 * HOUR], ["28 09:30", "28 10:00"]),
    ],
)
def test_days_before_are_counted_on_the_wall_clock(
    zone: ZoneInfo, event: str, before: list[timedelta], dues: list[str]
) -> None:
    time = datetime.fromisoformat(event).replace(tzinfo=zone).astimezone(UTC)
    about = Event(time, zone, late=HOUR, validity=DAY, margin=timedelta())
    going, left_out = notices(AllowedTimes(zone), about, before, time - 30 * DAY)
    assert [f"{n.due_at.astimezone(zone):%d %H:%M}" for n in going] == dues
    assert left_out == []
    assert all(n.valid_until <= time for n in going)


def test_which_messages_were_left_out_is_known_across_a_change() -> None:
    time = datetime(2026, 3, 30, 10, tzinfo=PARIS).astimezone(UTC)
    before = [7 * DAY, 2 * DAY, 2 * HOUR]
    on_the_wall = datetime(2026, 3, 23, 10, tzinfo=PARIS).astimezone(UTC)
    assert distances(time, PARIS, before, {on_the_wall}) == {7 * DAY}
    as_it_was_once = time - 2 * DAY
    assert distances(time, PARIS, before, {as_it_was_once}) == {2 * DAY}
