"""Departments: list for everybody who submits, written by administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import JSONResponse

from routers.dependencies import Admin, AdminSession, StateDep, Submitter
from routers.idempotency import OnceDep
from schemas.common import MAX_ID
from schemas.department import DepartmentChange, DepartmentIn, DepartmentOut
from services import department as departments

router = APIRouter(prefix="/departments", tags=["departments"])

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
