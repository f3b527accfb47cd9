from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from utils.clock import (
    InvalidDuration,
    latest_before_quiet,
    local_time,
    moment_at,
    parse_duration,
    quiet_until,
)

DOUALA, PARIS = ZoneInfo("Africa/Douala"), ZoneInfo("Europe/Paris")
APIA = ZoneInfo("Pacific/Apia")  # had no 30 December 2011
NIGHT = (time(20), time(7))
MINUTE = timedelta(minutes=1)
# Clocks in Paris: forward at 01:00 UTC on 29 March 2026, back at 01:00 UTC on 25 October 2026.


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def paris(text, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=PARIS, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-28T18:59:59", None),  # 19:59:59 local
        ("2026-03-28T19:00:00", "2026-03-29T06:00"),
        ("2026-03-28T23:30:00", "2026-03-29T06:00"),
        ("2026-03-29T05:59:59", "2026-03-29T06:00"),
        ("2026-03-29T06:00:00", None),
        ("2026-12-31T22:00:00", "2027-01-01T06:00"),
    ],
)
def test_douala_is_an_hour_ahead_all_year(now, until):
    assert quiet_until(utc(now), DOUALA, *NIGHT) == (until and utc(until))


@pytest.mark.parametrize(
    ("now", "hours", "until"),
    [
        # The usual night, an hour shorter in spring and an hour longer in autumn.
        (paris("2026-03-28T20:00"), NIGHT, utc("2026-03-29T05:00")),
        (paris("2026-10-24T20:00"), NIGHT, utc("2026-10-25T06:00")),
        # An end that the clock jumps over: the first minute after the jump.
        (paris("2026-03-28T22:00"), (time(20), time(2, 30)), utc("2026-03-29T01:00")),
        # An end that comes twice: the first time, and again from the second 02:00.
        (paris("2026-10-24T22:00"), (time(20), time(2, 30)), utc("2026-10-25T00:30")),
        (paris("2026-10-25T02:45"), (time(20), time(2, 30)), None),
        (paris("2026-10-25T02:10", 1), (time(20), time(2, 30)), paris("2026-10-25T02:30", 1)),
        # A beginning that comes twice: the wall shows 02:00 once more, which is not quiet.
        (paris("2026-10-25T02:45"), (time(2, 30), time(7)), utc("2026-10-25T01:00")),
        # Same-day hours, and none at all.
        (paris("2026-07-01T13:00"), (time(12), time(14)), paris("2026-07-01T14:00")),
        (paris("2026-07-01T03:00"), (time(7), time(7)), None),
    ],
)
def test_paris_at_both_changes(now, hours, until):
    assert quiet_until(now, PARIS, *hours) == until


def is_quiet(moment, tz, start, end):
    """Slow and separate: is this minute of the day among those from start up to end?"""
    at = start.hour * 60 + start.minute
    quiet = set()
    while at != end.hour * 60 + end.minute:
        quiet.add(at)
        at = (at + 1) % 1440
    shown = moment.astimezone(tz)
    return shown.hour * 60 + shown.minute in quiet


zones = st.sampled_from([DOUALA, PARIS, APIA, ZoneInfo("Asia/Kathmandu"), ZoneInfo("UTC")])
clock = st.builds(time, st.integers(0, 23), st.integers(0, 59))
ordinary = st.integers(0, 20 * 365 * 86_400).map(
    lambda seconds: utc("2011-01-01T00:00") + timedelta(seconds=seconds)
)
around = st.sampled_from(
    [utc("2026-03-29T01:00"), utc("2026-10-25T01:00"), utc("2011-12-30T10:00")]
)
near_a_change = st.builds(
    lambda at, s: at + timedelta(seconds=s), around, st.integers(-(10**5), 10**5)
)
moments = ordinary | near_a_change


@given(moments, zones, clock, clock)
def test_quiet_until_is_the_first_allowed_minute(now, tz, start, end):
    expected = None
    if is_quiet(now, tz, start, end):
        expected = now.replace(second=0, microsecond=0)
        while is_quiet(expected, tz, start, end):
            expected += MINUTE
    found = quiet_until(now, tz, start, end)
    assert found == expected
    assert found is None or found.tzinfo is UTC


@given(moments, st.integers(0, 3 * 86_400), zones, clock, clock)
@example(utc("2026-07-01T18:59:30"), 3600, DOUALA, time(20), time(7))
def test_latest_before_quiet_is_the_last_allowed_minute(now, seconds, tz, start, end):
    until = now + timedelta(seconds=seconds)
    expected = until
    if is_quiet(until, tz, start, end):
        expected = until.replace(second=0, microsecond=0)
        while expected + MINUTE > now and is_quiet(expected, tz, start, end):
            expected -= MINUTE
        expected = max(expected, now) if expected + MINUTE > now else None
    assert latest_before_quiet(now, until, tz, start, end) == expected


