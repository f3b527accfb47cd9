"""Tasks: listed, read, taken, given to somebody, closed."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from models.task import Task, TaskState
from routers.dependencies import (
    IfMatch,
    Staff,
    StateDep,
    Viewer,
    ViewerSession,
    expected_version,
)
from schemas.common import MAX_ID, Page
from schemas.task import TaskChange, TaskOut, TaskSummary
from services import task as tasks
from services import task_change

router = APIRouter(prefix="/tasks", tags=["tasks"])

TaskId = Annotated[int, Path(ge=1, le=MAX_ID)]


@router.get("", summary="Tasks, the newest first")
def list_tasks(
    principal: Viewer,
    session: ViewerSession,
    kind: Annotated[str | None, Query(pattern=r"^[a-z0-9_]{1,24}$")] = None,
    state: TaskState | None = None,
    assigned_to: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    assigned: Annotated[
        Literal["me", "nobody"] | None, Query(description="instead of `assigned_to`")
    ] = None,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[TaskSummary]:
    whose = {"me": principal.user_id, "nobody": tasks.NOBODY, None: assigned_to}[assigned]
    return tasks.listed(
        session, kind=kind, state=state, assigned_to=whose, cursor=cursor, limit=limit
    )


@router.get("/{task_id}", summary="A task with its note")
def read_task(task_id: TaskId, response: Response, session: ViewerSession) -> TaskOut:
    found = tasks.read(session, task_id)
    response.headers["ETag"] = _etag(found)
    return tasks.task_view(session, found)


@router.patch("/{task_id}", summary="Take a task, give it to somebody, note, close it")
def change_task(
    task_id: TaskId,
    body: TaskChange,
    response: Response,
    state: StateDep,
    principal: Staff,
    if_match: IfMatch = None,
) -> TaskOut:
    if body.assigned_to is not None:
        with state.database.service() as service:
            task_change.refuse_stranger(service, body.assigned_to, principal)
    with state.database.establishment(principal.establishment_id) as session:
        changed = task_change.change(
            session,
            task_id,
            body,
            expected_version=expected_version(if_match),
            principal=principal,
        )
        answer = tasks.task_view(session, changed)
    response.headers["ETag"] = _etag(changed)
    return answer


def _etag(task: Task) -> str:
    return f'"{task.version}"'
