"""Reminders: create, preview, list, read, change, cancel."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Response

from models.reminder import Reminder, ReminderStatus
from routers.dependencies import (
    CorrelationId,
    IdempotencyKey,
    IfMatch,
    Staff,
    StaffSession,
    StateDep,
    Viewer,
    ViewerSession,
    establishment_of,
    expected_version,
    senders_of,
)
from schemas.common import MAX_ID, Page
from schemas.reminder import (
    ReminderChange,
    ReminderDetail,
    ReminderIn,
    ReminderOut,
    ReminderPlan,
    ReminderSummary,
)
from services import reminder as reminders
from services.identity import submission_id
from services.reminder_plan import plan
from services.reminder_view import detail_view, plan_view, reminder_view, summaries
from utils.failpoint import reached

router = APIRouter(prefix="/reminders", tags=["reminders"])

ReminderId = Annotated[int, Path(ge=1, le=MAX_ID)]


@router.post("", status_code=201, summary="Schedule a reminder")
def create_reminder(
    body: ReminderIn,
    response: Response,
    state: StateDep,
    principal: Staff,
    correlation: CorrelationId,
    key: IdempotencyKey = None,
) -> ReminderOut:
    establishment = establishment_of(state, principal)
    with state.database.establishment(principal.establishment_id) as session:
        stored = reminders.create(
            session,
            establishment,
            senders_of(state, principal),
            body,
            identity=submission_id(
                body.client_id, key, principal, reminders.submitted_fields(body)
            ),
            principal=principal,
            now=datetime.now(UTC),
            correlation_id=correlation,
        )
        answer = reminder_view(session, establishment, stored.reminder)
        reached("reminder.before_commit")
    reached("reminder.after_commit")
    response.headers["Location"] = f"/api/v1/reminders/{answer.id}"
    if not stored.created:
        response.headers["Idempotency-Replayed"] = "true"
    return answer


@router.post("/preview", summary="What would happen, without storing anything")
def preview_reminder(
    body: ReminderIn, state: StateDep, principal: Staff, session: StaffSession
) -> ReminderPlan:
    establishment = establishment_of(state, principal)
    planned = plan(session, establishment, senders_of(state, principal), body, datetime.now(UTC))
    return plan_view(planned)


@router.get("", summary="Reminders, the newest first")
def list_reminders(
    session: ViewerSession,
    status: ReminderStatus | None = None,
    patient_id: Annotated[str | None, Query(max_length=64)] = None,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[ReminderSummary]:
    return summaries(
        session,
        status=status,
        patient_id=patient_id,
        since=since,
        until=until,
        cursor=cursor,
        limit=limit,
    )


@router.get("/{reminder_id}", summary="A reminder with its deliveries and their events")
def read_reminder(
    reminder_id: ReminderId,
    response: Response,
    state: StateDep,
    principal: Viewer,
    session: ViewerSession,
) -> ReminderDetail:
    found = reminders.read(session, reminder_id)
    response.headers["ETag"] = _etag(found)
    return detail_view(session, establishment_of(state, principal), found, principal)


@router.patch("/{reminder_id}", summary="Change a reminder that has not gone out")
def change_reminder(
    reminder_id: ReminderId,
    body: ReminderChange,
    response: Response,
    state: StateDep,
    principal: Staff,
    session: StaffSession,
    if_match: IfMatch = None,
) -> ReminderOut:
    establishment = establishment_of(state, principal)
    changed = reminders.change(
        session,
        establishment,
        reminder_id,
        body,
        expected_version=expected_version(if_match),
        principal=principal,
        now=datetime.now(UTC),
    )
    response.headers["ETag"] = _etag(changed)
    return reminder_view(session, establishment, changed)


@router.post("/{reminder_id}/cancel", summary="Cancel what has not left")
def cancel_reminder(
    reminder_id: ReminderId, state: StateDep, principal: Staff, session: StaffSession
) -> ReminderOut:
    cancelled, gone = reminders.cancel(session, reminder_id, principal)
    answer = reminder_view(session, establishment_of(state, principal), cancelled)
    return answer.model_copy(update={"already_with_carrier": gone})


@router.delete("/{reminder_id}", include_in_schema=False)
def keep_reminder(reminder_id: ReminderId) -> None:
    """What was to be said to a patient is kept."""
    raise HTTPException(
        405,
        f"A reminder is not deleted. POST /api/v1/reminders/{reminder_id}/cancel calls it off.",
        {"Allow": "GET, PATCH"},
    )


def _etag(reminder: Reminder) -> str:
    return f'"{reminder.version}"'
