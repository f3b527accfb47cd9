"""The staff console's session: what comes in and goes out."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from models.user import Role
from schemas.common import In, LanguageOut, Out, UtcOut


class ConsoleUser(Out):
    """Who is signed in."""

    id: int
    email: str
    name: str | None


class ConsoleMembership(Out):
    """An establishment where somebody may work, and as what."""

    establishment_id: int
    slug: str
    name: str
    time_zone: str
    languages: list[LanguageOut] = Field(description="in order of preference")
    role: Role


class ConsoleMe(Out):
    """Who is signed in, where they work now, and where else they may."""

    user: ConsoleUser
    current: ConsoleMembership
    memberships: list[ConsoleMembership]
    expires_at: UtcOut = Field(description="refresh the session before")


class EstablishmentChoice(In):
    """Where to work from now on."""

    establishment_id: Annotated[int, Field(ge=1, le=2**31 - 1)]
