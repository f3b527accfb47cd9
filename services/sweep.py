"""What a crash leaves behind, found again: claims whose lease has run out."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, text

from database.session import ScopedSession
from models.delivery import CLOSED, Delivery, DeliveryStatus
from models.due import Due
from services.delivery import ask_again, forget_due, look_again, move

S = DeliveryStatus
SWEEP_AT_ONCE = 500
NO_ANSWER = "no_outcome"
"""Our own code on an unknown delivery: whoever made the call never said what it brought."""


def sweep(session: ScopedSession, *, ask_after: float) -> int:
    """Return or question every claim whose lease ran out; the number of rows looked at.

    Never attempted: due again at once. Stamped as attempted: the request may have left, so the
    delivery becomes unknown and is asked about.
    """
    now = session.execute(text("select now()")).scalar_one()
    rows = session.execute(
        select(Due, Delivery)
        .join(Delivery, Delivery.id == Due.delivery_id)
        .where(
            Due.establishment_id == session.establishment_id,
            Due.claimed_until.is_not(None),
            Due.claimed_until < now,
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
