"""Departments: what comes in and goes out."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.common import In, Out, cleaned

DepartmentCode = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        max_length=40,
        description="stands in QR codes: small letters, digits and hyphens",
        examples=["maternite"],
    ),
]
DepartmentName = Annotated[str, Field(min_length=1, max_length=120), cleaned(120)]


class DepartmentIn(In):
    """A new department."""

    code: DepartmentCode
    name: DepartmentName
    active: bool = True


class DepartmentChange(In):
    """The code stays: it is printed on walls."""

    name: DepartmentName | None = None
    active: bool | None = None


class DepartmentOut(Out):
    """A department."""

    id: int
    code: str
    name: str
    active: bool
