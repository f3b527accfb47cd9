"""The audit trail: every write by a person, every read of a contact or a recording."""

from __future__ import annotations

from typing import Any

from database.session import ScopedSession
from models.audit import AuditEntry, ServiceAuditEntry
from services.identity import Principal


def audit(
    session: ScopedSession,
    principal: Principal,
    action: str,
    kind: str,
    row_id: object,
    *,
    before: Any = None,
    after: Any = None,
) -> None:
    """Add an entry in the transaction of what it speaks of; `before` and `after` are sealed."""
    session.add(
        AuditEntry(
            actor=principal.actor,
            action=action,
            kind=kind,
            row_id=str(row_id),
            before=before,
            after=after,
        )
    )


def audit_service(
    session: ScopedSession,
    principal: Principal,
    action: str,
    kind: str,
    row_id: object,
    *,
    before: Any = None,
    after: Any = None,
) -> None:
    """The same for users and devices, which live in the schema `shared`."""
    session.add(
        ServiceAuditEntry(
            establishment_id=principal.establishment_id,
            actor=principal.actor,
            action=action,
            kind=kind,
            row_id=str(row_id),
            before=before,
            after=after,
        )
    )
