"""The first step: what is due is claimed for a while by one scheduler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from database.session import Database, ScopedSession
from models.delivery import DeliveryStatus

S = DeliveryStatus


@dataclass(frozen=True, slots=True)
class Claim:
    """What a scheduler claimed: deliveries to send, unknown ones, and ones without a receipt."""

    to_send: tuple[int, ...]
    to_reconcile: tuple[int, ...]
    to_ask: tuple[int, ...] = ()


# What is to be sent and what is to be asked stand in two lines, one after the other in the index:
# each is looked at by itself, so that neither makes the other long.
_ESTABLISHMENTS_DUE = text(
    """
    select e.id from shared.establishments e
    where exists (
        select from shared.due d
        where d.establishment_id = e.id and d.claimed_until is null and d.due_at <= now()
            and not d.asks
    ) or exists (
        select from shared.due d
        where d.establishment_id = e.id and d.claimed_until is null and d.due_at <= now()
            and d.asks
    ) order by e.id
    """
)

_NEXT_DUE_IN = text(
    """
    select extract(epoch from min(d.due_at) - now())::float
    from shared.establishments e
    cross join (values (false), (true)) line (asks)
    cross join lateral (
        select due_at from shared.due
        where establishment_id = e.id and asks = line.asks and claimed_until is null
        order by due_at limit 1
    ) d
    """
)

# `outstanding` bounds what may wait in the queue, so that its first-in-first-out order cannot
# make one establishment wait behind another's backlog. Of questions one batch at most waits.
_CLAIM = text(
    """
    with room as (
        select greatest(0, least(:batch, :outstanding - count(*) filter (where not asks))) as sends,
            greatest(0, :batch - count(*) filter (where asks)) as questions
        from (
            select asks from shared.due
            where establishment_id = :establishment_id and claimed_until is not null
            limit :outstanding + :batch
        ) claimed
    ), sends as (
        select delivery_id from shared.due
        where establishment_id = :establishment_id and claimed_until is null and due_at <= now()
            and not asks
        order by due_at, delivery_id
        limit (select sends from room)
        for update skip locked
    ), questions as (
        select delivery_id from shared.due
        where establishment_id = :establishment_id and claimed_until is null and due_at <= now()
            and asks
        order by due_at, delivery_id
        limit (select questions from room)
        for update skip locked
    ), ready as (
        select delivery_id from sends union all select delivery_id from questions
    ), claimed as (
        update shared.due d set claimed_until = now() + make_interval(secs => :lease)
        from ready r
        where d.establishment_id = :establishment_id and d.delivery_id = r.delivery_id
        returning d.delivery_id
    ), moved as (
        update deliveries d set status = 'queued' from claimed c
        where d.id = c.delivery_id and d.status = 'scheduled'
        returning d.id, d.attempt
    ), traced as (
        insert into delivery_events (delivery_id, status, cause, attempt)
        select id, 'queued', 'due', attempt from moved
    )
    select c.delivery_id, d.status, m.id is not null as moved
    from claimed c join deliveries d on d.id = c.delivery_id left join moved m on m.id = d.id
    """
)

_RELEASE = text(
    """
    with freed as (
        update shared.due set claimed_until = null
        where establishment_id = :establishment_id and delivery_id = any(:ids)
        returning delivery_id
    ), moved as (
        update deliveries d set status = 'scheduled' from freed f
        where d.id = f.delivery_id and d.status = 'queued'
        returning d.id, d.attempt
    )
    insert into delivery_events (delivery_id, status, cause, attempt)
    select id, 'scheduled', :cause, attempt from moved
    """
)


def establishments_due(database: Database) -> list[int]:
    """The establishments that have something due now."""
    with database.service() as session:
        return list(session.scalars(_ESTABLISHMENTS_DUE))


def seconds_to_next(database: Database) -> float | None:
    """Seconds until the next thing is due (negative: overdue), None when nothing waits."""
    with database.service() as session:
        seconds: float | None = session.scalar(_NEXT_DUE_IN)
    return seconds


def claim(session: ScopedSession, *, batch: int, outstanding: int, lease: float) -> Claim:
    """Claim what is due, at most `batch` and no more than `outstanding` at once, for `lease` s."""
    rows = session.execute(
        _CLAIM,
        {
            "establishment_id": session.establishment_id,
            "batch": batch,
            "outstanding": outstanding,
            "lease": lease,
        },
    ).all()
    to_send = tuple(row.delivery_id for row in rows if row.moved)
    unknown = tuple(row.delivery_id for row in rows if row.status == S.unknown)
    without_receipt = tuple(row.delivery_id for row in rows if row.status == S.sent)
    return Claim(to_send=to_send, to_reconcile=unknown, to_ask=without_receipt)


def release(session: ScopedSession, ids: Sequence[int], cause: str) -> None:
    """Give claims back: the queue could not be reached, or nobody came for them."""
    session.execute(
        _RELEASE,
        {"establishment_id": session.establishment_id, "ids": list(ids), "cause": cause},
    )
