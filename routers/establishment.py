"""The establishment's own settings and holidays: read by staff, changed by administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import JSONResponse

from routers.dependencies import (
    Admin,
    IfMatch,
    ServiceSession,
    Staff,
    StateDep,
    expected_version,
)
from routers.idempotency import OnceDep
from schemas.establishment import EstablishmentChange, EstablishmentOut, HolidayIn, HolidayOut
from services.campaign import campaigns
from services.establishment import holiday as holidays
from services.establishment import settings

router = APIRouter(prefix="/establishment", tags=["establishment"])

HolidayId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("", summary="The establishment's settings")
def read_establishment(
    response: Response, principal: Staff, session: ServiceSession
) -> EstablishmentOut:
    found = settings.read(session, principal)
    response.headers["ETag"] = _etag(found)
    return found


@router.patch("", summary="Change settings; If-Match refuses a stale change")
def change_establishment(
    body: EstablishmentChange,
    response: Response,
    principal: Admin,
    state: StateDep,
    if_match: IfMatch = None,
) -> EstablishmentOut:
    with state.database.establishment(principal.establishment_id) as own:
        under_way = campaigns.under_way(own)
    with state.database.service() as session:
        changed = settings.change(
            session,
            body,
            expected_version=expected_version(if_match),
            principal=principal,
            campaigns_under_way=under_way,
        )
    state.directory.forget()
    response.headers["ETag"] = _etag(changed)
    return changed


@router.get("/holidays", summary="The days on which nothing goes out")
def list_holidays(principal: Staff, session: ServiceSession) -> list[HolidayOut]:
    found = holidays.listed(session, principal.establishment_id)
    return [HolidayOut.model_validate(holiday) for holiday in found]


@router.post("/holidays", status_code=201, summary="Add a holiday", response_model=HolidayOut)
def add_holiday(
    body: HolidayIn, principal: Admin, state: StateDep, once: OnceDep
) -> HolidayOut | JSONResponse:
    with state.database.service() as session:
        answer = once.run(
            session, principal, lambda: holidays.add_audited(session, body, principal)
        )
    state.directory.forget()
    return answer


@router.delete("/holidays/{holiday_id}", status_code=204, summary="Take a holiday out")
def remove_holiday(holiday_id: HolidayId, principal: Admin, state: StateDep) -> None:
    with state.database.service() as session:
        holidays.remove_audited(session, holiday_id, principal)
    state.directory.forget()


def _etag(found: EstablishmentOut) -> str:
    return f'"{found.version}"'
