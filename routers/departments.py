"""Departments: list for everybody who submits, written by administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import JSONResponse

from routers.dependencies import (
    Admin,
    AdminSession,
    StateDep,
    Submitter,
    Viewer,
    ViewerSession,
    establishment_of,
)
from routers.idempotency import OnceDep
from schemas.common import MAX_ID, LanguageIn
from schemas.department import DepartmentChange, DepartmentIn, DepartmentOut
from services.establishment import department as departments
from services.establishment.poster_words import Poster, poster_of

router = APIRouter(prefix="/departments", tags=["departments"])

_NEVER_RUN = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
"""Of a picture that is opened by itself: whatever stood in a name, nothing in it runs."""
DepartmentId = Annotated[int, Path(ge=1, le=MAX_ID)]


@router.post("", status_code=201, summary="Add a department", response_model=DepartmentOut)
def create_department(
    body: DepartmentIn, response: Response, principal: Admin, session: AdminSession, once: OnceDep
) -> DepartmentOut | JSONResponse:
    def create() -> DepartmentOut:
        made = departments.create(session, body, principal)
        response.headers["Location"] = f"/api/v1/departments/{made.id}"
        return DepartmentOut.model_validate(made)

    return once.run(session, principal, create)


@router.get("", summary="Departments by name; those closed are shown to staff only")
def list_departments(principal: Submitter, state: StateDep) -> list[DepartmentOut]:
    with state.database.establishment(principal.establishment_id) as session:
        found = departments.listed(session, active_only=not principal.is_person)
    return [DepartmentOut.model_validate(department) for department in found]


@router.patch("/{department_id}", summary="Rename a department, close it or open it again")
def change_department(
    department_id: DepartmentId, body: DepartmentChange, principal: Admin, session: AdminSession
) -> DepartmentOut:
    changed = departments.change(session, department_id, body, principal)
    return DepartmentOut.model_validate(changed)


def _poster(
    department_id: DepartmentId,
    state: StateDep,
    principal: Viewer,
    session: ViewerSession,
    language: Annotated[
        LanguageIn | None, Query(description="french or english; left out: the establishment's")
    ] = None,
) -> Poster:
    department = departments.read(session, department_id)
    place = establishment_of(state, principal)
    return poster_of(place, department, state.settings.web.base_url, language)


@router.get(
    "/{department_id}/qr.svg", summary="A poster with its QR code (A4)", response_class=Response
)
def poster_as_svg(poster: Annotated[Poster, Depends(_poster, scope="function")]) -> Response:
    from services.establishment.poster import svg  # with two libraries that few processes ever need

    return Response(svg(poster), media_type="image/svg+xml", headers=_NEVER_RUN)


@router.get("/{department_id}/qr.png", summary="The same as a picture", response_class=Response)
def poster_as_png(poster: Annotated[Poster, Depends(_poster, scope="function")]) -> Response:
    from services.establishment.poster import png

    return Response(png(poster), media_type="image/png")
