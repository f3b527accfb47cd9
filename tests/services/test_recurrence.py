"""RRULEs: local time over a change of clocks, UNTIL in every writing, and rules that never end."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.errors import Invalid
from services.recurrence import check_rule, following

DOUALA, PARIS = ZoneInfo("Africa/Douala"), ZoneInfo("Europe/Paris")


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
    rule = check_rule(f"FREQ=DAILY;{until}", start)
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
        ("FREQ=DAILY\nDTSTART:19700101T000000Z", "rrule_frequency"),
    ],
)
def test_what_is_refused_names_the_field(rule: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_rule(rule, datetime(2026, 11, 23, 8, tzinfo=DOUALA))
    assert (refused.value.field, refused.value.code) == ("rrule", code)
