"""Departments: where care was given."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from database.session import ScopedSession
from models.department import Department
from schemas.department import DepartmentChange, DepartmentIn, DepartmentOut
from services.audit import audit
from services.errors import Conflict, Invalid, NotFound
from services.identity import Principal


def department_by_code(session: ScopedSession, code: str) -> Department:
    """The active department with a code; raises `Invalid` on field `department`."""
    found = session.scalar(
        select(Department).where(Department.code == code.strip().lower(), Department.active)
    )
    if found is None:
        raise Invalid(
            "There is no such department here.", field="department", code="department_unknown"
        )
    return found


def department_id_of(session: ScopedSession, code: str) -> int:
    """The number of a department, closed or not; raises `Invalid` on `query.department`."""
    found = session.scalar(select(Department.id).where(Department.code == code))
    if found is None:
        raise Invalid(
            "There is no such department here.", field="query.department", code="department_unknown"
        )
    return found


def read(session: ScopedSession, department_id: int) -> Department:
    """A department, closed or not; raises `NotFound`."""
    found = session.get(Department, department_id)
    if found is None:
        raise NotFound("department")
    return found


def names_by_code(session: ScopedSession) -> dict[str, str]:
    """Every department's name by its code."""
    return {d.code: d.name for d in session.scalars(select(Department))}


def create(session: ScopedSession, wanted: DepartmentIn, principal: Principal) -> Department:
    """Store a department; raises `Conflict` when its code is taken."""
    number = session.scalar(
        insert(Department)
        .values(code=wanted.code, name=wanted.name, active=wanted.active)
        .on_conflict_do_nothing(index_elements=["code"])
        .returning(Department.id)
    )
    if number is None:
        taken = session.scalars(select(Department).where(Department.code == wanted.code)).one()
        raise Conflict(
            "A department has this code already.", code="code_taken", field="code", row_id=taken.id
        )
    made = session.get_one(Department, number)
    audit(session, principal, "create", "department", made.id, after=facts(made))
    session.outdate_devices()
    return made


def listed(session: ScopedSession, *, active_only: bool) -> Sequence[Department]:
    """All departments (a hospital has some dozens), by name."""
    wanted = select(Department).order_by(Department.name, Department.id)
    return session.scalars(wanted.where(Department.active) if active_only else wanted).all()


def change(
    session: ScopedSession, department_id: int, wanted: DepartmentChange, principal: Principal
) -> Department:
    """Rename a department, or close or open it; raises `NotFound`."""
    found = session.get(Department, department_id, with_for_update=True)
    if found is None:
        raise NotFound("department")
    before = facts(found)
    if wanted.name is not None:
        found.name = wanted.name
    if wanted.active is not None:
        found.active = wanted.active
    session.flush()
    audit(session, principal, "change", "department", found.id, before=before, after=facts(found))
    session.outdate_devices()
    return found


def facts(department: Department) -> dict[str, object]:
    """A department as the audit keeps it."""
    return DepartmentOut.model_validate(department).model_dump(mode="json", exclude={"id"})
