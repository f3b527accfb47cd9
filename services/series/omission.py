"""What a reminder leaves out: noted, taken back, carried over to another rule, listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from database.session import ScopedSession
from models.omission import MOST_SKIPPED, Omission, OmissionReason
from models.reminder import Reminder
from services.errors import Conflict
from services.series.recurrence import occurrences

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Run:
    """Occurrences in a row, from `first` to `last`, that were left out for one reason."""

    reason: OmissionReason
    first: datetime
    last: datetime
    count: int = 1


def leave_out(session: ScopedSession, reminder_id: int, run: Run) -> None:
    """Note a run that was left out; one that was noted before stays as it is."""
    session.execute(
        insert(Omission)
        .values(
            reminder_id=reminder_id,
            reason=run.reason,
            first=run.first,
            last=run.last,
            count=run.count,
        )
        .on_conflict_do_nothing(index_elements=["reminder_id", "first"])
    )


def take_back(session: ScopedSession, reminder_id: int, occurrence: datetime) -> bool:
    """No longer skip an occurrence; False when it was not skipped."""
    found = session.scalar(
        delete(Omission)
        .where(
            Omission.reminder_id == reminder_id,
            Omission.reason == OmissionReason.skipped,
            Omission.first == occurrence,
        )
        .returning(Omission.id)
    )
    return found is not None


def skipped_after(session: ScopedSession, reminder_id: int, after: datetime) -> frozenset[datetime]:
    """The occurrences after a time that staff skipped."""
    return frozenset(
        session.scalars(
            select(Omission.first).where(
                Omission.reminder_id == reminder_id,
                Omission.reason == OmissionReason.skipped,
                Omission.first > after,
            )
        )
    )


def keep_days_skipped(
    session: ScopedSession,
    reminder: Reminder,
    rule: str,
    start: datetime,
    zone: ZoneInfo,
    now: datetime,
) -> None:
    """Have the days that staff skipped by an old rule and start stay skipped by the new ones.

    Of several a day it is the one in the same place. A day that has no occurrence any more has
    nothing to be skipped.
    """
    assert reminder.rrule is not None
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    instead: list[datetime] = []
    for skipped in skipped_after(session, reminder.id, today - _INSTANT):
        day = skipped.astimezone(zone).date()
        coming = _of_day(reminder.rrule, reminder.scheduled_time, zone, day)
        if skipped in coming:
            continue
        take_back(session, reminder.id, skipped)
        places = _of_day(rule, start, zone, day)
        place = places.index(skipped) if skipped in places else 0
        instead.extend(coming[place : place + 1])
    for occurrence in instead:
        leave_out(session, reminder.id, Run(OmissionReason.skipped, occurrence, occurrence))


def _of_day(rule: str, start: datetime, zone: ZoneInfo, day: date) -> list[datetime]:
    """A rule's occurrences on one local day: by the hour, which is the finest, twenty-five."""
    midnight = datetime.combine(day, time(), zone)
    return list(
        takewhile(
            lambda moment: moment.astimezone(zone).date() == day,
            occurrences(rule, start, zone, after=midnight - _INSTANT),
        )
    )


def refuse_too_many(session: ScopedSession, reminder_id: int, after: datetime) -> None:
    """Raise `Conflict` when no more may be skipped ahead: then it is better cancelled."""
    if len(skipped_after(session, reminder_id, after)) >= MOST_SKIPPED:
        raise Conflict(
            f"At most {MOST_SKIPPED} may be skipped ahead: change or cancel the reminder.",
            code="too_many_skipped",
        )


def any_missed(session: ScopedSession, reminder_id: int) -> bool:
    """True when occurrences passed without anything having been sent."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Omission)
            .where(Omission.reminder_id == reminder_id, Omission.reason == OmissionReason.missed)
        )
        or 0
    ) > 0


def listed(session: ScopedSession, reminder_id: int, limit: int = 50) -> Sequence[Omission]:
    """What a reminder left out, the latest `limit` runs, in order of time."""
    latest = session.scalars(
        select(Omission)
        .where(Omission.reminder_id == reminder_id)
        .order_by(Omission.first.desc())
        .limit(limit)
    ).all()
    return latest[::-1]


def forget(session: ScopedSession, reminder_id: int) -> None:
    """Take back all that a reminder left out: it is planned anew."""
    session.execute(delete(Omission).where(Omission.reminder_id == reminder_id))
