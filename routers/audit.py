"""The audit trail, for administrators."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from routers.dependencies import Admin, StateDep, establishment_of
from schemas.audit import AuditOut
from schemas.common import Page
from services.audit_view import AuditFilter, audit_page
from services.overview.period import days_between
from services.reminder.view import aware

router = APIRouter(prefix="/audit", tags=["audit"])


@router.get("", summary="Who changed what, and who read what is private; the latest first")
def list_audit(
    state: StateDep,
    principal: Admin,
    actor: Annotated[
        str | None,
        Query(pattern=r"^((user|device):[0-9]{1,9}|cli|anonymous|patient|phone)$"),
    ] = None,
    action: Annotated[str | None, Query(pattern=r"^[a-z_]{1,16}$")] = None,
    kind: Annotated[str | None, Query(pattern=r"^[a-z_]{1,24}$")] = None,
    row_id: Annotated[str | None, Query(pattern=r"^[a-zA-Z0-9-]{1,40}$")] = None,
    since: datetime | None = None,
    until: datetime | None = None,
    first: Annotated[date | None, Query(alias="from", description="a local day")] = None,
    last: Annotated[date | None, Query(alias="to", description="a local day, whole")] = None,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[AuditOut]:
    start, end = days_between(establishment_of(state, principal), first, last)
    wanted = AuditFilter(
        actor=actor,
        action=action,
        kind=kind,
        row_id=row_id,
        since=aware(since, "since") if since else start,
        until=aware(until, "until") if until else end,
    )
    return audit_page(
        state.database, wanted, principal, datetime.now(UTC), cursor=cursor, limit=limit
    )
