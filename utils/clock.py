"""Local time, durations and quiet hours. Every moment that comes in or goes out is aware.

Quiet hours are read off the wall clock: a moment is quiet when the local time then shown lies
in [start, end). In the nights when clocks change that is what people there would say, too.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_MOST_MINUTES = 2 * 24 * 60  # of a search; even a day that the calendar skips is shorter


def local_time(moment: datetime, tz: tzinfo) -> datetime:
    """The same moment on the wall clock of `tz`. Raises ValueError for a naive one."""
    return _aware(moment).astimezone(tz)


def moment_at(wall: datetime, tz: tzinfo) -> datetime:
    """The moment, in UTC, at which the clocks of `tz` show a time that has no offset.

    Where the clocks jump over it, the first moment after the gap; where they show it twice, the
    first of the two. Raises OverflowError at the ends of the calendar.
    """
    moment = wall.replace(tzinfo=tz, fold=0).astimezone(UTC)
    if moment.astimezone(tz).replace(tzinfo=None, fold=0) == wall.replace(fold=0):
        return moment
    before, after = wall.replace(tzinfo=tz, fold=1).astimezone(UTC), moment
    while after - before > _SECOND:  # the offset changes somewhere between the two
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if _same_offset(middle, before, tz):
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


class InvalidDuration(ValueError):
    """Not a duration, or too long a one. `code` is `duration_invalid` or `duration_too_long`."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


_SECONDS = re.compile(r"[0-9]{1,12}")
_ISO = re.compile(
    r"P(?=[0-9T])(?:(?P<weeks>[0-9]{1,6})W)?(?:(?P<days>[0-9]{1,6})D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]{1,6})H)?(?:(?P<minutes>[0-9]{1,9})M)?"
    r"(?:(?P<seconds>[0-9]{1,12})S)?)?"
)


def parse_duration(value: str | int, longest: timedelta = timedelta(days=366)) -> timedelta:
    """Read `PT4H`, `P1D`, `P1DT12H`, `P2W` (ISO 8601) or whole seconds (`14400`).

    Years and months have no fixed length and are refused, as are signs and fractions. Raises
    `InvalidDuration`, too, for what is over `longest`.
    """
    text = str(value)
    if _SECONDS.fullmatch(text):
        duration = timedelta(seconds=int(text))
    elif found := _ISO.fullmatch(text):
        duration = timedelta(**{unit: int(n) for unit, n in found.groupdict(default="0").items()})
    else:
        raise InvalidDuration("duration_invalid", "write a duration as PT4H, P1D or in seconds")
    if duration > longest:
        raise InvalidDuration("duration_too_long", "the duration is too long")
    return duration


def quiet_until(now_utc: datetime, tz: tzinfo, start: time, end: time) -> datetime | None:
    """The first moment after `now_utc` that is not quiet, in UTC; None if it is not quiet now.

    `start` and `end` are whole minutes of local time; the same minute twice means no quiet
    hours. Over midnight is fine (20:00 to 07:00).
    """
    now = _aware(now_utc).astimezone(UTC)
    if not _is_quiet(now, tz, start, end):
        return None
    local = now.astimezone(tz)
    wakes = _moment(local.date(), end, local)
    if wakes <= now:
        wakes += timedelta(days=1)
    if _same_offset(now, wakes, tz):
        return wakes
    # The clocks change before that: look at every minute of this one night.
    return _first_allowed(now, _MINUTE, tz, start, end)


def latest_before_quiet(
    now_utc: datetime, until_utc: datetime, tz: tzinfo, start: time, end: time
) -> datetime | None:
    """The last minute from `now_utc` to `until_utc` that is not quiet, in UTC; None if all are.

    For what may not wait until the quiet hours are over: it goes out before they begin. Gives
    `until_utc` itself when that is not quiet.
    """
    now, until = _aware(now_utc).astimezone(UTC), _aware(until_utc).astimezone(UTC)
    if until < now:
        return None
    if not _is_quiet(until, tz, start, end):
        return until
    last = _last_minute_before(until, tz, start, end)
    return max(last, now) if last >= _whole_minute(now) else None


def _last_minute_before(moment: datetime, tz: tzinfo, start: time, end: time) -> datetime:
    local = moment.astimezone(tz)
    begins = _moment(local.date(), start, local)
    if begins > moment:
        begins -= timedelta(days=1)
    last = begins - _MINUTE
    if _same_offset(last, moment, tz):
        return last
    return _first_allowed(moment, -_MINUTE, tz, start, end)


def _is_quiet(moment: datetime, tz: tzinfo, start: time, end: time) -> bool:
    if start.second or start.microsecond or end.second or end.microsecond:
        raise ValueError("quiet hours begin and end at whole minutes")
    shown = moment.astimezone(tz).time()
    if start <= end:
        return start <= shown < end
    return shown >= start or shown < end


def _moment(day: date, clock: time, local: datetime) -> datetime:
    """`clock` on `day`, in UTC, by the offset that holds at `local`."""
    return datetime.combine(day, clock, UTC) - (local.utcoffset() or timedelta())


def _same_offset(one: datetime, other: datetime, tz: tzinfo) -> bool:
    return one.astimezone(tz).utcoffset() == other.astimezone(tz).utcoffset()


def _first_allowed(
    moment: datetime, step: timedelta, tz: tzinfo, start: time, end: time
) -> datetime:
    for minutes in range(1, _MOST_MINUTES):
        tried = _whole_minute(moment) + minutes * step
        if not _is_quiet(tried, tz, start, end):
            return tried
    raise ValueError("this time zone has no minute outside the quiet hours")


def _whole_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _aware(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError("a moment needs an offset from UTC")
    return moment
