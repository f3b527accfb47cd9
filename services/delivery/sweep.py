"""What a crash leaves behind, found again: claims whose lease has run out, series that stand."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, exists, or_, select, text

from database.session import ScopedSession
from models.delivery import CLOSED, FINAL, Delivery, DeliveryStatus
from models.due import Due
from models.reminder import Reminder, ReminderStatus
from services.delivery.moves import move
from services.delivery.reminder_status import final_status
from services.due.queue import ask_again, forget_due, look_again
from services.series.series import sent_at, series_of
from services.series.turn import open_next_turn

S = DeliveryStatus
SWEEP_AT_ONCE = 500
MOST_AHEAD = timedelta(seconds=60)
"""A lease may be so much longer than this process knows: another's settings, a corrected clock."""
NO_ANSWER = "no_outcome"
"""Our own code on an unknown delivery: whoever made the call never said what it brought."""


def sweep(session: ScopedSession, *, ask_after: float, lease: float = 60.0) -> int:
    """Return or question every claim whose lease ran out; the number of rows looked at.

    A lease longer than `lease` seconds from now was stamped before the clock was set back.

    Never attempted: due again at once. Stamped as attempted: the request may have left, so the
    delivery becomes unknown and is asked about.
    """
    now = session.now()
    rows = session.execute(
        select(Due, Delivery)
        .join(Delivery, Delivery.id == Due.delivery_id)
        .where(
            Due.establishment_id == session.establishment_id,
            Due.claimed_until.is_not(None),
            or_(
                Due.claimed_until < now,
                and_(
                    Due.claimed_until > now + timedelta(seconds=lease) + MOST_AHEAD,
                    Due.claimed_until < text("timestamptz 'infinity'"),  # who waits in a line
                ),
            ),
        )
        .order_by(Due.delivery_id)
        .limit(SWEEP_AT_ONCE)
        .with_for_update(of=(Due.__table__, Delivery.__table__), skip_locked=True)
    ).all()
    for _, delivery in rows:
        if delivery.status == S.queued:
            move(session, delivery, S.scheduled, cause="lease ran out")
        elif delivery.status == S.sending:
            move(session, delivery, S.unknown, cause="lease ran out", code=NO_ANSWER)
        if delivery.status in CLOSED:
            forget_due(session, delivery.id)
        elif delivery.status == S.unknown:
            attempted = delivery.attempted_at or now
            ask_again(session, delivery.id, max(now, attempted + timedelta(seconds=ask_after)))
        elif delivery.status == S.sent:
            ask_again(session, delivery.id, now)
        else:
            look_again(session, delivery.id, now)
    return len(rows)


def resume_series(session: ScopedSession) -> int:
    """Open the next turn of series that have nothing open; how many were found.

    The next turn is opened in the transaction that ends the last one, so this finds what came
    another way: a restored backup, rows that were mended by hand.
    """
    open_delivery = exists().where(
        Delivery.reminder_id == Reminder.id, Delivery.status.not_in(FINAL)
    )
    standing = session.scalars(
        select(Reminder)
        .where(
            Reminder.rrule.is_not(None),
            Reminder.status == ReminderStatus.active,
            Reminder.cancelled_at.is_(None),
            ~open_delivery,
        )
        .order_by(Reminder.id)
        .limit(SWEEP_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for reminder in standing:
        if not open_next_turn(session, reminder, after=_covered(session, reminder)):
            reminder.status = final_status(session, reminder)
    return len(standing)


def _covered(session: ScopedSession, reminder: Reminder) -> datetime:
    """Until when a series has been dealt with."""
    last = session.scalar(
        select(Delivery)
        .where(Delivery.reminder_id == reminder.id)
        .order_by(Delivery.occurrence.desc(), Delivery.id.desc())
        .limit(1)
    )
    if last is None:
        return reminder.scheduled_time - timedelta(microseconds=1)
    series = series_of(session, reminder, after=last.occurrence)
    return series.covered_by(last.occurrence, sent_at(last))
