"""The due queue's rows of single deliveries: when the engine looks at one, and no more.

Batches are claimed in `services/dispatch/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, text

from database.session import ScopedSession
from models.due import Due

WAKE = text("select pg_notify('careloop_due', '')")
"""Tells the schedulers, at the commit, that something is due earlier than they thought."""

_TAKE_UNCLAIMED = text(
    """
    select from shared.due
    where establishment_id = :establishment_id and delivery_id = any(:ids)
        and (claimed_until is null or claimed_until = 'infinity')
    order by delivery_id for update
    """
)


def take_unclaimed(session: ScopedSession, ids: Sequence[int]) -> None:
    """Lock the rows that nobody has claimed (those in a sender's line are not), by their number.

    To be called before these deliveries are locked, by whoever may change both: a scheduler takes
    a row that is due and then its delivery, a worker a claimed delivery and then its row. So
    neither waits for us in a circle.
    """
    session.execute(
        _TAKE_UNCLAIMED, {"establishment_id": session.establishment_id, "ids": list(ids)}
    )


def put_in_due(session: ScopedSession, delivery_id: int, due_at: datetime) -> None:
    """Give a new delivery its row, and tell the schedulers."""
    session.add(
        Due(establishment_id=session.establishment_id, delivery_id=delivery_id, due_at=due_at)
    )
    session.flush()
    session.execute(WAKE)


def forget_due(session: ScopedSession, delivery_id: int) -> None:
    """Take a delivery out of the due queue: the engine has nothing more to do for it."""
    session.execute(
        delete(Due).where(
            Due.establishment_id == session.establishment_id, Due.delivery_id == delivery_id
        )
    )


def look_again(session: ScopedSession, delivery_id: int, at: datetime) -> None:
    """Have the engine send a delivery at a time; ends a claim on it."""
    _put_in_line(session, delivery_id, at, asks=False)


def ask_again(session: ScopedSession, delivery_id: int, at: datetime) -> None:
    """Have the engine ask the provider about a delivery at a time; ends a claim on it."""
    _put_in_line(session, delivery_id, at, asks=True)


def _put_in_line(session: ScopedSession, delivery_id: int, at: datetime, *, asks: bool) -> None:
    due = session.get(Due, (session.establishment_id, delivery_id), populate_existing=True)
    if due is None:
        due = Due(establishment_id=session.establishment_id, delivery_id=delivery_id)
        session.add(due)
    due.due_at, due.claimed_until, due.line, due.asks = at, None, None, asks
    session.flush()
    session.execute(WAKE)
