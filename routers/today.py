"""The console's first page, and who works here."""

from __future__ import annotations

from fastapi import APIRouter

from routers.dependencies import ServiceSession, StateDep, Viewer, establishment_of
from schemas.today import Today
from schemas.user import MemberOut
from services.overview.health import check
from services.overview.today import of_the_service, today
from services.people import user as users

router = APIRouter(tags=["console"])


@router.get("/today", summary="What goes out, what did not arrive, what waits, and how things are")
def read_today(state: StateDep, principal: Viewer) -> Today:
    reasons = of_the_service(check(state.database))
    if state.queue_depth() is None:
        reasons.append("queue_unreachable")
    if state.settings.engine.dry_run:
        reasons.append("dry_run")
    place = establishment_of(state, principal)
    with state.database.establishment(principal.establishment_id) as session:
        return today(session, place, principal, reasons)


@router.get("/members", summary="Who works here: to assign to, and to name who did what")
def list_members(principal: Viewer, session: ServiceSession) -> list[MemberOut]:
    return users.colleagues(session, principal)
