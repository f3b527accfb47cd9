"""The audit trail as administrators read it; that they read it is noted, too.

Entries stand beside their rows: those about users, devices and settings in the schema `shared`,
all others with the establishment. They are shown as one list, in the order of time; a number
that both have is told apart by where it comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select

from database.session import Database, ScopedSession
from models.audit import AuditEntry, ServiceAuditEntry
from schemas.audit import AuditOut
from schemas.common import Page
from services.audit import audit
from services.errors import Invalid
from services.identity import Principal
from services.paging import decode_cursor, encode_cursor

LONGEST = timedelta(days=366)
USUAL = timedelta(days=31)

Entry = AuditEntry | ServiceAuditEntry
_SOURCES = (AuditEntry, ServiceAuditEntry)


@dataclass(frozen=True)
class AuditFilter:
    """Conditions that an entry meets, all of them; by default the last 31 days."""

    actor: str | None = None
    action: str | None = None
    kind: str | None = None
    row_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def audit_page(
    database: Database,
    wanted: AuditFilter,
    principal: Principal,
    now: datetime,
    *,
    cursor: str | None,
    limit: int,
) -> Page[AuditOut]:
    """A page of the trail, the latest first; raises `Invalid` for more than 366 days."""
    until = wanted.until or now
    since = wanted.since or until - USUAL
    if not since <= until <= since + LONGEST:
        raise Invalid("`since` is before `until`, at most 366 days.", field="query.since")
    after = decode_cursor(cursor) if cursor is not None else None
    found: list[tuple[datetime, int, Entry]] = []
    with database.service() as session:
        found += _entries(session, 1, wanted, since, until, principal, after, limit)
    with database.establishment(principal.establishment_id) as session:
        found += _entries(session, 0, wanted, since, until, principal, after, limit)
        audit(session, principal, "read", "audit", "several")
    found.sort(key=lambda one: one[:2], reverse=True)
    shown = found[:limit]
    return Page(
        items=[AuditOut.model_validate(entry) for _, _, entry in shown],
        cursor=encode_cursor(*shown[-1][:2]) if len(found) > limit else None,
    )


def _entries(
    session: ScopedSession,
    source: int,
    wanted: AuditFilter,
    since: datetime,
    until: datetime,
    principal: Principal,
    after: tuple[datetime, int] | None,
    limit: int,
) -> list[tuple[datetime, int, Entry]]:
    """One more than `limit` entries of one source, each with its place in the whole list."""
    table: Any = _SOURCES[source]
    asked = select(table).where(table.at >= since, table.at <= until)
    if table is ServiceAuditEntry:
        asked = asked.where(ServiceAuditEntry.establishment_id == principal.establishment_id)
    for column, value in (
        (table.actor, wanted.actor),
        (table.action, wanted.action),
        (table.kind, wanted.kind),
        (table.row_id, wanted.row_id),
    ):
        if value is not None:
            asked = asked.where(column == value)
    if after is not None:
        at, place = after
        asked = asked.where(
            table.at <= at, or_(table.at < at, and_(table.at == at, table.id * 2 + source < place))
        )
    rows: Sequence[Entry] = session.scalars(
        asked.order_by(table.at.desc(), table.id.desc()).limit(limit + 1)
    ).all()
    return [(row.at, row.id * 2 + source, row) for row in rows]
