"""Feedback: submit, list, export, read, listen, care for, answer."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from models.feedback import FeedbackState
from models.user import Role
from routers.dependencies import (
    CorrelationId,
    IdempotencyKey,
    IfMatch,
    Staff,
    StaffSession,
    StateDep,
    Submitter,
    Viewer,
    ViewerSession,
    establishment_of,
    expected_version,
    senders_of,
)
from routers.ranges import ranged
from schemas.common import MAX_ID, LanguageIn, Page, cleaned
from schemas.feedback import (
    AnswerIn,
    AnswerOut,
    FeedbackChange,
    FeedbackChannel,
    FeedbackDetail,
    FeedbackIn,
    FeedbackOut,
    FeedbackWhole,
    HistoryItem,
)
from services.errors import CareloopError, Forbidden, Invalid
from services.feedback import feedbacks
from services.feedback.care import answer, change
from services.feedback.export import export
from services.feedback.intake import arrival, submitted_fields
from services.feedback.view import (
    NOBODY,
    FeedbackFilter,
    feedback_page,
    history,
    read_feedback,
)
from services.identity import Principal, submission_id
from services.overview.period import days_between
from services.recording import MEDIA_TYPES, audio_of
from services.reminder.view import aware
from services.task_change import refuse_stranger

router = APIRouter(prefix="/feedback", tags=["feedback"])
public_router = APIRouter(prefix="/e/{slug}/feedback", tags=["feedback"])

FeedbackId = Annotated[int, Path(ge=1, le=MAX_ID)]
ME, NONE = "me", "nobody"


def _filter(
    *,
    state_dep: StateDep,
    principal: Viewer,
    department: Annotated[Annotated[str, cleaned(40)] | None, Query(max_length=40)] = None,
    language: Annotated[LanguageIn | None, Query()] = None,
    rating: Annotated[list[Annotated[int, Query(ge=1, le=5)]] | None, Query(max_length=5)] = None,
    channel: FeedbackChannel | None = None,
    state: FeedbackState | None = None,
    patient_id: Annotated[str | None, Query(max_length=64)] = None,
    assigned: Annotated[
        str | None,
        Query(pattern=r"^(me|nobody|[1-9][0-9]{0,8})$", description="me, nobody, or a user's id"),
    ] = None,
    has_voice: bool | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    first: Annotated[date | None, Query(alias="from", description="a local day")] = None,
    last: Annotated[date | None, Query(alias="to", description="a local day, whole")] = None,
) -> FeedbackFilter:
    """The conditions of a list or an export. Days are the establishment's, times are moments."""
    if (first or last) and (since or until):
        raise Invalid("Give either days (from, to) or times (since, until).", field="query.from")
    start, end = days_between(establishment_of(state_dep, principal), first, last)
    return FeedbackFilter(
        department=department,
        language=language,
        ratings=tuple(sorted(set(rating or ()))),
        channel=channel,
        state=state,
        patient_id=patient_id,
        assigned_to=_assigned(assigned, principal),
        has_voice=has_voice,
        since=aware(since, "since") if since else start,
        until=aware(until, "until") if until else end,
    )


def _assigned(wanted: str | None, principal: Principal) -> int | None:
    if wanted is None:
        return None
    return (
        {ME: principal.user_id, NONE: NOBODY}.get(wanted) if wanted in (ME, NONE) else int(wanted)
    )


Wanted = Annotated[FeedbackFilter, Depends(_filter, scope="function")]


@router.post("", status_code=201, response_model_exclude_none=False, summary="Submit a feedback")
async def submit_feedback(
    body: FeedbackIn,
    response: Response,
    state: StateDep,
    principal: Submitter,
    key: IdempotencyKey = None,
) -> FeedbackOut:
    body = feedbacks.in_local_time(body, establishment_of(state, principal))
    identity = submission_id(body.client_id, key, principal, submitted_fields(body))
    if body.voice_data:
        stored = await run_in_threadpool(
            feedbacks.store_with_voice,
            state.database,
            state.storage,
            body,
            identity=identity,
            principal=principal,
        )
    else:
        result = await state.intake.submit(arrival(body, identity=identity, principal=principal))
        if isinstance(result, CareloopError):
            raise result
        stored = result
    if not stored.created:
        response.headers["Idempotency-Replayed"] = "true"
    return feedbacks.answer_view(body, stored)


