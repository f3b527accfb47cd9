"""Who changed what, before and after; and who read what is private."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from database.types import SealedJSON
from models.base import Base, Numbered


class AuditEntry(Numbered, Base):
    """One entry. The establishment's role may add entries, never change or remove one."""

    __tablename__ = "audit_entries"

    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor: Mapped[str] = mapped_column(String(40), doc="user:7, device:3, cli or anonymous")
    action: Mapped[str] = mapped_column(String(16), doc="create, change, cancel, read, ...")
    kind: Mapped[str] = mapped_column(String(24), doc="the noun: contact, reminder, ...")
    row_id: Mapped[str] = mapped_column(String(40))
    before: Mapped[Any | None] = mapped_column(SealedJSON("audit_entries.before"))
    after: Mapped[Any | None] = mapped_column(SealedJSON("audit_entries.after"))

    __table_args__ = (
        Index("ix_audit_entries_row", "kind", "row_id"),
        Index("ix_audit_entries_at", "at"),
    )
