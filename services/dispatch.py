"""The hot path of sending: claim, begin, outcome. Three statements for a whole batch.

This is one of the three places where SQL is written by hand (the others are intake and sync):
per delivery the ORM costs a millisecond, these statements some tens of microseconds. Every one
of them is a single statement, so its transitions, their events and the due queue change together
or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from database.session import Database, ScopedSession
from models.delivery import Delivery, DeliveryStatus
from services.delivery import CANCELLED, WAKE, move, settle
from utils.crypto import get_cipher

S = DeliveryStatus


@dataclass(frozen=True, slots=True)
class Claim:
    """What a scheduler claimed: deliveries to send, and unknown ones to ask about."""

    to_send: tuple[int, ...]
    to_reconcile: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A delivery marked as sending: all that is needed to call a provider."""

    delivery_id: int
    attempt: int
    channel: str
    to: str
    message: str
    language: str
    seconds_valid: int
    correlation_id: str | None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What to store after a call. `retry_at` only goes with the status `scheduled`."""

    delivery_id: int
    attempt: int
    status: DeliveryStatus
    provider: str
    provider_id: str | None = None
    code: str | None = None
    retry_at: datetime | None = None
    encoding: str | None = None
    segments: int | None = None


_ESTABLISHMENTS_DUE = text(
    """
    select e.id from shared.establishments e
    where exists (
        select from shared.due d
        where d.establishment_id = e.id and d.claimed_until is null and d.due_at <= now()
    ) order by e.id
    """
)

_NEXT_DUE_IN = text(
    """
    select extract(epoch from min(d.due_at) - now())::float
    from shared.establishments e
    cross join lateral (
        select due_at from shared.due
        where establishment_id = e.id and claimed_until is null
        order by due_at limit 1
    ) d
    """
)

# `outstanding` bounds what may wait in the queue, so that its first-in-first-out order cannot
# make one establishment wait behind another's backlog.
_CLAIM = text(
    """
    with room as (
        select greatest(0, least(:batch, :outstanding - count(*))) as places from (
            select 1 from shared.due
            where establishment_id = :establishment_id and claimed_until is not null
            limit :outstanding
        ) claimed
    ), ready as (
        select delivery_id from shared.due
        where establishment_id = :establishment_id and claimed_until is null and due_at <= now()
        order by due_at, delivery_id
        limit (select places from room)
        for update skip locked
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

# The guard is on `status`, but no index is: with stale statistics a partial index on `queued`
# would be scanned whole. `for share of a` makes an opt-out and this statement wait for each
# other; the one that commits second sees the first.
_BEGIN = text(
    """
    with locked as materialized (
        select d.id, d.channel,
            case
                when a.opted_out_at is not null then 'suppressed'
                when d.valid_until <= now() then 'expired'
                when cast(:quiet_until as timestamptz) >= d.valid_until then 'expired'
                when cast(:quiet_until as timestamptz) is not null then 'scheduled'
                else 'sending'
            end as verdict
        from deliveries d join addresses a on a.id = d.address_id
        where d.id = any(:ids) and d.status = 'queued'
        order by d.id
        for update of d for share of a
    ), moved as (
        update deliveries d set
            status = l.verdict,
            attempt = d.attempt + case when l.verdict = 'sending' then 1 else 0 end,
            attempted_at = case when l.verdict = 'sending' then now() else d.attempted_at end,
            due_at = case when l.verdict = 'scheduled' then :quiet_until else d.due_at end,
            message = null
        from locked l where d.id = l.id
        returning d.id, d.reminder_id, d.address_id, d.channel, d.status, d.attempt, d.valid_until,
            d.correlation_id
    ), traced as (
        insert into delivery_events (delivery_id, status, cause, attempt)
        select id, status, case status
            when 'sending' then 'attempt'
            when 'suppressed' then 'opted out'
            when 'expired' then 'validity over'
            else 'quiet hours'
        end, attempt
        from moved
    ), leased as (
        update shared.due u set
            claimed_until = case
                when m.status = 'sending' then now() + make_interval(secs => :lease)
            end,
            due_at = case when m.status = 'scheduled' then :quiet_until else u.due_at end
        from moved m
        where u.establishment_id = :establishment_id and u.delivery_id = m.id
            and m.status in ('sending', 'scheduled')
    ), ended as (
        delete from shared.due u using moved m
        where u.establishment_id = :establishment_id and u.delivery_id = m.id
            and m.status in ('suppressed', 'expired')
    )
    select m.id, m.status, m.attempt, m.channel, a.value,
        extract(epoch from m.valid_until - now())::integer, m.correlation_id, m.reminder_id
    from moved m
    join addresses a on a.id = m.address_id
    """
)

# A statement of its own, after the deliveries are locked: a change of the message locks them, too,
# so these are the words as they are when the attempt is stamped. Read by the statement above they
# would be those of when it began, and it may have waited for a row that was changed meanwhile.
_WORDS = text("select id, message, language from reminders where id = any(:ids)")

# A callback may have been faster than this statement: then the state stays what the callback
# made it, and only the provider's id is added.
_OUTCOME = text(
    """
    with news as (
        select * from unnest(
            cast(:ids as bigint[]), cast(:attempts as integer[]), cast(:statuses as text[]),
            cast(:providers as text[]), cast(:provider_ids as text[]), cast(:codes as text[]),
            cast(:retry_ats as timestamptz[]), cast(:encodings as text[]),
            cast(:segments as smallint[])
        ) as n(id, attempt, status, provider, provider_id, code, retry_at, encoding, segments)
    ), locked as materialized (
        select d.id, d.provider_id as known_id,
            d.status = 'sending' or (d.status = 'unknown' and n.status <> 'unknown') as moves
        from deliveries d join news n on n.id = d.id and n.attempt = d.attempt
        order by d.id
        for update of d
    ), moved as (
        update deliveries d set
            status = case when l.moves then n.status else d.status end,
            provider = n.provider,
            provider_id = coalesce(d.provider_id, n.provider_id),
            error_code = case when l.moves then n.code else d.error_code end,
            due_at = case when l.moves then coalesce(n.retry_at, d.due_at) else d.due_at end
        from news n join locked l on l.id = n.id
        where d.id = n.id
        returning d.id, d.reminder_id, d.status, d.attempt, l.moves, n.code, n.retry_at
    ), traced as (
        insert into delivery_events (delivery_id, status, cause, code, attempt)
        select id, status, 'answer', code, attempt from moved where moves
    ), waiting as (
        update shared.due u set
            claimed_until = null,
            due_at = case
                when m.status = 'unknown' then now() + make_interval(secs => :ask_after)
                else m.retry_at
            end
        from moved m
        where u.establishment_id = :establishment_id and u.delivery_id = m.id
            and m.moves and m.status in ('unknown', 'scheduled')
    ), ended as (
        delete from shared.due u using moved m
        where u.establishment_id = :establishment_id and u.delivery_id = m.id
            and m.moves and m.status in ('sent', 'failed')
    ), passed_messages as (
        insert into messages
            (direction, channel, delivery_id, provider, provider_id, encoding, segments)
        select 'out', d.channel, n.id, n.provider, n.provider_id, n.encoding, n.segments
        from news n join locked l on l.id = n.id join deliveries d on d.id = n.id
        where n.provider_id is not null and l.known_id is null and d.channel <> 'voice'
        on conflict do nothing
    ), passed_calls as (
        insert into calls (direction, delivery_id, provider, provider_id)
        select 'out', n.id, n.provider, n.provider_id
        from news n join locked l on l.id = n.id join deliveries d on d.id = n.id
        where n.provider_id is not null and l.known_id is null and d.channel = 'voice'
        on conflict do nothing
    ), done as (
        update reminders r set status = 'done', updated_at = now()
        from moved m
        where r.id = m.reminder_id and m.moves and m.status = 'sent'
            and r.rrule is null and r.event_time is null and r.status = 'scheduled'
    )
    select m.id, m.status from moved m join reminders r on r.id = m.reminder_id
    where m.moves and (
        m.status = 'failed'
        or m.status = 'scheduled' and r.cancelled_at is not null
        or m.status = 'sent' and (r.rrule is not null or r.event_time is not null)
    )
    """
)

_EXPIRED_HERE = (S.expired, S.suppressed)


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
    return Claim(to_send=to_send, to_reconcile=unknown)


def release(session: ScopedSession, ids: Sequence[int], cause: str) -> None:
    """Give claims back: the queue could not be reached, or nobody came for them."""
    session.execute(
        _RELEASE,
        {"establishment_id": session.establishment_id, "ids": list(ids), "cause": cause},
    )


def begin(
    session: ScopedSession, ids: Sequence[int], *, quiet_until: datetime | None, lease: float
) -> list[Attempt]:
    """Mark what may go out now as sending and stamp the attempt; commit before any call.

    Deliveries whose address opted out become `suppressed`, those past their validity `expired`;
    in quiet hours they wait until `quiet_until`. A delivery that somebody else took is left out.
    """
    rows = session.execute(
        _BEGIN,
        {
            "establishment_id": session.establishment_id,
            "ids": list(ids),
            "quiet_until": quiet_until,
            "lease": lease,
        },
    ).all()
    for row in rows:
        if row.status in _EXPIRED_HERE:
            settle(session, session.get_one(Delivery, row.id))
    going = [row for row in rows if row.status == S.sending]
    if not going:
        return []
    spoken = session.execute(_WORDS, {"ids": [row.reminder_id for row in going]})
    words = {row.id: row for row in spoken}
    return [_attempt(row, words[row.reminder_id]) for row in going]


def _attempt(row: Any, words: Any) -> Attempt:
    cipher = get_cipher()
    delivery_id, _, attempt, channel, value, seconds_valid, correlation, _ = row
    return Attempt(
        delivery_id=delivery_id,
        attempt=attempt,
        channel=channel,
        to=cipher.open(bytes(value), "addresses.value").decode(),
        message=cipher.open(bytes(words.message), "reminders.message").decode(),
        language=words.language,
        seconds_valid=seconds_valid,
        correlation_id=correlation,
    )


def conclude(
    session: ScopedSession, settlements: Sequence[Settlement], *, ask_after: float
) -> None:
    """Store what the calls brought; unknown ones are asked about after `ask_after` seconds."""
    rows = session.execute(
        _OUTCOME,
        {
            "establishment_id": session.establishment_id,
            "ids": [s.delivery_id for s in settlements],
            "attempts": [s.attempt for s in settlements],
            "statuses": [s.status.value for s in settlements],
            "providers": [s.provider for s in settlements],
            "provider_ids": [s.provider_id for s in settlements],
            "codes": [s.code for s in settlements],
            "retry_ats": [s.retry_at for s in settlements],
            "encodings": [s.encoding for s in settlements],
            "segments": [s.segments for s in settlements],
            "ask_after": ask_after,
        },
    ).all()
    ended = [session.get_one(Delivery, row.id) for row in rows]
    # Settling may opt an address out: always in the same order, so that no two wait in a circle.
    for delivery in sorted(ended, key=lambda delivery: delivery.address_id):
        if delivery.status == S.scheduled:  # it would be tried again, and staff cancelled meanwhile
            move(session, delivery, S.cancelled, cause=CANCELLED)
        else:
            settle(session, delivery)
    session.execute(WAKE)  # places have become free: a scheduler may claim more