def test_latest_before_quiet():
    evening = utc("2026-07-01T15:00")
    quiet = utc("2026-07-02T03:00")
    assert latest_before_quiet(evening, quiet, DOUALA, *NIGHT) == utc("2026-07-01T18:59")
    assert latest_before_quiet(utc("2026-07-01T19:30"), quiet, DOUALA, *NIGHT) is None
    assert latest_before_quiet(quiet, evening, DOUALA, *NIGHT) is None
    for eve, morning in (("2026-03-28", "2026-03-29T06:30"), ("2026-10-24", "2026-10-25T06:30")):
        now, until = paris(f"{eve}T12:00"), paris(morning)
        assert latest_before_quiet(now, until, PARIS, *NIGHT) == paris(f"{eve}T19:59")


def test_local_time():
    shown = local_time(utc("2026-07-14T10:00"), DOUALA)
    assert shown.isoformat() == "2026-07-14T11:00:00+01:00"
    assert local_time(utc("2026-07-14T10:00"), PARIS).hour == 12


def test_naive_moments_and_odd_seconds_are_refused():
    naive = datetime(2026, 7, 14, 10)  # noqa: DTZ001
    for attempt in (
        lambda: local_time(naive, DOUALA),
        lambda: quiet_until(naive, DOUALA, *NIGHT),
        lambda: latest_before_quiet(naive, naive, DOUALA, *NIGHT),
        lambda: quiet_until(utc("2026-07-14T10:00"), DOUALA, time(20, 0, 30), time(7)),
    ):
        with pytest.raises(ValueError, match=r"offset|whole minutes"):
            attempt()


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("PT4H", timedelta(hours=4)),
        ("P1D", timedelta(days=1)),
        ("P2W", timedelta(weeks=2)),
        ("P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("PT0S", timedelta()),
        ("PT90M", timedelta(minutes=90)),
        ("14400", timedelta(hours=4)),
        (45, timedelta(seconds=45)),
        ("P366D", timedelta(days=366)),
    ],
)
def test_durations(text, duration):
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    [
        *("", "P", "PT", "P1DT", "4H", "PT4", "T4H", "P1Y", "P1M", "-PT4H", "+5", "-5", "PT-4H"),
        *("PT1.5H", "pt4h", " PT4H", "PT4H\n", "P1H", "PT1D", "P1D1W", "PT1M1H", "٤", "1e3"),
        *("PT٤H", "P" + "9" * 5_000 + "D", "9" * 5_000, -1, True),
    ],
)
def test_what_is_no_duration(text):
    with pytest.raises(InvalidDuration) as refusal:
        parse_duration(text)
    assert refusal.value.code == "duration_invalid"


@pytest.mark.parametrize("text", ["P367D", "P999999W", "999999999999", "PT999999999999S"])
def test_too_long_a_duration(text):
    with pytest.raises(InvalidDuration) as refusal:
        parse_duration(text)
    assert refusal.value.code == "duration_too_long"


def test_the_bound_is_the_callers():
    assert parse_duration("PT4H", longest=timedelta(hours=4)) == timedelta(hours=4)
    with pytest.raises(InvalidDuration):
        parse_duration("PT4H1S", longest=timedelta(hours=4))


@given(st.integers(0, 366 * 86_400))
def test_a_number_is_seconds_in_any_spelling(seconds):
    assert parse_duration(seconds) == parse_duration(f"PT{seconds}S") == timedelta(seconds=seconds)


NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("zone", "wall", "moment"),
    [
        # Summer time begins: 02:00 to 03:00 does not exist; the first moment after it does.
        (PARIS, "2026-03-29T01:59", "2026-03-29T00:59Z"),
        (PARIS, "2026-03-29T02:00", "2026-03-29T01:00Z"),
        (PARIS, "2026-03-29T02:30", "2026-03-29T01:00Z"),
        (PARIS, "2026-03-29T02:59", "2026-03-29T01:00Z"),
        (PARIS, "2026-03-29T03:00", "2026-03-29T01:00Z"),
        (NEW_YORK, "2026-03-08T02:30", "2026-03-08T07:00Z"),
        # It ends: 02:00 to 03:00 (01:00 to 02:00) comes twice; the first of the two.
        (PARIS, "2026-10-25T01:59", "2026-10-24T23:59Z"),
        (PARIS, "2026-10-25T02:30", "2026-10-25T00:30Z"),
        (PARIS, "2026-10-25T03:00", "2026-10-25T02:00Z"),
        (NEW_YORK, "2026-11-01T01:30", "2026-11-01T05:30Z"),
        (NEW_YORK, "2026-11-01T02:00", "2026-11-01T07:00Z"),
        # Half an hour, over midnight, and a whole day that an island left out.
        (ZoneInfo("Australia/Lord_Howe"), "2026-10-04T02:15", "2026-10-03T15:30Z"),
        (ZoneInfo("America/Santiago"), "2026-09-06T00:30", "2026-09-06T04:00Z"),
        (ZoneInfo("Pacific/Apia"), "2011-12-30T12:00", "2011-12-30T10:00Z"),
        (ZoneInfo("Africa/Douala"), "2026-03-29T02:30", "2026-03-29T01:30Z"),
    ],
)
def test_a_wall_clock_s_moment(zone: ZoneInfo, wall: str, moment: str) -> None:
    assert moment_at(datetime.fromisoformat(wall), zone) == datetime.fromisoformat(moment)
