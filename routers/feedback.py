"""Feedback: submit, list, read, listen, move on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from starlette.concurrency import run_in_threadpool

from models.feedback import FeedbackState
from routers.dependencies import (
    IdempotencyKey,
    Staff,
    StaffSession,
    StateDep,
    Submitter,
    Viewer,
    ViewerSession,
    establishment_of,
)
from schemas.common import MAX_ID, LanguageIn, Page, cleaned
from schemas.feedback import (
    FeedbackChange,
    FeedbackChannel,
    FeedbackDetail,
    FeedbackIn,
    FeedbackOut,
)
from services import feedback as feedbacks
from services.errors import CareloopError
from services.identity import submission_id
from services.intake import arrival, submitted_fields
from services.recording import MEDIA_TYPES, audio_of
from services.reminder_view import aware

router = APIRouter(prefix="/feedback", tags=["feedback"])
public_router = APIRouter(prefix="/e/{slug}/feedback", tags=["feedback"])

FeedbackId = Annotated[int, Path(ge=1, le=MAX_ID)]


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
    session: ViewerSession,
    department: Annotated[Annotated[str, cleaned(40)] | None, Query(max_length=40)] = None,
    language: Annotated[LanguageIn | None, Query()] = None,
    rating: Annotated[int | None, Query(ge=1, le=5)] = None,
    channel: FeedbackChannel | None = None,
    state: FeedbackState | None = None,
    patient_id: Annotated[str | None, Query(max_length=64)] = None,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[FeedbackDetail]:
    return feedbacks.feedback_page(
        session,
        department=department,
        language=language,
        rating=rating,
        channel=channel,
        state=state,
        patient_id=patient_id,
        since=aware(since, "since") if since else None,
        until=aware(until, "until") if until else None,
        cursor=cursor,
        limit=limit,
    )


@router.get("/{feedback_id}", summary="One feedback, whole")
def read_feedback(feedback_id: FeedbackId, session: ViewerSession) -> FeedbackDetail:
    return feedbacks.read_feedback(session, feedback_id)


@router.get("/{feedback_id}/voice", summary="The recording of a feedback", response_class=Response)
def listen(
    feedback_id: FeedbackId, state: StateDep, principal: Viewer, session: ViewerSession
) -> Response:
    recording = feedbacks.recording_of(session, feedback_id, principal)
    audio = audio_of(state.storage, principal.establishment_id, recording.id)
    media_type = MEDIA_TYPES.get(recording.container or "", "application/octet-stream")
    return Response(audio, media_type=media_type, headers={"Cache-Control": "no-store"})


@router.patch("/{feedback_id}", summary="Note where staff stand with it")
def change_feedback(
    feedback_id: FeedbackId, body: FeedbackChange, principal: Staff, session: StaffSession
) -> FeedbackDetail:
    return feedbacks.change_state(session, feedback_id, body.state, principal)
