"""Members of staff: what comes in and goes out."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr

from models.user import Role
from schemas.common import In, Out, UtcOut, cleaned

PersonName = Annotated[str, Field(min_length=1, max_length=120), cleaned(120)]
Password = Annotated[SecretStr, Field(max_length=256)]


class UserIn(In):
    """A new member of staff."""

    email: str = Field(max_length=254)
    password: Password = Field(description="the first one, 12 characters or more")
    role: Role
    name: PersonName | None = None


class UserChange(In):
    """A member's role here, and whether they may still sign in here."""

    role: Role | None = None
    active: bool | None = None


class UserOut(Out):
    """A member of staff of this establishment."""

    id: int
    email: str
    name: str | None
    role: Role
    active: bool
    created_at: UtcOut


class MemberOut(Out):
    """A colleague, as they are named beside what they do."""

    id: int
    name: str = Field(description="the e-mail address of somebody who has given no name")
    role: Role
    active: bool = Field(description="false: may no longer sign in here")


class MembershipOut(Out):
    """An establishment that somebody belongs to."""

    id: int
    slug: str
    name: str
    role: Role


class MeOut(Out):
    """Who is signed in, and where they may sign in."""

    id: int
    email: str
    name: str | None
    establishment_id: int
    role: Role
    establishments: list[MembershipOut]


class PasswordChange(In):
    """The old password proves who is at the keyboard."""

    current_password: Password
    new_password: Password