@public_router.post("", status_code=201, summary="Submit a feedback to a named establishment")
async def submit_public_feedback(
    slug: Annotated[str, Path(max_length=63)],  # noqa: ARG001 - read by Submitter
    body: FeedbackIn,
    response: Response,
    state: StateDep,
    principal: Submitter,
    key: IdempotencyKey = None,
) -> FeedbackOut:
    return await submit_feedback(body, response, state, principal, key)


@router.get("", summary="Feedback, the newest first")
def list_feedback(
    wanted: Wanted,
    session: ViewerSession,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[FeedbackDetail]:
    return feedback_page(session, wanted, cursor=cursor, limit=limit)


@router.get(
    "/export.csv", summary="Feedback as a file for spreadsheets", response_class=StreamingResponse
)
def export_feedback(
    wanted: Wanted,
    state: StateDep,
    principal: Staff,
    personal: Annotated[
        bool, Query(description="with references, words and notes; administrators only")
    ] = False,
    locale: Annotated[
        Literal["fr", "en"], Query(description="of the header; `fr` separates by semicolons")
    ] = "fr",
) -> StreamingResponse:
    if personal and principal.role is not Role.admin:
        raise Forbidden("Only administrators export personal data.", code="role_too_low")
    lines = export(
        state.database,
        establishment_of(state, principal),
        wanted,
        principal,
        locale=locale,
        personal=personal,
    )
    return StreamingResponse(
        lines,
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="feedback.csv"',
            "Cache-Control": "no-store",
        },
    )


@router.get("/{feedback_id}", summary="One feedback, whole, with what was answered")
def read_one(feedback_id: FeedbackId, response: Response, session: ViewerSession) -> FeedbackWhole:
    found = read_feedback(session, feedback_id)
    response.headers["ETag"] = f'"{found.version}"'
    return found


@router.get("/{feedback_id}/history", summary="What happened to it, step by step")
def read_history(feedback_id: FeedbackId, session: ViewerSession) -> list[HistoryItem]:
    return history(session, feedback_id)


@router.get("/{feedback_id}/voice", summary="The recording as it came", response_class=Response)
def listen(
    feedback_id: FeedbackId, state: StateDep, principal: Viewer, session: ViewerSession
) -> Response:
    recording = feedbacks.recording_of(session, feedback_id)
    feedbacks.note_hearing(session, recording, principal)
    audio = audio_of(state.storage, principal.establishment_id, recording.id)
    media_type = MEDIA_TYPES.get(recording.container or "", "application/octet-stream")
    return Response(audio, media_type=media_type, headers={"Cache-Control": "no-store"})


@router.get(
    "/{feedback_id}/recording",
    summary="The recording for a browser's player (whole, or a Range of it)",
    response_class=Response,
)
def play(
    feedback_id: FeedbackId,
    state: StateDep,
    principal: Viewer,
    wanted: Annotated[str | None, Header(alias="Range", max_length=100)] = None,
) -> Response:
    heard = state.player.hear(feedback_id, principal)
    return ranged(heard.audio, heard.media_type, wanted)


@router.patch("/{feedback_id}", summary="Give it to somebody, note, say where staff stand with it")
def change_feedback(
    feedback_id: FeedbackId,
    body: FeedbackChange,
    response: Response,
    state: StateDep,
    principal: Staff,
    if_match: IfMatch = None,
) -> FeedbackWhole:
    if body.assigned_to is not None:
        with state.database.service() as service:
            refuse_stranger(service, body.assigned_to, principal)
    with state.database.establishment(principal.establishment_id) as session:
        change(
            session,
            feedback_id,
            body,
            expected_version=expected_version(if_match),
            principal=principal,
        )
        changed = read_feedback(session, feedback_id)
    response.headers["ETag"] = f'"{changed.version}"'
    return changed


@router.post(
    "/{feedback_id}/answer",
    status_code=201,
    summary="Answer the patient, by their channel",
    description="Goes out as a reminder's delivery does; refused with `no_address` or `opted_out`.",
)
def answer_feedback(
    feedback_id: FeedbackId,
    body: AnswerIn,
    response: Response,
    state: StateDep,
    principal: Staff,
    session: StaffSession,
    correlation: CorrelationId,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> AnswerOut:
    made, new = answer(
        session,
        establishment_of(state, principal),
        senders_of(state, principal),
        feedback_id,
        body,
        idempotency_key=key,
        expected_version=expected_version(if_match),
        principal=principal,
        correlation_id=correlation,
    )
    response.headers["Location"] = f"/api/v1/reminders/{made.reminder_id}"
    if not new:
        response.headers["Idempotency-Replayed"] = "true"
    return made
