"""When a reminder goes out: once, as a series, or before an event. Pure planning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from models.establishment import Establishment
from models.omission import OmissionReason
from schemas.reminder import ReminderIn
from services.errors import Invalid
from services.series.recurrence import check_rule, refuse_unknown
from services.series.relative import Event, LeftOut, notices, refuse_nothing_left
from services.series.series import Series, Turn
from services.timing import (
    FARTHEST,
    LONGEST_VALIDITY,
    TooLate,
    check_validity,
    due_time,
    moment_of,
    past,
    refuse_past,
    refuse_too_far,
)
from utils.clock import AllowedTimes

SHOWN_AHEAD = 5
"""Occurrences that are shown of what is to come."""


@dataclass(frozen=True)
class PlannedDelivery:
    """A delivery as it will be made: one of a reminder's occurrences."""

    occurrence: datetime
    due_at: datetime
    valid_until: datetime
    cause: str
    before: timedelta = timedelta()
    deferred: str | None = None


@dataclass(frozen=True)
class Times:
    """When a reminder goes out: what is made now, and for a series what will be made later."""

    scheduled_time: datetime
    validity: timedelta
    deliveries: tuple[PlannedDelivery, ...]
    to_come: tuple[Turn, ...] = ()
    rrule: str | None = None
    event_time: datetime | None = None
    before: tuple[timedelta, ...] | None = None
    margin: timedelta = timedelta()
    left_out: tuple[LeftOut, ...] = ()
    skipped: tuple[datetime, ...] = ()
    """Occurrences of a series that were asked not to go out."""
    too_late: bool = False
    """Nothing of it can go out any more: its one delivery expires as soon as it is made."""
    never_begins: bool = False
    """Nor is anything to follow, although its rule goes on: it began longer ago than anybody may
    ask for, which is how a device that lost its clock dates what it captures."""


def times_of(
    times: AllowedTimes, establishment: Establishment, wanted: ReminderIn, now: datetime
) -> Times:
    """When a reminder goes out, once or several times; raises `Invalid` with the field."""
    if wanted.valid_for is not None:
        check_validity(wanted.valid_for)
    if wanted.event_time is not None:
        return _before_event(times, establishment, wanted, now)
    if wanted.scheduled_time is None:
        raise Invalid(
            "Give `scheduled_time`, or `event_time` with `before`.",
            field="scheduled_time",
            code="missing",
        )
    validity = wanted.valid_for or timedelta(seconds=establishment.validity_seconds)
    check_validity(validity)
    scheduled = moment_of(wanted.scheduled_time, establishment)
    refuse_too_far(scheduled, now)
    if wanted.rrule is not None:
        exdates = _exdates(establishment, wanted, now)
        return _series_times(times, wanted.rrule, scheduled, validity, now, exdates)
    refuse_past(scheduled, validity, now)
    due_at, deferred = due_time(times, scheduled, validity, now)
    once = PlannedDelivery(
        scheduled, due_at, scheduled + validity, deferred or "scheduled", deferred=deferred
    )
    return Times(scheduled, validity, (once,))


def _exdates(
    establishment: Establishment, wanted: ReminderIn, now: datetime
) -> tuple[datetime, ...]:
    """The moments that are left out of a series, as they were given."""
    moments = [moment_of(given, establishment, "exdates") for given in wanted.exdates or ()]
    for moment in moments:
        refuse_too_far(moment, now, "exdates")
    return tuple(moments)


def _series_times(
    times: AllowedTimes,
    rrule: str,
    start: datetime,
    validity: timedelta,
    now: datetime,
    exdates: tuple[datetime, ...],
) -> Times:
    """A series: its first delivery, and what comes after it."""
    if _too_long_ago(start, now):
        raise past()
    rule = check_rule(rrule, start, times.zone)
    if exdates:
        refuse_unknown(rule, start, times.zone, exdates, "exdates")
    series = Series(times, rule, start, validity, frozenset(exdates))
    _first_of(series)
    first = series.first_turn(now)
    if first is None:
        raise past()
    made = PlannedDelivery(
        first.occurrence,
        first.due_at,
        first.occurrence + validity,
        first.deferred or "scheduled",
        deferred=first.deferred,
    )
    return Times(
        start,
        validity,
        (made,),
        to_come=tuple(islice(series.turns(first, now), 1, SHOWN_AHEAD)),
        rrule=rule,
        skipped=tuple(sorted(set(exdates))),
    )


def _too_long_ago(start: datetime, now: datetime) -> bool:
    return now - start > FARTHEST


