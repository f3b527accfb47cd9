"""The next turn of a recurring reminder, opened when the one before has ended."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select

from database.session import ScopedSession
from models.delivery import WAITING, Delivery, DeliveryStatus
from models.reminder import Reminder
from services.due.opening import open_delivery, reschedule
from services.series.omission import leave_out
from services.series.series import sent_at, series_of

S = DeliveryStatus


def open_next_occurrence(session: ScopedSession, reminder: Reminder, ended: Delivery) -> bool:
    """Open a series' next turn, once; what passed unsent is noted. False when it has ended."""
    goes_on = session.scalar(
        select(Delivery.id)
        .where(
            Delivery.reminder_id == reminder.id,
            or_(Delivery.occurrence > ended.occurrence, Delivery.status.in_(WAITING)),
            Delivery.status != S.cancelled,
            Delivery.id != ended.id,
        )
        .limit(1)
    )
    if goes_on is not None:
        return True
    series, went = series_of(session, reminder, after=ended.occurrence), sent_at(ended)
    merged = series.merged(ended.occurrence, went) if went else None
    if merged is not None:
        leave_out(session, reminder.id, merged)
    after = series.covered_by(ended.occurrence, went)
    return open_next_turn(session, reminder, after=after, last=went)


def open_next_turn(
    session: ScopedSession,
    reminder: Reminder,
    *,
    after: datetime,
    last: datetime | None = None,
) -> bool:
    """Open the turn of a series after a time; False when there is none.

    `last` is when the turn before went out, if it did.
    """
    series = series_of(session, reminder, after=after)
    turn, missed = series.next_turn(after, session.now(), last=last)
    if missed is not None:
        leave_out(session, reminder.id, missed)
    if turn is None:
        return False
    called_off = session.scalar(
        select(Delivery)
        .where(
            Delivery.reminder_id == reminder.id,
            Delivery.occurrence == turn.occurrence,
            Delivery.channel == reminder.channels[0],
        )
        .with_for_update()
    )
    if called_off is None:
        open_delivery(
            session,
            reminder,
            reminder.channels[0],
            occurrence=turn.occurrence,
            due_at=turn.due_at,
            cause=turn.cause,
        )
    else:
        called_off.due_at = turn.due_at
        called_off.valid_until = turn.occurrence + series.validity
        reschedule(session, called_off, cause=turn.cause)
    return True
