"""Links for patients' own phones: what goes in and out."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.common import In, MomentIn, Out, UtcOut, cleaned

LinkName = Annotated[
    str, Field(min_length=1, max_length=100, examples=["Poster, maternity"]), cleaned(100)
]


class LinkIn(In):
    """A link that staff want to print."""

    name: LinkName
    department: Annotated[str, Field(min_length=1, max_length=40), cleaned(40)] | None = Field(
        default=None, description="a department's code: what feedback by this link is about"
    )
    expires_at: MomentIn | None = Field(default=None, description="missing: until it is revoked")


class LinkOut(Out):
    """A link and where it stands."""

    id: int
    name: str
    status: str = Field(description="good, expired or revoked")
    created_at: UtcOut
    expires_at: UtcOut | None
    revoked_at: UtcOut | None


class LinkMade(LinkOut):
    """A new link with its token, shown this once: what the QR code holds."""

    token: str
    path: str = Field(description="of the app, with the token in its fragment")
