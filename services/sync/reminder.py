"""Reminders that staff captured offline: planned and stored as by `POST /reminders`, one by one.

There are few in a batch, and each is thought through with its contact, quiet hours and senders, so
each has a savepoint of its own: one that cannot be stored takes no other with it. An
establishment's batches with reminders come one after the other: each touches identities and
addresses in no common order, and two at once would wait for each other in a circle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError

from database.session import ScopedSession
from models.establishment import Establishment
from schemas.sync import OfflineReminder, SyncResult, SyncStatus
from services.errors import CareloopError, Conflict, Forbidden, Invalid
from services.identity import Principal
from services.reminder.plan import Senders
from services.reminder.reminders import Captured, Stored, create
from services.reminder.times import times_even_if_late
from services.timing import moment_of
from utils.logs import get_logger

log = get_logger("careloop.sync")

NOT_STORABLE = (DataError, IntegrityError, ValueError, ArithmeticError)
"""What one item may do to a whole statement; psycopg2 says ValueError of what it cannot write."""

_TURN = text("select pg_advisory_xact_lock(:space, :establishment)")
_TURN_SPACE = 0x43_4C_53_52  # "CLSR"


@dataclass(frozen=True)
class Office:
    """Whose reminders they are: what stands behind each of a batch."""

    establishment: Establishment
    senders: Senders
    principal: Principal
    sent_at: datetime
    correlation_id: str | None = None


def store_reminders(
    session: ScopedSession, office: Office, items: Mapping[int, OfflineReminder]
) -> dict[int, SyncResult]:
    """Store the reminders of a batch in this transaction; the results by place."""
    if not items:
        return {}
    if office.principal.may_remind:
        turn = {"space": _TURN_SPACE, "establishment": session.establishment_id}
        session.execute(_TURN, turn)
    now = session.now()
    return {place: _store_one(session, office, item, now) for place, item in items.items()}


def _store_one(
    session: ScopedSession, office: Office, item: OfflineReminder, now: datetime
) -> SyncResult:
    try:
        if not office.principal.may_remind:
            raise Forbidden(
                "Reminders come from staff and from devices in the hands of staff.",
                code="role_too_low",
                field="type",
            )
        with session.begin_nested():
            stored = _create(session, office, item, now)
    except CareloopError as error:
        return refusal(item.client_id, error)
    except NOT_STORABLE as error:
        log.warning("item not stored", error=type(error).__name__)
        return refusal(item.client_id, not_storable())
    return taken(item.client_id, stored.reminder.id, created=stored.created)


def _create(session: ScopedSession, office: Office, item: OfflineReminder, now: datetime) -> Stored:
    recorded = item.recorded_at and moment_of(item.recorded_at, office.establishment, "recorded_at")
    return create(
        session,
        office.establishment,
        office.senders,
        item,
        identity=item.client_id,
        principal=office.principal,
        now=now,
        correlation_id=office.correlation_id,
        captured=Captured(
            times_of=times_even_if_late,
            recorded_at=recorded,
            clock_offset=round((now - _utc(office.sent_at)).total_seconds()),
        ),
    )


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def taken(client_id: UUID, row_id: int, *, created: bool) -> SyncResult:
    """The result of an item that is here, since now or since before."""
    status = SyncStatus.created if created else SyncStatus.duplicate
    return SyncResult(client_id=client_id, status=status, id=row_id)


def refusal(client_id: UUID, error: CareloopError) -> SyncResult:
    """The result of an item that was not stored, and why."""
    if isinstance(error, Conflict):
        return SyncResult(
            client_id=client_id,
            status=SyncStatus.conflict,
            id=error.row_id,
            fields=error.fields,
        )
    return SyncResult(
        client_id=client_id,
        status=SyncStatus.rejected,
        code=error.code,
        field=error.field,
        detail=error.detail,
    )


def not_storable() -> Invalid:
    """Why an item is rejected that PostgreSQL cannot take."""
    return Invalid("This item cannot be stored.", code="not_storable")
