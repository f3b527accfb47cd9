"""What no channel could do becomes a task for staff; what has settled itself closes it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert

from database.session import ScopedSession
from models.delivery import Delivery, DeliveryStatus
from models.reminder import Reminder
from models.task import NOT_REACHED, Task
from services.policy import read_policy

S = DeliveryStatus

_FAILED = frozenset({S.failed, S.undelivered})
_OVER = _FAILED | {S.expired, S.suppressed}


def escalate(session: ScopedSession, reminder: Reminder, occurrence: Sequence[Delivery]) -> None:
    """Open a task when every channel of an occurrence has ended and none reached anybody.

    Once an occurrence, on its last delivery. One that merely expired, or whose every address said
    stop, makes none: the first is shown as expired, the others want to be left alone.
    """
    last = max(occurrence, key=lambda delivery: delivery.id)
    passed_over = [d for d in occurrence if d.status == S.sent and d is not last]
    if any(d.status not in _OVER and d not in passed_over for d in occurrence):
        return
    tried = passed_over or any(d.status in _FAILED for d in occurrence)
    if tried and read_policy(session, reminder).escalate:
        open_task(session, NOT_REACHED, last.id)


def open_task(session: ScopedSession, kind: str, delivery_id: int) -> None:
    """A task about a delivery, if there was none of its kind yet."""
    session.execute(
        insert(Task)
        .values(kind=kind, delivery_id=delivery_id, state="open")
        .on_conflict_do_nothing(index_elements=["kind", "delivery_id"])
    )


def close_tasks(session: ScopedSession, kind: str, delivery_ids: Sequence[int]) -> None:
    """Nobody needs to do any more what has settled itself."""
    session.execute(
        update(Task)
        .where(Task.kind == kind, Task.delivery_id.in_(delivery_ids), Task.state == "open")
        .values(state="done", done_at=func.now())
    )
