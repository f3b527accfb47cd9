"""Relative reminders: "7 days, 1 day, 2 hours before" one event, each a message of its own."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from models.omission import OmissionReason
from services.errors import Invalid
from services.timing import TooLate, due_time
from utils.clock import AllowedTimes, earlier

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Notice:
    """One message of a relative reminder: when it goes out, and until when it is worth sending."""

    before: timedelta
    occurrence: datetime
    due_at: datetime
    valid_until: datetime
    deferred: str | None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A message of a relative reminder that does not go out, and why."""

    before: timedelta
    occurrence: datetime
    reason: OmissionReason


@dataclass(frozen=True, slots=True)
class Event:
    """What a relative reminder is about, and how its messages stay valid.

    Days before it are counted on the wall clock of `zone`, hours and minutes exactly. `late` is how
    long after its time a message may be made at all (as for any other reminder); `validity` and
    `margin` are how long one that was made may wait: no longer than `validity`, and not later than
    `margin` before the event.
    """

    time: datetime
    zone: tzinfo
    late: timedelta
    validity: timedelta
    margin: timedelta

    def occurrence(self, ahead: timedelta) -> datetime:
        """When a message goes out that is so long before the event."""
        return earlier(self.time, ahead, self.zone)

    def valid_until(self, occurrence: datetime) -> datetime:
        """When a message is no longer worth sending: never after the event."""
        end = self.time - self.margin
        if occurrence >= end:  # asked for within the margin: then until the event itself
            end = self.time
        return min(occurrence + self.validity, end)


def notices(
    times: AllowedTimes, event: Event, before: Iterable[timedelta], now: datetime
) -> tuple[list[Notice], list[LeftOut]]:
    """The messages that go out before an event, in order, and those that are left out.

    Two that would go out in the same minute are one: the one that is nearer to the event. A
    message is valid until the next one goes out, so that after an outage only the last is sent.
    """
    planned: list[Notice] = []
    left_out: list[LeftOut] = []
    for occurrence, ahead in sorted((event.occurrence(ahead), ahead) for ahead in before):
        valid_until = event.valid_until(occurrence)
        if occurrence + event.late <= now or valid_until <= now:
            left_out.append(LeftOut(ahead, occurrence, OmissionReason.past))
            continue
        try:
            due_at, deferred = due_time(times, occurrence, valid_until - occurrence, now)
        except Invalid as closed:
            left_out.append(LeftOut(ahead, occurrence, OmissionReason(closed.code)))
            continue
        if planned and _minute(planned[-1].due_at) >= _minute(due_at):
            last = planned.pop()
            left_out.append(LeftOut(last.before, last.occurrence, OmissionReason.merged))
        planned.append(Notice(ahead, occurrence, due_at, valid_until, deferred))
    for place, following in enumerate(planned[1:]):
        end = min(planned[place].valid_until, following.due_at)
        planned[place] = replace(planned[place], valid_until=end)
    return planned, left_out


def distances(
    event_time: datetime,
    zone: tzinfo,
    before: Iterable[timedelta],
    occurrences: Container[datetime],
) -> set[timedelta]:
    """Which of a reminder's distances from its event these occurrences are.

    Those of an earlier release were counted exactly, days too.
    """
    return {
        ahead
        for ahead in before
        if earlier(event_time, ahead, zone) in occurrences or event_time - ahead in occurrences
    }


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def refuse_nothing_left(left_out: list[LeftOut], now: datetime) -> None:
    """Raise `Invalid` for an event before which nothing can go out any more.

    `TooLate` when each message's own time has passed.
    """
    refusal = TooLate if all(notice.occurrence < now for notice in left_out) else Invalid
    for notice in left_out:
        if notice.reason in (OmissionReason.quiet_hours, OmissionReason.holiday):
            raise refusal(
                "All messages before this event have passed, or fall into quiet hours or a holiday"
                " and would no longer be valid afterwards.",
                field="event_time",
                code=notice.reason.value,
            )
    raise refusal(
        "All times before this event have passed.", field="event_time", code="event_time_past"
    )
