"""Who changed what, before and after; and who read what is private."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from database.types import SealedJSON
from models.base import Base, Numbered, SharedBase
from models.establishment import Establishment


class Entry(Numbered):
    """One entry. It may be added, never changed or removed, by the role that adds it."""

    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor: Mapped[str] = mapped_column(String(40), doc="user:7, device:3, cli or anonymous")
    action: Mapped[str] = mapped_column(String(16), doc="create, change, cancel, read, ...")
    kind: Mapped[str] = mapped_column(String(24), doc="the noun: contact, reminder, ...")
    row_id: Mapped[str] = mapped_column(String(40))


class AuditEntry(Entry, Base):
    """An entry about an establishment's own rows."""

    __tablename__ = "audit_entries"

    before: Mapped[Any | None] = mapped_column(SealedJSON("audit_entries.before"))
    after: Mapped[Any | None] = mapped_column(SealedJSON("audit_entries.after"))

    __table_args__ = (
        Index("ix_audit_entries_row", "kind", "row_id"),
        Index("ix_audit_entries_at", "at"),
    )


class ServiceAuditEntry(Entry, SharedBase):
    """An entry about users and devices, which live in the schema `shared`."""

    __tablename__ = "audit_entries"

    establishment_id: Mapped[int] = mapped_column(ForeignKey(Establishment.id, ondelete="CASCADE"))
    before: Mapped[Any | None] = mapped_column(SealedJSON("shared.audit_entries.before"))
    after: Mapped[Any | None] = mapped_column(SealedJSON("shared.audit_entries.after"))

    __table_args__ = (
        Index("ix_shared_audit_entries_row", "establishment_id", "kind", "row_id"),
        Index("ix_shared_audit_entries_at", "establishment_id", "at", "id"),
    )
