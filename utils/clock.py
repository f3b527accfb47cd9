"""Local time, durations and quiet hours. Every moment that comes in or goes out is aware.

Quiet hours are read off the wall clock: a moment is quiet when the local time then shown lies
in [start, end). In the nights when clocks change that is what people there would say, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_MOST_MINUTES = 2 * 24 * 60  # of a search; even a day that the calendar skips is shorter

QUIET_HOURS, HOLIDAY = "quiet hours", "holiday"
LONGEST_CLOSURE = timedelta(days=40)
"""How far ahead an allowed minute is looked for: no message is valid for longer."""

FIRST_YEAR, LAST_YEAR = 1900, 2999


def within_reach(day: date) -> bool:
    """True for a day or moment that somebody may mean, from 1900 to 2999.

    Beyond it the calendar ends somewhere: a period before it or a day after it would overflow.
    """
    return FIRST_YEAR <= day.year <= LAST_YEAR


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


def earlier(moment: datetime, length: timedelta, tz: tzinfo) -> datetime:
    """The moment so long before another, in UTC: whole days on the wall clock, the rest exactly.

    "One day before 10:00" is 10:00, whatever the clocks of `tz` do in the night between.
    """
    days = timedelta(days=length.days)
    if not days:
        return _aware(moment).astimezone(UTC) - length
    wall = local_time(moment, tz).replace(tzinfo=None, fold=0)
    return moment_at(wall - days, tz) - (length - days)


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


_WINDOW = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


def parse_window(text: str) -> tuple[time, time]:
    """Read quiet hours such as `20:00-07:00`; raises ValueError, also for a whole day."""
    found = _WINDOW.fullmatch(text)
    if found is None:
        raise ValueError("write quiet hours as 20:00-07:00")
    hours = [int(number) for number in found.groups()]
    start, end = time(hours[0], hours[1]), time(hours[2], hours[3])
    if start == end:
        raise ValueError("quiet all day long would let nothing out")
    return start, end


def write_window(start: time | None, end: time | None) -> str | None:
    """Quiet hours as they are read; None when there are none."""
    return None if start is None or end is None else f"{start:%H:%M}-{end:%H:%M}"


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


@dataclass(frozen=True, slots=True)
class AllowedTimes:
    """When messages may go out, by the wall clock of one time zone.

    `quiet` are windows of local time, each from its start up to its end (whole minutes); nothing
    goes out in any of them. Nothing goes out either on the local days in `holidays`, nor on those
    in `yearly` (month, day) of any year; 29 February comes in leap years only.
    """

    zone: tzinfo
    quiet: tuple[tuple[time, time], ...] = ()
    holidays: frozenset[date] = frozenset()
    yearly: frozenset[tuple[int, int]] = frozenset()

    def also_quiet(self, start: time, end: time) -> AllowedTimes:
        """These times with one more quiet window, such as a contact's own."""
        return replace(self, quiet=(*self.quiet, (start, end)))

    def also_closed(self, days: Iterable[date], yearly: Iterable[date]) -> AllowedTimes:
        """These times with more holidays, such as a contact's own; `yearly` are of any year."""
        return replace(
            self,
            holidays=self.holidays.union(days),
            yearly=self.yearly.union((day.month, day.day) for day in yearly),
        )

    def refusal(self, moment: datetime) -> str | None:
        """Why nothing may go out at a moment, `holiday` or `quiet hours`; None when it may."""
        if self._is_holiday(moment.astimezone(self.zone).date()):
            return HOLIDAY
        if any(_is_quiet(moment, self.zone, *window) for window in self.quiet):
            return QUIET_HOURS
        return None

    def next_allowed(self, moment: datetime) -> datetime | None:
        """The first allowed moment from `moment` on, in UTC: itself, else a whole minute.

        None when there is none for `LONGEST_CLOSURE`.
        """
        tried = first = _aware(moment).astimezone(UTC)
        while tried - first <= LONGEST_CLOSURE:
            later = self._over(tried)
            if later is None:
                return tried
            tried = later
        return None

    def last_allowed(self, before: datetime, since: datetime) -> datetime | None:
        """The last allowed minute from `since` to `before`, in UTC; None when there is none.

        For what may not wait until the closed time is over: it goes out before that begins. Gives
        `before` itself when that is allowed.
        """
        tried, floor = _aware(before).astimezone(UTC), _aware(since).astimezone(UTC)
        while tried >= _whole_minute(floor):
            earlier = self._begun(tried)
            if earlier is None:
                return max(tried, floor) if before >= since else None
            tried = earlier
        return None

    def next_day(self, moment: datetime) -> datetime | None:
        """The first allowed moment of a later local day than `moment`'s, in UTC."""
        day = moment.astimezone(self.zone).date()
        return self.next_allowed(_midnight(day + timedelta(days=1), self.zone))

    def day_began(self, moment: datetime) -> datetime:
        """When the local day of a moment began, in UTC."""
        return _midnight(moment.astimezone(self.zone).date(), self.zone)

    def _is_holiday(self, day: date) -> bool:
        return day in self.holidays or (day.month, day.day) in self.yearly

    def _over(self, moment: datetime) -> datetime | None:
        """The end of what keeps a moment closed (something else may then); None when open."""
        day = moment.astimezone(self.zone).date()
        if self._is_holiday(day):
            return _midnight(day + timedelta(days=1), self.zone)
        ends = (quiet_until(moment, self.zone, *window) for window in self.quiet)
        return max((end for end in ends if end is not None), default=None)

    def _begun(self, moment: datetime) -> datetime | None:
        """The last minute before what keeps a moment closed; None when it is open."""
        day = moment.astimezone(self.zone).date()
        if self._is_holiday(day):
            return _midnight(day, self.zone) - _MINUTE
        for window in self.quiet:
            if _is_quiet(moment, self.zone, *window):
                return _last_minute_before(moment, self.zone, *window)
        return None


def _midnight(day: date, tz: tzinfo) -> datetime:
    """When a local day begins, in UTC; where the clocks jump over midnight, when they jump."""
    return datetime.combine(day, time(), tz).astimezone(UTC)


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
