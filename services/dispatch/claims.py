"""The first step: what is due is claimed for a while by one scheduler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import TextClause, func, select, text

from database.session import Database, ScopedSession
from models.delivery import DeliveryStatus
from services.dispatch.lines import open_lines, opens_after, turns_of, with_lines

S = DeliveryStatus


@dataclass(frozen=True, slots=True)
class Claim:
    """What a scheduler claimed: deliveries to send, unknown ones, and ones without a receipt."""

    to_send: tuple[int, ...] = ()
    to_reconcile: tuple[int, ...] = ()
    to_ask: tuple[int, ...] = ()


_CLAIM_LOCK = 0x43_4C_41_4D  # "CLAM": one scheduler at a time claims of an establishment

# What is to be sent and what is to be asked stand one after the other in the index: each is looked
# at by itself, so that neither is held up by the other.
_ESTABLISHMENTS_DUE = with_lines(
    """
    select e.id, exists (
        select from shared.due c
        where c.establishment_id = e.id and c.claimed_until < 'infinity' and not c.asks
    ) as under_way
    from shared.establishments e
    where exists (
        select from shared.due d
        where d.establishment_id = e.id and d.claimed_until is null and d.due_at <= now()
            and not d.asks
    ) or exists (
        select from shared.due d
        where d.establishment_id = e.id and d.claimed_until is null and d.due_at <= now()
            and d.asks
    ) or exists (
        select from shared.senders s
        where s.establishment_id = e.id and {opens_at} <= now()
            and exists (
                select from shared.due u where u.line = s.id and u.claimed_until = 'infinity'
            )
    ) order by under_way, e.id
    """
)

_NEXT_DUE_IN = with_lines(
    """
    select extract(epoch from min(next.moment) - now())::float from (
        select d.due_at as moment
        from shared.establishments e
        cross join (values (false), (true)) kind (asks)
        cross join lateral (
            select due_at from shared.due
            where establishment_id = e.id and asks = kind.asks and claimed_until is null
            order by due_at limit 1
        ) d
        union all
        select {opens_at}
        from shared.senders s
        where exists (
            select from shared.due u where u.line = s.id and u.claimed_until = 'infinity'
        )
    ) next
    """
)

# `outstanding` bounds what may wait in the queue, so that its first-in-first-out order cannot
# make one establishment wait behind another's backlog. What is due is claimed when there is room
# for a whole batch: else, in a backlog, every few outcomes would let as few more be claimed, each
# few with statements and a job of their own.
#
# Both steps read an index in its own order, however many are due at the same second and however
# many were claimed a moment ago. A step before is only ever joined by a key: its size is a guess
# to the planner, and two of them joined to each other are compared each with each.
_CLAIMED = """
    with room as (
        select {places} as places from (
            select 1 from shared.due
            where establishment_id = :establishment_id and claimed_until < 'infinity' and {kind}
            order by claimed_until
            limit :outstanding
        ) claimed
    ), ready as (
        select delivery_id from shared.due
        where {ready}
        order by due_at, delivery_id
        limit (select places from room)
        for update skip locked
    ), claimed as (
        update shared.due d set claimed_until = now() + make_interval(secs => :lease)
        from ready r
        where d.establishment_id = :establishment_id and d.delivery_id = r.delivery_id
        returning d.delivery_id
    )"""
_TO_SEND = """, moved as (
        update deliveries d set status = 'queued' from claimed c
        where d.id = c.delivery_id and d.status = 'scheduled'
        returning d.id, d.attempt
    ), traced as (
        insert into delivery_events (delivery_id, status, cause, attempt)
        select id, 'queued', 'due', attempt from moved
    )
    select id from moved
"""
_TO_ASK = """
    select d.id, d.status from claimed c join deliveries d on d.id = c.delivery_id
"""
_DUE = """
    establishment_id = :establishment_id and {kind} and claimed_until is null and due_at <= now()
