"""RRULEs: local time over a change of clocks, UNTIL in every writing, and rules that never end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from services.errors import Invalid
from services.series.recurrence import check_rule, following, occurrences, remaining

DOUALA, PARIS = ZoneInfo("Africa/Douala"), ZoneInfo("Europe/Paris")
NEW_YORK, SAO_PAULO = ZoneInfo("America/New_York"), ZoneInfo("America/Sao_Paulo")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def test_eight_in_the_morning_stays_eight_when_the_clocks_change() -> None:
    start = utc(2026, 10, 24, 6)  # 08:00 in Paris, summer time
    assert following("FREQ=DAILY", start, start, PARIS) == utc(2026, 10, 25, 7)


def test_mondays_in_douala() -> None:
    start = utc(2026, 11, 23, 7)
    assert following("FREQ=WEEKLY;BYDAY=MO", start, start, DOUALA) == utc(2026, 11, 30, 7)


def test_a_count_is_counted_from_the_start() -> None:
    start = utc(2026, 11, 23, 7)
    assert following("FREQ=DAILY;COUNT=2", start, start, DOUALA) == utc(2026, 11, 24, 7)
    assert following("FREQ=DAILY;COUNT=2", start, utc(2026, 11, 24, 7), DOUALA) is None


@pytest.mark.parametrize(
    "until", ["UNTIL=20261125", "UNTIL=20261125T080000", "UNTIL=20261125T070000Z"]
)
def test_until_in_every_writing(until: str) -> None:
    start = datetime(2026, 11, 23, 8, tzinfo=DOUALA)
    rule = check_rule(f"FREQ=DAILY;{until}", start, DOUALA)
    at = start.astimezone(UTC)
    assert following(rule, at, utc(2026, 11, 24, 7), DOUALA) == utc(2026, 11, 25, 7)
    assert following(rule, at, utc(2026, 11, 25, 7), DOUALA) is None


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("FREQ=SECONDLY", "rrule_frequency"),
        ("FREQ=MINUTELY;INTERVAL=5", "rrule_frequency"),
        ("", "rrule_frequency"),
        ("every monday", "rrule_frequency"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "rrule_part"),
        ("FREQ=HOURLY;BYHOUR=3", "rrule_part"),
        ("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=31", "rrule_never"),
        ("FREQ=DAILY;COUNT=x", "rrule_invalid"),
        ("FREQ=DAILY;INTERVAL=0", "rrule_invalid"),
        ("FREQ=DAILY;UNTIL=20269999", "rrule_invalid"),
        ("FREQ=WEEKLY;BYDAY=XX", "rrule_invalid"),
        ("FREQ=WEEKLY;BYDAY=MO;BYDAY=TU", "rrule_invalid"),
        ("FREQ=DAILY;COUNT=3;COUNT=3", "rrule_invalid"),
        ("FREQ=DAILY;FREQ=WEEKLY", "rrule_invalid"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20271231", "rrule_invalid"),
        ("FREQ=DAILY;INTERVAL=10000", "rrule_invalid"),
        ("FREQ=DAILY\nDTSTART:19700101T000000Z", "rrule_alone"),
        ("FREQ=DAILY;COUNT=3\nEXDATE:20261124T080000", "rrule_alone"),
        ("EXDATE:20261124T080000\nRRULE:FREQ=DAILY", "rrule_alone"),
        ("RRULE:FREQ=DAILY\r\nRDATE:20261124T080000", "rrule_alone"),
        ("FREQ=DAILY;EXDATE=20261124", "rrule_alone"),
        ("RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY", "rrule_alone"),
    ],
)
def test_what_is_refused_names_the_field(rule: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_rule(rule, datetime(2026, 11, 23, 8, tzinfo=DOUALA), DOUALA)
    assert (refused.value.field, refused.value.code) == ("rrule", code)


@pytest.mark.parametrize(
    ("zone", "start", "rule", "shown"),
    [
        # 02:30 does not exist on 29 March in Paris: it goes out at 03:00, on that day only.
        (PARIS, "2026-03-28T02:30", "FREQ=DAILY;COUNT=3", ["02:30", "03:00", "02:30"]),
        # 02:30 comes twice on 25 October: the first of the two, once.
        (PARIS, "2026-10-24T02:30", "FREQ=DAILY;COUNT=3", ["02:30", "02:30+2", "02:30"]),
        (NEW_YORK, "2026-03-07T02:30", "FREQ=DAILY;COUNT=3", ["02:30", "03:00", "02:30"]),
        (NEW_YORK, "2026-10-31T01:30", "FREQ=DAILY;COUNT=3", ["01:30", "01:30-4", "01:30"]),
        # Hour by hour: 02:00 and 03:00 are the same moment in March, once; in October 02:00 twice
        # on the clock is one occurrence.
        (PARIS, "2026-03-29T01:00", "FREQ=HOURLY;COUNT=4", ["01:00", "03:00", "04:00"]),
        (PARIS, "2026-10-25T01:00", "FREQ=HOURLY;COUNT=4", ["01:00", "02:00+2", "03:00", "04:00"]),
        (PARIS, "2026-03-22T02:30", "FREQ=WEEKLY;COUNT=3", ["02:30", "03:00", "02:30"]),
        # Sao Paulo's clocks jumped over midnight, and stood at 23:00 twice: the day is what it was.
        (SAO_PAULO, "2018-11-03T00:30", "FREQ=DAILY;COUNT=3", ["00:30", "01:00", "00:30"]),
        (SAO_PAULO, "2018-02-16T23:30", "FREQ=DAILY;COUNT=3", ["23:30", "23:30-2", "23:30-3"]),
    ],
)
def test_the_nights_in_which_the_clocks_change(
    zone: ZoneInfo, start: str, rule: str, shown: list[str]
) -> None:
    first = datetime.fromisoformat(start).replace(tzinfo=zone).astimezone(UTC)
    found = list(occurrences(rule, first, zone, after=first - timedelta(seconds=1)))
    assert len(found) == len(shown)
    for moment, expected in zip(found, shown, strict=True):
        local = moment.astimezone(zone)
        clock, offset = expected[:5], expected[5:]
        assert f"{local:%H:%M}" == clock
        if offset:
            assert local.utcoffset() == timedelta(hours=int(offset))


def test_a_series_that_begins_in_the_second_of_two_hours_begins_there() -> None:
    start = datetime(2026, 10, 25, 2, 30, tzinfo=PARIS, fold=1).astimezone(UTC)
    found = list(occurrences("FREQ=DAILY;COUNT=2", start, PARIS, after=start - timedelta(1)))
    assert found == [start, utc(2026, 10, 26, 1, 30)]


@pytest.mark.parametrize(
    ("start", "rule", "days"),
    [
        ("2026-01-31", "FREQ=MONTHLY", ["2026-01-31", "2026-03-31", "2026-05-31"]),
        ("2026-01-31", "FREQ=MONTHLY;BYMONTHDAY=-1", ["2026-01-31", "2026-02-28", "2026-03-31"]),
        ("2028-02-29", "FREQ=YEARLY", ["2028-02-29", "2032-02-29", "2036-02-29"]),
        ("2028-02-29", "FREQ=DAILY;INTERVAL=366", ["2028-02-29", "2029-03-01", "2030-03-02"]),
        ("2026-11-23", "FREQ=DAILY;COUNT=1", ["2026-11-23"]),
        ("2026-11-23", "FREQ=YEARLY;INTERVAL=9999", ["2026-11-23"]),
        ("2026-11-23", "FREQ=WEEKLY;UNTIL=20261130T070000Z", ["2026-11-23", "2026-11-30"]),
        ("2026-11-23", "FREQ=WEEKLY;UNTIL=20261130T065959Z", ["2026-11-23"]),
        # The start is not what the rule says: then the first that is.
        ("2026-11-25", "FREQ=WEEKLY;BYDAY=MO", ["2026-11-30", "2026-12-07", "2026-12-14"]),
        (
            "2026-11-25",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO",
            ["2026-12-07", "2026-12-21", "2027-01-04"],
        ),
        ("2026-12-31", "FREQ=MONTHLY;UNTIL=20270101T000000Z", ["2026-12-31"]),
        ("9999-12-30", "FREQ=DAILY", ["9999-12-30", "9999-12-31"]),
    ],
)
def test_the_days_of_a_rule(start: str, rule: str, days: list[str]) -> None:
    first = datetime.fromisoformat(start + "T08:00").replace(tzinfo=DOUALA).astimezone(UTC)
    found = occurrences(rule, first, DOUALA, after=first - timedelta(seconds=1))
    assert [f"{moment.astimezone(DOUALA):%F}" for moment in islice(found, 3)] == days


def test_what_is_asked_after_does_not_change_the_series() -> None:
    start = utc(2026, 11, 21, 7)
    for rule in ("FREQ=HOURLY;INTERVAL=5", "FREQ=WEEKLY;INTERVAL=3;BYDAY=TU,SU", "FREQ=MONTHLY"):
        whole = list(islice(occurrences(rule, start, PARIS, after=start), 200))
        for place in (0, 17, 100, 198):
            later = next(occurrences(rule, start, PARIS, after=whole[place]))
            assert later == whole[place + 1]


@pytest.mark.parametrize(
    ("rule", "before", "left"),
    [
        ("FREQ=DAILY;COUNT=10", 3, "FREQ=DAILY;COUNT=7"),
        ("FREQ=DAILY;COUNT=10", 0, "FREQ=DAILY;COUNT=10"),
        ("FREQ=DAILY", 3, "FREQ=DAILY"),
    ],
)
def test_what_is_left_of_a_count(rule: str, before: int, left: str) -> None:
    start = utc(2026, 11, 21, 7)
    assert remaining(rule, start, DOUALA, before=start + timedelta(days=before)) == left


def test_a_rule_that_has_ended_before_it_begins_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        check_rule("FREQ=DAILY;UNTIL=20261101", datetime(2026, 11, 23, 8, tzinfo=DOUALA), DOUALA)
    assert (refused.value.field, refused.value.code) == ("rrule", "rrule_never")
