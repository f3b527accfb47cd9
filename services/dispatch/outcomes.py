"""The third step: what the calls brought is stored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import text

from config.settings import get_settings
from database.prepared import Prepared
from database.session import ScopedSession
from models.delivery import Delivery, DeliveryStatus
from services.delivery.moves import settle
from services.sender.settlement import Settlement
from utils.senders import ASKABLE

# A callback may have been faster than this statement: then the state stays what the callback
# made it, and only the provider's id is added; not even that when the callback has already had the
# call made again, whatever came of that meanwhile: a delivery that has let go of an attempt's id
# knows it as one that passed, and what is still said of it must find no delivery to wake up. What
# was sent stays in the due queue where the provider can be asked for a receipt: one statement
# still. What was unknown may be there no more, as staff were asked about it: it is put in again.
# What would be tried again after its validity comes back when that ends, and expires visibly.
# Rows of the due queue are found by an array of keys, as in `attempts.py`.
_OUTCOME = Prepared(
    """
    with locked as materialized (
        select n.*, case when n.retry_in is not null then
                least(now() + make_interval(secs => n.retry_in), d.valid_until)
            end as retry_at,
            d.provider_id as known_id, d.status as was,
            d.status = 'sending' or (d.status = 'unknown' and n.status <> 'unknown') as moves
        from json_to_recordset(:news) as n (
            id bigint, attempt integer, status text, provider text, provider_id text, code text,
            retry_in double precision, encoding text, segments smallint, cause text
        )
        join deliveries d on d.id = n.id and d.attempt = n.attempt
        order by d.address_id, d.id
        for update of d
    ), moved as (
        update deliveries d set
            status = case when l.moves then l.status else d.status end,
            provider = l.provider,
            provider_id = case
                when d.status in ('scheduled', 'queued') then d.provider_id
                when d.status in ('cancelled', 'expired', 'suppressed') and (
                    (
                        select true from calls c
                        where c.provider = l.provider and c.provider_id = l.provider_id
                            and c.delivery_id = d.id
                        limit 1
                    ) or (
                        select true from messages g
                        where g.provider = l.provider and g.provider_id = l.provider_id
                            and g.delivery_id = d.id
                        limit 1
                    )
                ) then d.provider_id
                else coalesce(d.provider_id, l.provider_id)
            end,
            error_code = case when l.moves then l.code else d.error_code end,
            due_at = case when l.moves then coalesce(l.retry_at, d.due_at) else d.due_at end
        from locked l
        where d.id = l.id
        returning d.id, d.reminder_id, d.channel, d.status, d.attempt, l.moves, l.was, l.code,
            l.cause, l.provider, l.encoding, l.segments,
            case when l.known_id is null then l.provider_id end as new_id,
            d.status in ('unknown', 'scheduled')
                or d.status = 'sent' and l.provider = any(:askable) as waits,
            case d.status
                when 'unknown' then now() + make_interval(secs => :ask_after)
                when 'sent' then now() + make_interval(secs => :receipt_after)
                else l.retry_at
            end as look_at
    ), traced as (
        insert into delivery_events (delivery_id, status, cause, code, attempt)
        select id, status, cause, code, attempt from moved where moves
    ), waiting as (
        select array_agg(id) as ids, array_agg(look_at) as moments,
            array_agg(status <> 'scheduled') as asks
        from moved where moves and waits
    ), kept as (
        update shared.due u set
            claimed_until = null,
            asks = w.asks[array_position(w.ids, u.delivery_id)],
            due_at = w.moments[array_position(w.ids, u.delivery_id)]
        from waiting w
        where u.establishment_id = :establishment_id
            and u.delivery_id = any(array(select id from moved where moves and waits))
    ), found_again as (
        insert into shared.due (establishment_id, delivery_id, due_at, asks)
        select :establishment_id, m.id, m.look_at, m.status <> 'scheduled'
        from moved m where m.moves and m.waits and m.was = 'unknown'
        on conflict do nothing
    ), ended as (
        delete from shared.due
        where establishment_id = :establishment_id
            and delivery_id = any(array(select id from moved where moves and not waits))
    ), passed_messages as (
        insert into messages
            (direction, channel, delivery_id, provider, provider_id, encoding, segments)
        select 'out', channel, id, provider, new_id, encoding, segments
        from moved where new_id is not null and channel <> 'voice'
        on conflict do nothing
    ), passed_calls as (
        insert into calls (direction, delivery_id, provider, provider_id)
        select 'out', id, provider, new_id
        from moved where new_id is not null and channel = 'voice'
        on conflict do nothing
    ), answered as (
        update tasks set state = 'done', done_at = now()
        where kind = 'unknown_delivery' and state = 'open' and delivery_id = any(
            array(select id from moved where moves and was = 'unknown')
        )
    ), done as (
        update reminders set status = 'done', updated_at = now()
        where id = any(array(select reminder_id from moved where moves and status = 'sent'))
            and rrule is null and event_time is null and status = 'scheduled'
    )
    select m.id from moved m
    where m.moves and (m.status = 'failed' or m.status = 'sent' and (
        select r.rrule is not null or r.event_time is not null
        from reminders r where r.id = m.reminder_id
    ))
    """,
    news="json",
    establishment_id="integer",
    ask_after="double precision",
    receipt_after="double precision",
    askable="text[]",
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
    rows = _OUTCOME.run(
        session,
        news=json.dumps([_news(settlement) for settlement in settlements]),
        establishment_id=session.establishment_id,
        ask_after=ask_after,
        receipt_after=get_settings().engine.receipt_after,
        askable=list(ASKABLE),
    )
    ended = [session.get_one(Delivery, row.id) for row in rows]
    # Settling may opt an address out: always in the same order, so that no two wait in a circle.
    for delivery in sorted(ended, key=lambda delivery: delivery.address_id):
        settle(session, delivery)


def _news(settlement: Settlement) -> dict[str, Any]:
    return {
        "id": settlement.delivery_id,
        "attempt": settlement.attempt,
        "status": settlement.status,
        "provider": settlement.provider,
        "provider_id": settlement.provider_id,
        "code": settlement.code,
        "retry_in": settlement.retry_in,
        "encoding": settlement.encoding,
        "segments": settlement.segments,
        "cause": settlement.cause,
    }


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
