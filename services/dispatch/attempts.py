"""The second step: what may go out is stamped as an attempt, before any provider is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from database.session import ScopedSession
from models.delivery import Delivery, DeliveryStatus
from services.delivery import settle
from utils.crypto import get_cipher

S = DeliveryStatus


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
            due_at = case when l.verdict = 'scheduled' then :quiet_until else d.due_at end
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
    select m.id, m.status, m.attempt, m.channel, a.value, r.message, r.language,
        extract(epoch from m.valid_until - now())::integer, m.correlation_id
    from moved m
    join reminders r on r.id = m.reminder_id
    join addresses a on a.id = m.address_id
    """
)

_EXPIRED_HERE = (S.expired, S.suppressed)


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
    return [_attempt(row) for row in rows if row.status == S.sending]


def _attempt(row: Any) -> Attempt:
    cipher = get_cipher()
    delivery_id, _, attempt, channel, value, message, language, seconds_valid, correlation = row
    return Attempt(
        delivery_id=delivery_id,
        attempt=attempt,
        channel=channel,
        to=cipher.open(bytes(value), "addresses.value").decode(),
        message=cipher.open(bytes(message), "reminders.message").decode(),
        language=language,
        seconds_valid=seconds_valid,
        correlation_id=correlation,
    )
