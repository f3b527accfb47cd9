"""Tasks: opened and closed by the engine, listed and read by staff."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from database.session import ScopedSession
from models.delivery import Delivery, DeliveryEvent, DeliveryStatus
from models.task import UNKNOWN_DELIVERY, Task, TaskState
from schemas.common import Page
from schemas.task import TaskOut, TaskSummary, UnknownOut
from services.errors import NotFound
from services.paging import decode_cursor, encode_cursor

NOBODY = 0
"""Instead of a user's number: tasks that nobody has taken."""
ENGINE = "engine"
"""Who closed a task that nobody needs to look at any more."""


def open_task(
    session: ScopedSession,
    kind: str,
    dedupe_key: str,
    *,
    subject: str | None = None,
    due_at: datetime | None = None,
    reminder_id: int | None = None,
    delivery_id: int | None = None,
    contact_id: int | None = None,
    feedback_id: int | None = None,
    conversation_id: int | None = None,
    note: str | None = None,
) -> None:
    """Have somebody do something, unless a task about the same thing is not done yet."""
    session.execute(
        insert(Task)
        .values(
            kind=kind,
            state=TaskState.open,
            subject=subject,
            dedupe_key=dedupe_key,
            due_at=due_at,
            reminder_id=reminder_id,
            delivery_id=delivery_id,
            contact_id=contact_id,
            feedback_id=feedback_id,
            conversation_id=conversation_id,
            note=note,
            version=1,
        )
        .on_conflict_do_nothing(
            index_elements=["dedupe_key"], index_where=Task.state != TaskState.done
        )
    )


def close_task(session: ScopedSession, dedupe_key: str) -> None:
    """Nobody needs to look at it any more; its version tells whoever is about to."""
    session.execute(
        update(Task)
        .where(Task.dedupe_key == dedupe_key, Task.state != TaskState.done)
        .values(state=TaskState.done, done_at=func.now(), done_by=ENGINE, version=Task.version + 1)
        .execution_options(synchronize_session=False)
    )


def task_key(kind: str, delivery_id: int) -> str:
    """What a task about a delivery is about."""
    return f"{kind}:{delivery_id}"


def listed(
    session: ScopedSession,
    *,
    kind: str | None,
    state: TaskState | None,
    assigned_to: int | None,
    cursor: str | None,
    limit: int,
) -> Page[TaskSummary]:
    """A page of tasks, the newest first."""
    wanted = select(Task)
    if kind is not None:
        wanted = wanted.where(Task.kind == kind)
    if state is TaskState.done:
        wanted = wanted.where(Task.state == state)
    elif state is not None:  # said twice, so that the index of what is not done serves
        wanted = wanted.where(Task.state != TaskState.done, Task.state == state)
    if assigned_to == NOBODY:
        wanted = wanted.where(Task.assigned_to.is_(None))
    elif assigned_to is not None:
        wanted = wanted.where(Task.assigned_to == assigned_to)
    if cursor is not None:
        wanted = wanted.where(Task.id < decode_cursor(cursor)[1])
    rows = session.scalars(wanted.order_by(Task.id.desc()).limit(limit + 1)).all()
    shown = rows[:limit]
    unknown = _unknown(session, shown)
    return Page(
        items=[summary_view(task, unknown.get(task.delivery_id)) for task in shown],
        cursor=encode_cursor(shown[-1].created_at, shown[-1].id) if len(rows) > limit else None,
    )


def read(session: ScopedSession, task_id: int) -> Task:
    """One task; raises `NotFound`."""
    found = session.get(Task, task_id)
    if found is None:
        raise NotFound("task")
    return found


def task_view(session: ScopedSession, task: Task) -> TaskOut:
    """A task as it is shown by itself."""
    shown = summary_view(task, _unknown(session, [task]).get(task.delivery_id))
    return TaskOut(**dict(shown), note=task.note, updated_at=task.updated_at)


def summary_view(task: Task, unknown: UnknownOut | None) -> TaskSummary:
    """A task as it is shown in a list."""
    return TaskSummary(
        id=task.id,
        kind=task.kind,
        state=TaskState(task.state),
        subject=task.subject,
        assigned_to=task.assigned_to,
        due_at=task.due_at,
        reminder_id=task.reminder_id,
        delivery_id=task.delivery_id,
        contact_id=task.contact_id,
        feedback_id=task.feedback_id,
        conversation_id=task.conversation_id,
        unknown=unknown if task.kind == UNKNOWN_DELIVERY else None,
        created_at=task.created_at,
        done_at=task.done_at,
        done_by=task.done_by,
        version=task.version,
    )


def _unknown(session: ScopedSession, tasks: Sequence[Task]) -> dict[int | None, UnknownOut]:
    """Why the deliveries of some tasks became unknown, by the deliveries' numbers."""
    ids = [task.delivery_id for task in tasks if task.kind == UNKNOWN_DELIVERY]
    if not ids:
        return {}
    rows = session.execute(
        select(Delivery, DeliveryEvent.cause, DeliveryEvent.code)
        .join(DeliveryEvent, DeliveryEvent.delivery_id == Delivery.id)
        .where(Delivery.id.in_(ids), DeliveryEvent.status == DeliveryStatus.unknown)
        .order_by(DeliveryEvent.id)  # the last one wins
    )
    return {
        delivery.id: UnknownOut(
            channel=delivery.channel,
            status=delivery.status,
            cause=cause,
            code=code,
            attempted_at=delivery.attempted_at,
            valid_until=delivery.valid_until,
        )
        for delivery, cause, code in rows
    }
