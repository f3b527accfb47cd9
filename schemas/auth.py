"""Sign-in: what goes out, and what comes in to refresh."""

from __future__ import annotations

from pydantic import Field

from models.user import Role
from schemas.common import In, Out


class TokenOut(Out):
    """An access token for `Authorization: Bearer`, and the refresh token that follows it."""

    access_token: str
    refresh_token: str
    token_type: str = "bearer"  # noqa: S105 - the OAuth2 word
    expires_in: int = Field(description="seconds")
    establishment_id: int
    role: Role


class RefreshIn(In):
    """A refresh token, good once."""

    refresh_token: str = Field(min_length=20, max_length=200)
