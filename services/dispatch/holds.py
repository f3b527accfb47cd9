"""What a worker holds back instead of sending it: why, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from database.session import ScopedSession
from models.delivery import DeliveryStatus


@dataclass(frozen=True, slots=True)
class Hold:
    """A queued delivery that does not go out now.

    Scheduled again for `until`, or into the `line` of a sender, where it keeps its due time; or
    ended. `told`: staff see it in the trace.
    """

    delivery_id: int
    status: DeliveryStatus
    cause: str
    until: datetime | None = None
    line: int | None = None
    told: bool = True


_HOLD = text(
    """
    with news as (
        select * from unnest(
            cast(:ids as bigint[]), cast(:statuses as text[]), cast(:causes as text[]),
            cast(:untils as timestamptz[]), cast(:lines as integer[]), cast(:told as boolean[])
        ) as n(id, status, cause, until, line, told)
    ), moved as (
        update deliveries d set status = n.status, due_at = coalesce(n.until, d.due_at)
        from news n where d.id = any(:ids) and d.id = n.id
        returning d.id, d.attempt, n.status, n.cause, n.until, n.line, n.told
    ), traced as (
        insert into delivery_events (delivery_id, status, cause, attempt)
        select id, status, cause, attempt from moved where told
    ), waiting as (
        update shared.due u set
            claimed_until = case when m.line is not null then timestamptz 'infinity' end,
            due_at = coalesce(m.until, u.due_at),
            line = m.line
        from moved m
        where u.establishment_id = :establishment_id and u.delivery_id = any(:ids)
            and u.delivery_id = m.id and m.status = 'scheduled'
    )
    delete from shared.due u using moved m
    where u.establishment_id = :establishment_id and u.delivery_id = any(:ids)
        and u.delivery_id = m.id and m.status <> 'scheduled'
    """
)


def hold_back(session: ScopedSession, holds: Sequence[Hold]) -> None:
    """Carry out what was decided of locked, queued deliveries."""
    session.execute(
        _HOLD,
        {
            "establishment_id": session.establishment_id,
            "ids": [hold.delivery_id for hold in holds],
            "statuses": [hold.status.value for hold in holds],
            "causes": [hold.cause for hold in holds],
            "untils": [hold.until for hold in holds],
            "lines": [hold.line for hold in holds],
            "told": [hold.told for hold in holds],
        },
    )
