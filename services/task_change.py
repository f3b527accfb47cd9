"""What staff do with a task: take it, give it to somebody, note, close it.

Two at once: the second is told. A change says which version it is of (`If-Match`); and a task
that is somebody's is not taken from them without saying so.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, select

from database.session import ScopedSession
from models.delivery import GIVEN_UP, Delivery, DeliveryStatus
from models.reminder import Reminder
from models.task import UNKNOWN_DELIVERY, Task, TaskState
from models.user import Membership, User
from schemas.task import Found, TaskChange
from services.audit import audit
from services.delivery.moves import lock_delivery, move
from services.due.queue import look_again
from services.errors import Conflict, Invalid, NotFound
from services.identity import Principal
from services.task import read

STAFF = "staff"
"""The cause of what staff did to a delivery."""


def refuse_stranger(session: ScopedSession, user_id: int, principal: Principal) -> None:
    """Raise `Invalid` when a user is no active member of the principal's establishment.

    Users live in the schema `shared`: call it in a session of the service, before the change.
    """
    member = session.scalar(
        select(Membership.user_id)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.user_id == user_id,
            Membership.establishment_id == principal.establishment_id,
            Membership.active,
            User.active,
        )
    )
    if member is None:
        raise Invalid("There is no such member of staff here.", field="assigned_to")


def change(
    session: ScopedSession,
    task_id: int,
    wanted: TaskChange,
    *,
    expected_version: int | None,
    principal: Principal,
) -> Task:
    """Change a task; raises `NotFound`, `Conflict` when somebody was faster, `Invalid`."""
    task, delivery = _locked(session, task_id)
    if expected_version is not None and expected_version != task.version:
        raise Conflict(
            "Somebody has changed this task meanwhile: read it again.", code="changed_meanwhile"
        )
    if task.state == TaskState.done:
        raise Conflict("This task is done already.", code="already_done")
    before = facts(task)
    _note(task, wanted)
    _hand_over(task, wanted, principal)
    if wanted.state is TaskState.done:
        task.state, task.done_by = TaskState.done, principal.actor
        task.done_at = session.scalar(select(func.now()))
    session.flush()
    if task.state == TaskState.done and task.kind == UNKNOWN_DELIVERY and delivery is not None:
        _settle(session, delivery, wanted, principal)
    session.refresh(task)
    audit(session, principal, "change", "task", task.id, before=before, after=facts(task))
    return task


def _locked(session: ScopedSession, task_id: int) -> tuple[Task, Delivery | None]:
    """The delivery first, then its task: the order in which a callback locks them."""
    number = read(session, task_id).delivery_id
    delivery = None if number is None else lock_delivery(session, number)
    task = session.get(Task, task_id, with_for_update=True, populate_existing=True)
    if task is None:
        raise NotFound("task")
    return task, delivery


def _note(task: Task, wanted: TaskChange) -> None:
    if "note" in wanted.model_fields_set:
        task.note = wanted.note or None
    if "due_at" in wanted.model_fields_set:
        due = wanted.due_at
        task.due_at = due.replace(tzinfo=UTC) if due is not None and due.tzinfo is None else due


def _hand_over(task: Task, wanted: TaskChange, principal: Principal) -> None:
    """Whose task it is. Who takes it without a word of whose it was takes it from nobody."""
    given = "assigned_to" in wanted.model_fields_set
    if wanted.state is TaskState.open or (given and wanted.assigned_to is None):
        task.state, task.assigned_to = TaskState.open, None
    elif given:
        task.state, task.assigned_to = TaskState.taken, wanted.assigned_to
    elif wanted.state is TaskState.taken:
        if task.assigned_to not in (None, principal.user_id):
            raise Conflict("Somebody else has taken this task.", code="already_taken")
        task.state, task.assigned_to = TaskState.taken, principal.user_id


def _settle(
    session: ScopedSession, delivery: Delivery, wanted: TaskChange, principal: Principal
) -> None:
    """Let the delivery follow what staff found; the trace and the audit say that it was they."""
    if delivery.status != DeliveryStatus.unknown:
        return
    if wanted.found is None:
        raise Invalid(
            "Say what you found: arrived or not_arrived.", field="found", code="found_missing"
        )
    before = delivery.status
    if wanted.found is Found.arrived:
        move(session, delivery, DeliveryStatus.delivered, cause=STAFF)
    elif wanted.send_again:
        _send_again(session, delivery)
    else:
        move(session, delivery, DeliveryStatus.undelivered, cause=STAFF, code=GIVEN_UP)
    after = {"status": delivery.status, "found": wanted.found, "send_again": wanted.send_again}
    audit(
        session,
        principal,
        "change",
        "delivery",
        delivery.id,
        before={"status": before},
        after=after,
    )


def _send_again(session: ScopedSession, delivery: Delivery) -> None:
    now = session.scalar(select(func.now()))
    assert isinstance(now, datetime)
    if session.get_one(Reminder, delivery.reminder_id).called_off:
        raise Conflict(
            "This reminder was cancelled: schedule a new one instead.", code="reminder_cancelled"
        )
    if delivery.valid_until <= now:
        raise Conflict("Its time is over: schedule a new reminder instead.", code="validity_over")
    move(session, delivery, DeliveryStatus.scheduled, cause=STAFF)
    look_again(session, delivery.id, now)


def facts(task: Task) -> dict[str, object]:
    """A task as the audit keeps it (sealed)."""
    return {
        "state": task.state,
        "assigned_to": task.assigned_to,
        "due_at": task.due_at.isoformat() if task.due_at else None,
        "note": task.note,
    }
