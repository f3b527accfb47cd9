"""The audit trail: what goes out. Values before and after may hold what is private."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from schemas.common import Out, UtcOut


class AuditOut(Out):
    """Who did what to which row, and when."""

    at: UtcOut
    actor: str = Field(description="user:7, device:3, cli, anonymous, patient or phone")
    action: str
    kind: str
    row_id: str
    before: Any | None
    after: Any | None
