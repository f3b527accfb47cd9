"""What no channel could do becomes a task for staff; what has settled itself closes it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from database.session import ScopedSession
from models.delivery import SENDER_SUSPENDED, Delivery, DeliveryStatus
from models.reminder import Reminder
from models.task import NOT_REACHED, Task
from services import task as tasks
from services.policy import read_policy
from services.task import task_key

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
    held_up = [
        d for d in occurrence if d.error_code == SENDER_SUSPENDED and d.status == S.cancelled
    ]
    if any(d.status not in _OVER and d not in (*passed_over, *held_up) for d in occurrence):
        return
    tried = passed_over or any(d.status in _FAILED for d in occurrence)
    if tried and read_policy(session, reminder).escalate:
        open_task(session, NOT_REACHED, last.id)


def open_task(session: ScopedSession, kind: str, delivery_id: int) -> None:
    """A task about a delivery, if there is none of its kind to be done.

    That nobody was reached is told once; a delivery can become unknown a second time.
    """
    key = task_key(kind, delivery_id)
    if kind == NOT_REACHED and session.scalar(select(Task.id).where(Task.dedupe_key == key)):
        return
    delivery = session.get_one(Delivery, delivery_id)
    reminder = session.get_one(Reminder, delivery.reminder_id)
    tasks.open_task(
        session,
        kind,
        key,
        reminder_id=reminder.id,
        delivery_id=delivery_id,
        conversation_id=reminder.conversation_id,
    )


def close_tasks(session: ScopedSession, kind: str, delivery_ids: Sequence[int]) -> None:
    """Nobody needs to do any more what has settled itself."""
    for delivery_id in delivery_ids:
        tasks.close_task(session, task_key(kind, delivery_id))
