"""Conversations: what patients wrote and what was replied, for staff to read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query

from routers.dependencies import Viewer, ViewerSession
from schemas.common import MAX_ID, Page
from schemas.conversation import ConversationChannel, ConversationDetail, ConversationSummary
from services.conversation import view as conversation_view
from services.reminder.view import aware

router = APIRouter(prefix="/conversations", tags=["conversations"])

RowNumber = Annotated[int | None, Query(ge=1, le=MAX_ID)]


@router.get("", summary="Conversations, those that began last first")
def list_conversations(
    session: ViewerSession,
    channel: ConversationChannel | None = None,
    flow: Annotated[str | None, Query(pattern=r"^[a-z0-9_]{1,24}$")] = None,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    patient_id: Annotated[str | None, Query(max_length=64)] = None,
    reminder_id: RowNumber = None,
    feedback_id: RowNumber = None,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[ConversationSummary]:
    return conversation_view.listed(
        session,
        channel=channel,
        flow=flow,
        open_only=is_open,
        patient_id=patient_id,
        reminder_id=reminder_id,
        feedback_id=feedback_id,
        since=aware(since, "since") if since else None,
        until=aware(until, "until") if until else None,
        cursor=cursor,
        limit=limit,
    )


@router.get("/{conversation_id}", summary="What was said, in order; the reading is audited")
def read_conversation(
    conversation_id: Annotated[int, Path(ge=1, le=MAX_ID)],
    principal: Viewer,
    session: ViewerSession,
) -> ConversationDetail:
    return conversation_view.read(session, conversation_id, principal)
