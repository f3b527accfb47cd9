"""Reminders: create, preview, list, read, change, cancel."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Response
from fastapi.responses import JSONResponse

from database.session import ScopedSession
from models.establishment import Establishment
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
from routers.idempotency import OnceDep
from schemas.common import MAX_ID, Page
from schemas.reminder import (
    KnownOccurrence,
    Occurrence,
    ReminderChange,
    ReminderDetail,
    ReminderIn,
    ReminderOut,
    ReminderPlan,
    ReminderSummary,
    ReminderTimes,
)
from services.identity import submission_id
from services.reminder import reminders
from services.reminder.change import Answer, cancel, change
from services.reminder.plan import plan
from services.reminder.skipping import skip, unskip
from services.reminder.view import detail_view, plan_view, reminder_view, summaries, times_view
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
            now=session.now(),
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
    planned = plan(session, establishment, senders_of(state, principal), body, session.now())
    return plan_view(establishment, planned)


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


@router.patch("/{reminder_id}", summary="Change what has not gone out")
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
    changed = change(
        session,
        establishment,
        reminder_id,
        body,
        senders=senders_of(state, principal),
        expected_version=expected_version(if_match),
        principal=principal,
    )
    response.headers["ETag"] = _etag(changed.reminder)
    return _told(session, establishment, changed)


@router.post(
    "/{reminder_id}/cancel",
    summary="Cancel what has not left",
    response_model=ReminderOut,
    description="`cancelled` and `already_with_carrier` count deliveries: what is with the carrier"
    " cannot be called back. A series ends.",
)
def cancel_reminder(
    reminder_id: ReminderId,
    state: StateDep,
    principal: Staff,
    session: StaffSession,
    once: OnceDep,
) -> ReminderOut | JSONResponse:
    def work() -> ReminderOut:
        ended = cancel(session, reminder_id, principal)
        answer = _told(session, establishment_of(state, principal), ended)
        return answer.model_copy(update={"cancelled": ended.cancelled})

    return once.run(session, principal, work, status=200)


@router.post(
    "/{reminder_id}/skip",
    summary="Leave out one occurrence; the others go out",
    response_model=ReminderTimes,
    description="Without `occurrence` the next one that has not left. It counts for a COUNT.",
)
def skip_occurrence(
    reminder_id: ReminderId,
    body: Occurrence,
    state: StateDep,
    principal: Staff,
    session: StaffSession,
    once: OnceDep,
) -> ReminderTimes | JSONResponse:
    def work() -> ReminderTimes:
        establishment = establishment_of(state, principal)
        reminder = skip(session, establishment, reminder_id, body.occurrence, principal=principal)
        return times_view(session, establishment, reminder)

    return once.run(session, principal, work, status=200)


@router.post(
    "/{reminder_id}/unskip",
    summary="Have a skipped occurrence go out after all",
    response_model=ReminderTimes,
)
def unskip_occurrence(
    reminder_id: ReminderId,
    body: KnownOccurrence,
    state: StateDep,
    principal: Staff,
    session: StaffSession,
    once: OnceDep,
) -> ReminderTimes | JSONResponse:
    def work() -> ReminderTimes:
        establishment = establishment_of(state, principal)
        reminder = unskip(session, establishment, reminder_id, body.occurrence, principal=principal)
        return times_view(session, establishment, reminder)

    return once.run(session, principal, work, status=200)


def _told(session: ScopedSession, establishment: Establishment, done: Answer) -> ReminderOut:
    answer = reminder_view(session, establishment, done.reminder)
    return answer.model_copy(update={"already_with_carrier": done.with_carrier})


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
