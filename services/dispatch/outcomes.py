"""The third step: what the calls brought is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import text

from config.settings import get_settings
from database.session import ScopedSession
from models.delivery import Delivery, DeliveryStatus
from services.delivery import settle
from utils.senders import ASKABLE


@dataclass(frozen=True, slots=True)
class Settlement:
    """What to store after a call. `retry_in` (seconds) only goes with the status `scheduled`.

    `cause` stands in the trace, beside the provider's code.
    """

    delivery_id: int
    attempt: int
    status: DeliveryStatus
    provider: str
    provider_id: str | None = None
    code: str | None = None
    retry_in: float | None = None
    encoding: str | None = None
    segments: int | None = None
    cause: str = "answer"
    sender_id: int | None = None


# A callback may have been faster than this statement: then the state stays what the callback
# made it, and only the provider's id is added; not even that when the callback has already had the
# call made again. What was sent stays in the due queue where the provider can be asked for a
# receipt: one statement still.
_OUTCOME = text(
    """
    with news as (
        select n.*, now() + make_interval(secs => n.retry_in) as retry_at from unnest(
            cast(:ids as bigint[]), cast(:attempts as integer[]), cast(:statuses as text[]),
            cast(:providers as text[]), cast(:provider_ids as text[]), cast(:codes as text[]),
            cast(:retry_ins as double precision[]), cast(:encodings as text[]),
            cast(:segments as smallint[]), cast(:causes as text[])
        ) as n(id, attempt, status, provider, provider_id, code, retry_in, encoding, segments,
            cause)
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
            provider_id = case
                when d.status in ('scheduled', 'queued') then d.provider_id
                else coalesce(d.provider_id, n.provider_id)
            end,
            error_code = case when l.moves then n.code else d.error_code end,
            due_at = case when l.moves then coalesce(n.retry_at, d.due_at) else d.due_at end
        from news n join locked l on l.id = n.id
        where d.id = n.id
        returning d.id, d.reminder_id, d.status, d.attempt, l.moves, n.code, n.retry_at, n.cause,
            d.status in ('unknown', 'scheduled')
                or d.status = 'sent' and n.provider = any(:askable) as waits
    ), traced as (
        insert into delivery_events (delivery_id, status, cause, code, attempt)
        select id, status, cause, code, attempt from moved where moves
    ), waiting as (
        update shared.due u set
            claimed_until = null,
            asks = m.status <> 'scheduled',
            due_at = case m.status
                when 'unknown' then now() + make_interval(secs => :ask_after)
                when 'sent' then now() + make_interval(secs => :receipt_after)
                else m.retry_at
            end
        from moved m
        where u.establishment_id = :establishment_id and u.delivery_id = m.id
            and m.moves and m.waits
    ), ended as (
        delete from shared.due u using moved m
        where u.establishment_id = :establishment_id and u.delivery_id = m.id
            and m.moves and not m.waits
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
    ), answered as (
        update tasks t set state = 'done', done_at = now()
        from moved m
        where t.kind = 'unknown_delivery' and t.delivery_id = m.id and t.state = 'open' and m.moves
            and m.status <> 'unknown'
    ), done as (
        update reminders r set status = 'done', updated_at = now()
        from moved m
        where r.id = m.reminder_id and m.moves and m.status = 'sent'
            and r.rrule is null and r.event_time is null and r.status = 'scheduled'
    )
    select m.id from moved m join reminders r on r.id = m.reminder_id
    where m.moves and (
        m.status = 'failed'
        or m.status = 'sent' and (r.rrule is not null or r.event_time is not null)
    )
    """
)


_OUT_OF_ATTEMPTS = text(
    """
    select d.id from deliveries d
    join reminders r on r.id = d.reminder_id
    join shared.establishments e on e.id = :establishment_id
    where d.id = any(:ids) and d.attempt >= coalesce(r.max_attempts, e.max_attempts)
    """
)


def conclude(
    session: ScopedSession, settlements: Sequence[Settlement], *, ask_after: float
) -> None:
    """Store what the calls brought; unknown ones are asked about after `ask_after` seconds.

    For the receipt of what was sent the provider is first asked `ENGINE_RECEIPT_AFTER` later.
    """
    settlements = _bounded(session, settlements)
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
            "retry_ins": [s.retry_in for s in settlements],
            "encodings": [s.encoding for s in settlements],
            "segments": [s.segments for s in settlements],
            "causes": [s.cause for s in settlements],
            "ask_after": ask_after,
            "receipt_after": get_settings().engine.receipt_after,
            "askable": list(ASKABLE),
        },
    ).all()
    ended = [session.get_one(Delivery, row.id) for row in rows]
    # Settling may opt an address out: always in the same order, so that no two wait in a circle.
    for delivery in sorted(ended, key=lambda delivery: delivery.address_id):
        settle(session, delivery)


def _bounded(session: ScopedSession, settlements: Sequence[Settlement]) -> list[Settlement]:
    """Settlements in which what has had its attempts fails instead of being tried again."""
    again = [s.delivery_id for s in settlements if s.status == DeliveryStatus.scheduled]
    if not again:
        return list(settlements)
    over = set(
        session.scalars(
            _OUT_OF_ATTEMPTS, {"establishment_id": session.establishment_id, "ids": again}
        )
    )
    return [
        replace(s, status=DeliveryStatus.failed, retry_in=None, cause="no attempts left")
        if s.delivery_id in over and s.status == DeliveryStatus.scheduled
        else s
        for s in settlements
    ]