def _first_of(series: Series) -> datetime:
    """The first occurrence of a series, past or to come, that is not left out."""
    first = next(series.occurrences(series.start - timedelta(microseconds=1)), None)
    if first is None:
        raise Invalid("These leave nothing of the series.", field="exdates", code="nothing_left")
    return first


def _before_event(
    times: AllowedTimes, establishment: Establishment, wanted: ReminderIn, now: datetime
) -> Times:
    assert wanted.before is not None
    event = _event(establishment, wanted)
    refuse_too_far(event.time, now, "event_time")
    planned, left_out = notices(times, event, wanted.before, now)
    if not planned:
        refuse_nothing_left(left_out, now)
    return Times(
        scheduled_time=planned[0].occurrence,
        validity=event.validity,
        deliveries=tuple(
            PlannedDelivery(
                notice.occurrence,
                notice.due_at,
                notice.valid_until,
                notice.deferred or "scheduled",
                before=notice.before,
                deferred=notice.deferred,
            )
            for notice in planned
        ),
        event_time=event.time,
        before=tuple(sorted(wanted.before, reverse=True)),
        margin=event.margin,
        left_out=tuple(left_out),
    )


def _event(establishment: Establishment, wanted: ReminderIn) -> Event:
    assert wanted.event_time is not None
    return Event(
        time=moment_of(wanted.event_time, establishment, "event_time"),
        zone=establishment.zone,
        late=wanted.valid_for or timedelta(seconds=establishment.validity_seconds),
        validity=wanted.valid_for or LONGEST_VALIDITY,
        margin=timedelta(seconds=0 if wanted.valid_for else _margin(establishment)),
    )


def _margin(establishment: Establishment) -> int:
    """Seconds; one at least, as none at all means that `valid_for` was asked for."""
    return max(1, establishment.event_margin_seconds)


SYNCED_TOO_LATE = "synced too late to go out"
"""The cause of a delivery that nobody could have sent in time."""


def times_even_if_late(
    times: AllowedTimes, establishment: Establishment, wanted: ReminderIn, now: datetime
) -> Times:
    """As `times_of`, for what was captured offline: what comes too late is not refused.

    It has one delivery, which expires at once, so that staff see what nobody was told.
    """
    try:
        return times_of(times, establishment, wanted, now)
    except TooLate:
        return (
            _missed_event(establishment, wanted)
            if wanted.before
            else _missed(times, establishment, wanted, now)
        )


def _missed(
    times: AllowedTimes, establishment: Establishment, wanted: ReminderIn, now: datetime
) -> Times:
    """A series that has ended, or that is years old; one that merely began goes on (`times_of`)."""
    assert wanted.scheduled_time is not None
    scheduled = moment_of(wanted.scheduled_time, establishment)
    validity = wanted.valid_for or timedelta(seconds=establishment.validity_seconds)
    if wanted.rrule is None:
        return Times(scheduled, validity, (_expiring(scheduled, validity),), too_late=True)
    rule = check_rule(wanted.rrule, scheduled, times.zone)
    exdates = _exdates(establishment, wanted, now)
    if exdates:
        refuse_unknown(rule, scheduled, times.zone, exdates, "exdates")
    first = _first_of(Series(times, rule, scheduled, validity, frozenset(exdates)))
    return Times(
        scheduled,
        validity,
        (_expiring(first, validity),),
        rrule=rule,
        skipped=tuple(sorted(set(exdates))),
        too_late=True,
        never_begins=_too_long_ago(scheduled, now),
    )


def _expiring(occurrence: datetime, validity: timedelta) -> PlannedDelivery:
    return PlannedDelivery(occurrence, occurrence, occurrence + validity, SYNCED_TOO_LATE)


def _missed_event(establishment: Establishment, wanted: ReminderIn) -> Times:
    """The message that was nearest to the event stands for all of them; the others are noted."""
    assert wanted.before is not None
    event = _event(establishment, wanted)
    *others, nearest = sorted(wanted.before, reverse=True)
    occurrence = event.occurrence(nearest)
    return Times(
        scheduled_time=occurrence,
        validity=event.validity,
        deliveries=(
            PlannedDelivery(
                occurrence,
                occurrence,
                event.valid_until(occurrence),
                SYNCED_TOO_LATE,
                before=nearest,
            ),
        ),
        event_time=event.time,
        before=(*others, nearest),
        margin=event.margin,
        left_out=tuple(
            LeftOut(ahead, event.occurrence(ahead), OmissionReason.past) for ahead in others
        ),
        too_late=True,
    )
