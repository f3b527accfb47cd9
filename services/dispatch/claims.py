"""The first step: what is due is claimed for a while by one scheduler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from database.prepared import Prepared, numbers
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
# at by itself, so that neither is held up by the other. Each question is for one row, and the
# `limit` says so to the planner: of `exists` it may make a table of everybody's backlog.
_ESTABLISHMENTS_DUE = with_lines(
    """
    select e.id, (
        select true from shared.due c
        where c.establishment_id = e.id and c.claimed_until < 'infinity' and not c.asks
        order by c.claimed_until limit 1
    ) is not null as under_way
    from shared.establishments e
    where (
        select true from shared.due d
        where d.establishment_id = e.id and d.claimed_until is null and d.due_at <= now()
            and not d.asks
        order by d.due_at, d.delivery_id limit 1
    ) or (
        select true from shared.due d
        where d.establishment_id = e.id and d.claimed_until is null and d.due_at <= now()
            and d.asks
        order by d.due_at, d.delivery_id limit 1
    ) or (
        select true from shared.senders s
        where s.establishment_id = e.id and {opens_at} <= now() and {somebody_waits}
        limit 1
    )
    """
)

_NEXT_DUE_IN = with_lines(
    """
    select extract(epoch from min(next.moment) - now())::float as seconds from (
        select (
            select due_at from shared.due
            where establishment_id = e.id and asks = kind.asks and claimed_until is null
            order by due_at, delivery_id limit 1
        ) as moment
        from shared.establishments e
        cross join (values (false), (true)) kind (asks)
        union all
        select {opens_at} from shared.senders s where {somebody_waits}
    ) next
    """
)

# `outstanding` bounds what may wait in the queue, so that its first-in-first-out order cannot
# make one establishment wait behind another's backlog. What is due is claimed when there is room
# for a whole batch: else, in a backlog, every few outcomes would let as few more be claimed, each
# few with statements and a job of their own.
#
# The first two steps read an index in its own order, however many are due at the same second and
# however many were claimed a moment ago. Those after them find their rows by the keys that the
# step before gave, as an array: how many there will be is a guess to the planner, and from a join
# it may conclude that the whole backlog is best read (decision 0041).
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
        update shared.due set claimed_until = now() + make_interval(secs => :lease)
        where establishment_id = :establishment_id
            and delivery_id = any(array(select delivery_id from ready))
        returning delivery_id
    )"""
_TO_SEND = """, moved as (
        update deliveries set status = 'queued'
        where id = any(array(select delivery_id from claimed)) and status = 'scheduled'
        returning id, attempt
    ), traced as (
        insert into delivery_events (delivery_id, status, cause, attempt)
        select id, 'queued', 'due', attempt from moved
    )
    select id from moved
"""
_TO_ASK = """
    select id, status from deliveries where id = any(array(select delivery_id from claimed))
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
_BOUNDS = {
    "establishment_id": "integer",
    "batch": "integer",
    "outstanding": "integer",
    "lease": "double precision",
}


def _claiming(statement: str, kind: str, ready: str, places: str, **more: str) -> Prepared:
    claimed = _CLAIMED.format(kind=kind, ready=ready.format(kind=kind), places=places)
    return Prepared(claimed + statement, **_BOUNDS, **more)


_CLAIM = _claiming(_TO_SEND, "not asks", _DUE, _ROOM_FOR_ALL)
_CLAIM_LINE = _claiming(_TO_SEND, "not asks", _IN_LINE, _ANY_ROOM, line="integer")
_CLAIM_QUESTIONS = _claiming(_TO_ASK, "asks", _DUE, _ANY_ROOM)

_ALONE = Prepared(
    "select pg_try_advisory_xact_lock(:lock, :place) as alone", lock="integer", place="integer"
)

_RELEASE = Prepared(
    """
    with locked as materialized (
        select id from deliveries where id = any(:ids) order by address_id, id for update
    ), freed as (
        update shared.due set
            claimed_until = case when line is not null then timestamptz 'infinity' end
        where establishment_id = :establishment_id
            and delivery_id = any(array(select id from locked))
        returning delivery_id
    ), moved as (
        update deliveries set status = 'scheduled'
        where id = any(array(select delivery_id from freed)) and status = 'queued'
        returning id, attempt
    ), traced as (
        insert into delivery_events (delivery_id, status, cause, attempt)
        select id, 'scheduled', :cause, attempt from moved
    )
    select id from moved
    """,
    ids="bigint[]",
    establishment_id="integer",
    cause="text",
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
    with database.service_in_order() as session:
        rows = _ESTABLISHMENTS_DUE.run(session)
    found = [HasDue(row.id, row.under_way) for row in rows]
    return sorted(found, key=lambda due: (due.under_way, due.id))


def seconds_to_next(database: Database) -> float | None:
    """Seconds until the next thing is due (negative: overdue), None when nothing waits."""
    with database.service_in_order() as session:
        (next_due,) = _NEXT_DUE_IN.run(session)
    seconds: float | None = next_due.seconds
    return seconds


def claim(session: ScopedSession, *, batch: int, outstanding: int, lease: float) -> Claim:
    """Claim what is due, at most `batch` and no more than `outstanding` at once, for `lease` s.

    To be called in a session `in_order`: however much is due, its first are taken from an index.
    Nothing is claimed of what is due while less than a batch has room.
    Of a line that waits for a sender (at most `batch` more), as many as have their turn. Of
    questions one batch at most is out at a time: nobody waits for their answers. Nothing while
    another scheduler claims here: each would take the room that both have seen.
    """
    place = session.establishment_id
    (lock,) = _ALONE.run(session, lock=_CLAIM_LOCK, place=place)
    if not lock.alone:
        return Claim()
    bounds = {
        "establishment_id": place,
        "batch": batch,
        "outstanding": outstanding,
        "lease": lease,
    }
    to_send: list[int] = []
    for pace in open_lines(session):
        line = bounds | {"batch": turns_of(pace, batch), "line": pace.line}
        called_up = _CLAIM_LINE.run(session, **line)
        opens_after(session, pace, len(called_up))
        to_send += [row.id for row in called_up]
    to_send += [row.id for row in _CLAIM.run(session, **bounds)]
    questions = _CLAIM_QUESTIONS.run(session, **bounds | {"outstanding": batch})
    return Claim(
        to_send=tuple(to_send),
        to_reconcile=tuple(row.id for row in questions if row.status == S.unknown),
        to_ask=tuple(row.id for row in questions if row.status == S.sent),
    )


def release(session: ScopedSession, ids: Sequence[int], cause: str) -> None:
    """Give claims back: the queue could not be reached, or nobody came for them."""
    _RELEASE.run(session, ids=numbers(ids), establishment_id=session.establishment_id, cause=cause)
