"""A recurring reminder's turns: which occurrence goes out next, and when.

The validity window decides what becomes of occurrences that passed while nothing could be sent:
the latest goes out if it is still valid, never more than that one; the others are missed.
Occurrences that fall into the same quiet hours are one turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile

from sqlalchemy import select

from database.session import ScopedSession
from models.delivery import Delivery, DeliveryStatus
from models.omission import OmissionReason
from models.reminder import Reminder
from services.allowed_times import times_of_reminder
from services.errors import Invalid
from services.series.omission import Run, skipped_after
from services.series.recurrence import occurrences
from services.timing import closed_until, due_time
from utils.clock import AllowedTimes

MOST_TRIED = 100
"""Occurrences looked at for one that can go out, one of each closed time; only quiet hours all
round reach this."""
_INSTANT = timedelta(microseconds=1)
_MAY_HAVE_ARRIVED = frozenset(
    {DeliveryStatus.sent, DeliveryStatus.delivered, DeliveryStatus.unknown}
)


@dataclass(frozen=True, slots=True)
class Turn:
    """An occurrence that goes out, and when."""

    occurrence: datetime
    due_at: datetime
    deferred: str | None
    stands_for: int = 0
    """Other occurrences of the same quiet hours that it stands for."""

    @property
    def cause(self) -> str:
        """What the trace says of it."""
        if self.stands_for:
            why = (self.deferred or "next occurrence").partition(":")[0]
            return f"{why}: stands for {self.stands_for} more"
        return self.deferred or "next occurrence"


@dataclass(frozen=True, slots=True)
class Series:
    """A rule with all that decides about its turns."""

    times: AllowedTimes
    rule: str
    start: datetime
    validity: timedelta
    without: frozenset[datetime] = frozenset()
    """Occurrences that are skipped, or were made before."""

    def occurrences(self, after: datetime) -> Iterator[datetime]:
        """The occurrences after a time, in UTC, without those that are skipped."""
        for moment in occurrences(self.rule, self.start, self.times.zone, after=after):
            if moment not in self.without:
                yield moment

    def first_turn(self, now: datetime) -> Turn | None:
        """The turn of a series that begins: what passed before it was made is not missed."""
        return self.next_turn(max(self.start, now - self.validity) - _INSTANT, now)[0]

    def next_turn(
        self, after: datetime, now: datetime, *, last: datetime | None = None
    ) -> tuple[Turn | None, Run | None]:
        """The turn after a time, None when the series has ended; and what was missed until then.

        `last` is when the turn before went out: one that is brought forward into that very minute
        has gone out with it.
        """
        missed: Run | None = None
        latest = None
        for moment in takewhile(lambda moment: moment <= now, self.occurrences(after)):
            if latest is not None:
                missed = _longer(missed, latest)
            latest = moment
        if latest is not None:
            turn = self._turn(latest, now)
            if turn is not None:
                return turn, missed
            missed = _longer(missed, latest)
        closed, tried, brought_forward = after, 0, False
        for moment in self.occurrences(max(after, now)):
            if moment >= closed:
                if tried == MOST_TRIED:
                    break
                tried += 1
                turn = self._turn(moment, now)
                if turn is not None and (last is None or _minute(turn.due_at) > _minute(last)):
                    return turn, missed
                brought_forward = turn is not None
                # What is true of one is true of all that the same quiet hours or holidays hold.
                closed = closed_until(self.times, moment) or moment
            if not brought_forward:
                missed = _longer(missed, moment)
        return None, missed

    def _turn(self, occurrence: datetime, now: datetime) -> Turn | None:
        """An occurrence's turn; None when it cannot go out any more while it is valid."""
        if occurrence + self.validity <= now:
            return None
        stands_for = 0
        end = closed_until(self.times, max(occurrence, now))
        if end is not None:
            others = list(takewhile(lambda moment: moment <= end, self.occurrences(occurrence)))
            if others and end < others[-1] + self.validity:
                occurrence, stands_for = others[-1], len(others)
        try:
            due_at, deferred = due_time(self.times, occurrence, self.validity, now)
        except Invalid:
            return None
        return Turn(occurrence, due_at, deferred, stands_for)

    def covered_by(self, occurrence: datetime, sent_at: datetime | None = None) -> datetime:
        """Until when an occurrence stands for its series: nothing up to then goes out again.

        That is the end of its quiet hours, and the time when it was sent, if it was.
        """
        covered = occurrence
        end = closed_until(self.times, occurrence)
        if end is not None:
            covered = end if end < occurrence + self.validity else end - _INSTANT
        return max(covered, sent_at) if sent_at else covered

    def merged(self, occurrence: datetime, sent_at: datetime) -> Run | None:
        """What passed between an occurrence and its sending: it has gone out with it."""
        run: Run | None = None
        for moment in self.occurrences(self.covered_by(occurrence)):
            if moment > sent_at:
                break
            run = _longer(run, moment)
        return run and replace(run, reason=OmissionReason.merged)

    def turns(self, first: Turn, now: datetime) -> Iterator[Turn]:
        """A turn and those after it, as they will be if nothing comes between."""
        turn: Turn | None = first
        while turn is not None:
            yield turn
            after = self.covered_by(turn.occurrence, turn.due_at)
            turn, _ = self.next_turn(after, max(now, turn.due_at), last=turn.due_at)


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _longer(run: Run | None, moment: datetime) -> Run:
    if run is None:
        return Run(OmissionReason.missed, first=moment, last=moment)
    return replace(run, last=moment, count=run.count + 1)


def series_of(session: ScopedSession, reminder: Reminder, *, after: datetime) -> Series:
    """A stored reminder's series, for turns after a time."""
    assert reminder.rrule is not None
    made = session.scalars(
        select(Delivery.occurrence).where(
            Delivery.reminder_id == reminder.id,
            Delivery.occurrence > after,
            Delivery.status != DeliveryStatus.cancelled,
        )
    )
    return Series(
        times=times_of_reminder(session, reminder),
        rule=reminder.rrule,
        start=reminder.scheduled_time,
        validity=timedelta(seconds=reminder.validity_seconds),
        without=skipped_after(session, reminder.id, after) | frozenset(made),
    )


def sent_at(delivery: Delivery) -> datetime | None:
    """When a delivery went out, or may have; None when it did not."""
    return delivery.attempted_at if delivery.status in _MAY_HAVE_ARRIVED else None


def turns_to_come(session: ScopedSession, reminder: Reminder, now: datetime) -> Iterator[Turn]:
    """The turns of a series after the last one that was made, if nothing comes between."""
    last = session.scalar(
        select(Delivery)
        .where(Delivery.reminder_id == reminder.id, Delivery.status != DeliveryStatus.cancelled)
        .order_by(Delivery.occurrence.desc(), Delivery.id.desc())
        .limit(1)
    )
    if last is None:
        return
    series = series_of(session, reminder, after=last.occurrence)
    goes_out = max(last.due_at, sent_at(last) or last.due_at)
    after = series.covered_by(last.occurrence, goes_out)
    first, _ = series.next_turn(after, max(now, last.due_at), last=goes_out)
    if first is not None:
        yield from series.turns(first, now)
