"""Liveness, readiness and metrics."""

from __future__ import annotations

import hmac
from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from database.engine import DatabaseNotReady
from routers.dependencies import StateDep
from routers.problems import RETRY_AFTER
from routers.state import State
from services.errors import Unauthenticated
from services.overview import health
from utils.metrics import (
    ALARMS,
    DELIVERIES,
    DELIVERIES_UNKNOWN,
    DUE_BACKLOG,
    DUE_LAG_SECONDS,
    QUEUE_DEPTH,
    SENDERS_SUSPENDED,
    WEBHOOKS_WAITING,
)

router = APIRouter(tags=["operations"])


# Monitors that want no more than the status ask with HEAD.
@router.head("/health/live", include_in_schema=False)
@router.get("/health/live", summary="The process runs")
def live() -> dict[str, str]:
    return {"status": "ok"}


@router.head("/health/ready", include_in_schema=False)
@router.get("/health/ready", summary="The process can accept; `degraded` says what is not well")
def ready(state: StateDep) -> JSONResponse:
    try:
        reasons = list(health.check(state.database).reasons)
    except (DBAPIError, PoolTimeout, DatabaseNotReady):
        reasons = ["database_unavailable"]
        if not state.door.can_spool:
            return JSONResponse(
                {"status": "unavailable", "reasons": [*reasons, "spool_full"]},
                503,
                {"Retry-After": RETRY_AFTER},
            )
        if state.door.spooled():
            reasons.append(health.WEBHOOKS_SPOOLED)
    if state.queue_depth() is None:
        reasons.append("queue_unreachable")
    body: dict[str, Any] = {"status": "degraded" if reasons else "ok", "reasons": reasons}
    return JSONResponse(body)


@router.get("/metrics", summary="Prometheus metrics", response_class=PlainTextResponse)
def metrics(state: StateDep, authorization: Annotated[str, Header()] = "") -> Response:
    wanted = state.settings.operations.metrics_token.get_secret_value()
    if wanted and not hmac.compare_digest(authorization.encode(), f"Bearer {wanted}".encode()):
        raise Unauthenticated("The metrics need the bearer token METRICS_TOKEN.")
    _measure(state)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _measure(state: State) -> None:
    """Bring the gauges up to date; without the database they keep their last values."""
    depth = state.queue_depth()
    QUEUE_DEPTH.set(-1 if depth is None else depth)
    WEBHOOKS_WAITING.set(state.door.spooled())
    try:
        lag = health.check(state.database).lag_seconds
        shared = health.figures(state.database)
        own = {
            place.slug: health.delivery_figures(state.database, place.id)
            for place in state.directory.all()
        }
    except (DBAPIError, PoolTimeout, DatabaseNotReady):
        return
    DUE_BACKLOG.set(shared.backlog)
    DUE_LAG_SECONDS.set(max(lag, *(figures.lag_seconds for figures in own.values()), 0.0))
    _show_deliveries(own)
    for gauge, rows in ((ALARMS, shared.alarms), (SENDERS_SUSPENDED, shared.suspended)):
        gauge.clear()
        for slug, word, count in rows:
            gauge.labels(slug, word).set(count)


def _show_deliveries(own: dict[str, health.DeliveryFigures]) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for slug, figures in own.items():
        DELIVERIES_UNKNOWN.labels(slug).set(figures.unknown)
        for status, provider, count in figures.by_state:
            counts[status, provider] += count
    DELIVERIES.clear()
    for (status, provider), count in counts.items():
        DELIVERIES.labels(status, provider).set(count)
