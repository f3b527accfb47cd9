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
    """Add an entry in the transaction of what it speaks of; `before` and `after` are sealed.

    It stands beside its rows: users' and devices' in the schema `shared`.
    """
    entry = (
        ServiceAuditEntry(establishment_id=principal.establishment_id)
        if session.for_service
        else AuditEntry()
    )
    entry.actor = principal.actor
    entry.action = action
    entry.kind = kind
    entry.row_id = str(row_id)
    entry.before = before
    entry.after = after
    session.add(entry)
