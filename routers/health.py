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
from services import health
from services.errors import Unauthenticated
from utils.metrics import DELIVERIES, DUE_BACKLOG, DUE_LAG_SECONDS, QUEUE_DEPTH

router = APIRouter(tags=["operations"])


@router.get("/health/live", summary="The process runs")
def live() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/health/ready", summary="The process can accept; `degraded` says what is not well")
def ready(state: StateDep) -> JSONResponse:
    try:
        found = health.check(state.database)
    except (DBAPIError, PoolTimeout, DatabaseNotReady):
        return JSONResponse(
            {"status": "unavailable", "reasons": ["database_unavailable"]},
            503,
            {"Retry-After": RETRY_AFTER},
        )
    reasons = list(found.reasons)
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
    try:
        found = health.check(state.database)
        counts: Counter[tuple[str, str]] = Counter()
        for establishment in state.directory.all():
            for status, provider, count in health.deliveries_by_state(
                state.database, establishment.id
            ):
                counts[status, provider] += count
    except (DBAPIError, PoolTimeout, DatabaseNotReady):
        return
    DUE_BACKLOG.set(found.backlog)
    DUE_LAG_SECONDS.set(found.lag_seconds)
    DELIVERIES.clear()
    for (status, provider), count in counts.items():
        DELIVERIES.labels(status, provider).set(count)
