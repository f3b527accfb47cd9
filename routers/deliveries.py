"""Deliveries: lists and counts for staff. A delivery's trace stands with its reminder."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from models.delivery import DeliveryStatus
from models.reminder import Channel
from routers.dependencies import ViewerSession
from schemas.common import Page
from schemas.delivery import DeliveryOverview, DeliverySummary
from services.delivery import view as delivery_view
from services.reminder.view import aware

router = APIRouter(prefix="/deliveries", tags=["deliveries"])


@router.get("", summary="Deliveries by the time that they are meant for, the latest first")
def list_deliveries(
    session: ViewerSession,
    status: Annotated[
        list[DeliveryStatus] | None,
        Query(max_length=len(DeliveryStatus), description="any of these"),
    ] = None,
    channel: Channel | None = None,
    since: datetime | None = None,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[DeliverySummary]:
    return delivery_view.listed(
        session,
        statuses=frozenset(status or ()),
        channel=channel,
        since=aware(since, "since") if since else None,
        cursor=cursor,
        limit=limit,
    )


@router.get("/summary", summary="Counts by state and channel, what is unknown and why, the lag")
def summarise_deliveries(
    session: ViewerSession, since: datetime | None = None, until: datetime | None = None
) -> DeliveryOverview:
    return delivery_view.overview(
        session,
        since=aware(since, "since") if since else None,
        until=aware(until, "until") if until else None,
    )