"""
_IN_LINE = "line = :line and claimed_until = 'infinity'"
_ANY_ROOM = "greatest(0, least(:batch, :outstanding - count(*)))"
_ROOM_FOR_ALL = """
    case when count(*) + least(:batch, :outstanding) <= :outstanding
        then least(:batch, :outstanding) else 0 end
"""


def _claiming(statement: str, kind: str, ready: str, places: str) -> TextClause:
    claimed = _CLAIMED.format(kind=kind, ready=ready.format(kind=kind), places=places)
    return text(claimed + statement)


_CLAIM = _claiming(_TO_SEND, "not asks", _DUE, _ROOM_FOR_ALL)
_CLAIM_LINE = _claiming(_TO_SEND, "not asks", _IN_LINE, _ANY_ROOM)
_CLAIM_QUESTIONS = _claiming(_TO_ASK, "asks", _DUE, _ANY_ROOM)

_RELEASE = text(
    """
    with locked as materialized (
        select id from deliveries where id = any(:ids) order by address_id, id for update
    ), freed as (
        update shared.due u set
            claimed_until = case when line is not null then timestamptz 'infinity' end
        from locked l
        where u.establishment_id = :establishment_id and u.delivery_id = l.id
        returning u.delivery_id
    ), moved as (
        update deliveries d set status = 'scheduled' from freed f
        where d.id = f.delivery_id and d.status = 'queued'
        returning d.id, d.attempt
    )
    insert into delivery_events (delivery_id, status, cause, attempt)
    select id, 'scheduled', :cause, attempt from moved
    """
)


@dataclass(frozen=True, slots=True)
class HasDue:
    """An establishment that has something due now; does a worker have something of it already?

    Who has nothing with the workers goes first: their few do not stand behind somebody's thousands.
    """

    id: int
    under_way: bool


def establishments_due(database: Database) -> list[HasDue]:
    """The establishments that have something due now, those with nothing under way first."""
    with database.service() as session:
        rows = session.execute(_ESTABLISHMENTS_DUE).all()
    return [HasDue(row.id, row.under_way) for row in rows]


def seconds_to_next(database: Database) -> float | None:
    """Seconds until the next thing is due (negative: overdue), None when nothing waits."""
    with database.service() as session:
        seconds: float | None = session.scalar(_NEXT_DUE_IN)
    return seconds


def claim(session: ScopedSession, *, batch: int, outstanding: int, lease: float) -> Claim:
    """Claim what is due, at most `batch` and no more than `outstanding` at once, for `lease` s.

    Nothing is claimed of what is due while less than a batch has room.
    Of a line that waits for a sender (at most `batch` more), as many as have their turn. Of
    questions one batch at most is out at a time: nobody waits for their answers. Nothing while
    another scheduler claims here: each would take the room that both have seen.
    """
    place = session.establishment_id
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_CLAIM_LOCK, place))):
        return Claim()
    bounds = {
        "establishment_id": place,
        "outstanding": outstanding,
        "lease": lease,
    }
    to_send: list[int] = []
    for pace in open_lines(session):
        turns = turns_of(pace, batch)
        line = bounds | {"batch": turns, "line": pace.line}
        called_up = session.scalars(_CLAIM_LINE, line).all()
        opens_after(session, pace, len(called_up))
        to_send += called_up
    to_send += session.scalars(_CLAIM, bounds | {"batch": batch})
    one_batch = bounds | {"batch": batch, "outstanding": batch}
    questions = session.execute(_CLAIM_QUESTIONS, one_batch).all()
    return Claim(
        to_send=tuple(to_send),
        to_reconcile=tuple(row.id for row in questions if row.status == S.unknown),
        to_ask=tuple(row.id for row in questions if row.status == S.sent),
    )


def release(session: ScopedSession, ids: Sequence[int], cause: str) -> None:
    """Give claims back: the queue could not be reached, or nobody came for them."""
    session.execute(
        _RELEASE,
        {"establishment_id": session.establishment_id, "ids": list(ids), "cause": cause},
    )
