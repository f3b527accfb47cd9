"""What is to come of a reminder, as it is shown: a forecast, as things stand now."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from sqlalchemy import select

from database.session import ScopedSession
from models.delivery import WAITING, Delivery, DeliveryEvent
from models.establishment import Establishment
from models.reminder import Reminder, ReminderStatus
from schemas.reminder import NextOccurrence
from services.dispatch.attempts import DAILY_CAP
from services.reminder.times import SHOWN_AHEAD
from services.series.omission import skipped_after
from services.series.series import turns_to_come
from utils.clock import HOLIDAY, QUIET_HOURS, local_time


def coming_of(
    establishment: Establishment,
    occurrence: datetime,
    due_at: datetime,
    deferred: str | None,
) -> NextOccurrence:
    """A time at which a reminder goes out, and why then, as it is shown."""
    return NextOccurrence(
        occurrence=occurrence,
        local_time=shown_time(due_at, establishment),
        deferred=deferred,
    )


def shown_time(moment: datetime, establishment: Establishment) -> str:
    """A moment in the establishment's local time."""
    return local_time(moment, establishment.zone).strftime("%Y-%m-%d %H:%M")


def next_occurrences(
    session: ScopedSession, establishment: Establishment, reminder: Reminder
) -> list[NextOccurrence]:
    """The next few times at which a reminder goes out, and those among them that are skipped."""
    if reminder.status not in (ReminderStatus.scheduled, ReminderStatus.active):
        return []
    now = session.now()
    waiting = session.scalars(
        select(Delivery)
        .where(Delivery.reminder_id == reminder.id, Delivery.status.in_(WAITING))
        .order_by(Delivery.occurrence, Delivery.id)
    ).all()
    coming = [
        coming_of(establishment, d.occurrence, d.due_at, why_deferred(session, d)) for d in waiting
    ]
    if reminder.rrule is not None:
        later = turns_to_come(session, reminder, now)
        coming += [
            coming_of(establishment, t.occurrence, t.due_at, deferral(t.deferred))
            for t in islice(later, SHOWN_AHEAD)
        ]
    coming += [
        coming_of(establishment, moment, moment, None).model_copy(update={"skipped": True})
        for moment in skipped_after(session, reminder.id, now)
    ]
    return sorted(coming, key=lambda shown: shown.occurrence)[:SHOWN_AHEAD]


def why_deferred(session: ScopedSession, delivery: Delivery) -> str | None:
    """Why a delivery waits for another time than asked for, as the last step of its trace says."""
    if delivery.due_at == delivery.occurrence:
        return None
    cause = session.scalar(
        select(DeliveryEvent.cause)
        .where(DeliveryEvent.delivery_id == delivery.id, DeliveryEvent.status != "queued")
        .order_by(DeliveryEvent.id.desc())
        .limit(1)
    )
    return deferral(cause)


def deferral(cause: str | None) -> str | None:
    """The word for why something goes out at another time, from its cause in the trace."""
    why = (cause or "").partition(":")[0]
    return why.replace(" ", "_") if why in (QUIET_HOURS, HOLIDAY, DAILY_CAP) else None
