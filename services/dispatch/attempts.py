"""The second step: what may go out is stamped as an attempt, before any provider is called.

Everything is decided in one transaction, by PostgreSQL's clock, with the deliveries and their
addresses locked: `_LOCK` tells what is there, `AllowedTimes` whether anything may go out at this
moment, `_STAMP` counts the day's messages and marks what goes. A worker's own clock has no say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from database.prepared import Prepared, numbers
from database.session import ScopedSession
from models.campaign import CampaignStatus
from models.delivery import NOT_GONE, Delivery, DeliveryStatus
from models.establishment import Sender
from models.reminder import Purpose
from services.allowed_times import with_own
from services.delivery.moves import CANCELLED, settle
from services.dispatch.holds import Hold, hold_back
from services.dispatch.lines import take_turns
from services.dispatch.routes import NOWHERE, Routes, can_ask
from services.due.queue import WAKE
from services.whatsapp_window import OPEN_FOR
from utils.clock import AllowedTimes
from utils.crypto import get_cipher

S = DeliveryStatus

DAILY_CAP = "daily cap"
ADDRESS_CHANGED, ADDRESS_REMOVED = "address changed", "address removed"
OUT_OF_CONVERSATION = "no WhatsApp message from them in a day"


@dataclass(frozen=True, slots=True)
class Rules:
    """What an establishment lets go out: when, how many to one address a day, from which sender.

    `daily_cap` None: any number.
    """

    times: AllowedTimes
    daily_cap: int | None = None
    routes: Routes = NOWHERE


@dataclass(frozen=True, slots=True)
class Attempt:
    """A delivery marked as sending: all that is needed to call a provider.

    `asks`: the sender can take in the answer that its reminder expects. `purpose`: what an e-mail
    is called.
    """

    delivery_id: int
    attempt: int
    channel: str
    to: str
    message: str
    language: str
    seconds_valid: int
    correlation_id: str | None
    sender_id: int | None = None
    asks: bool = False
    purpose: str = Purpose.reminder


# The guard is on `status`, but no index is: with stale statistics a partial index on `queued`
# would be scanned whole. The lock of the address makes an opt-out and this transaction wait for
# each other (the one that commits second sees the first), and two workers that would both send
# the last message of the day. In the order of addresses, so that no two wait in a circle.
# WhatsApp lets free text through to those alone who wrote to the same number within a day
# (`services/whatsapp_window.py`).
# A claim from before the server's start is void: a stop may have been spooled since. The sweeper
# makes it due again, behind the gate (`services/dispatch/gate.py`).
#
# Rows of the due queue are found by a delivery's own key or an array of keys, never by a join: the
# queue is often empty, and a plan from then may read all that has come in since, for each row
# (decision 0041). Nor are reminders, which were once read in the order of their contacts, all of
# them, by a plan from when there was one.
_LOCK = Prepared(
    """
    select d.id, d.channel, d.due_at, d.valid_until, c.quiet_start, c.quiet_end,
        c.holidays, c.yearly_holidays,
        a.opted_out_at is not null and r.purpose <> 'opt_out' as opted_out,
        r.purpose in ('reply', 'opt_out') as replies, p.status as campaign,
        r.cancelled_at is not null as cancelled, now() as now,
        a.id as address_id, r.sender_id, r.expects_reply,
        case when d.channel = 'email' then r.email_id else r.phone_id end as leads_to,
        case when :by_operator and d.channel <> 'email' then a.value end as number,
        case when d.channel = 'whatsapp' then not exists (
            select from messages m where m.address_id = a.id and m.direction = 'in'
                and m.channel = 'whatsapp' and m.sender_id = r.sender_id
                and m.at > now() - make_interval(secs => :window)
        ) else false end as out_of_conversation
    from deliveries d
    join addresses a on a.id = d.address_id
    cross join lateral (
        select purpose, cancelled_at, sender_id, expects_reply, email_id, phone_id, contact_id,
            campaign_id
        from reminders where id = d.reminder_id limit 1
    ) r
    left join contacts c on c.id = r.contact_id
    left join campaigns p on p.id = r.campaign_id
    where d.id = any(:ids) and d.status = 'queued' and coalesce((
        select u.claimed_until >= pg_postmaster_start_time() + make_interval(secs => :lease)
        from shared.due u
        where u.establishment_id = :establishment_id and u.delivery_id = d.id
    ), true)
    order by a.id, d.id
    for update of d for no key update of a
    """,
    ids="bigint[]",
    by_operator="boolean",
    window="double precision",
    establishment_id="integer",
    lease="double precision",
)

_NOT_GONE = ", ".join(f"'{status}'" for status in sorted(NOT_GONE))

# A statement of its own: its snapshot is younger than the locks, so it counts what another worker
# stamped while this one waited, and reads the words as they are now. What came back without
# having left does not count, nor does the delivery itself: it is waiting. Replies do not count and
# are not counted: somebody who writes to us today gets tonight's reminder all the same.
_STAMP = Prepared(
    f"""
    with wanted as materialized (
        select d.id, d.address_id, d.id = any(:replies) as replies, row_number() over (
            partition by d.address_id, d.id = any(:replies) order by d.due_at, d.id
        ) as place
        from deliveries d where d.id = any(:ids)
    ), allowed as materialized (
        select w.id from wanted w
        where cast(:cap as integer) is null or w.replies or w.place + (
            select count(*) from (
                select from deliveries x join reminders y on y.id = x.reminder_id
                where x.address_id = w.address_id and x.valid_until >= :today
                    and x.attempted_at >= :today
                    and x.status not in ({_NOT_GONE})
                    and y.purpose not in ('reply', 'opt_out')
                limit :cap
            ) gone
        ) <= :cap
    ), moved as (
        update deliveries d set status = 'sending', attempt = d.attempt + 1, attempted_at = now(),
            message = null,
            sender_id = (cast(:senders as integer[]))[array_position(cast(:ids as bigint[]), d.id)]
        where d.id = any(array(select id from allowed))
        returning d.id, d.reminder_id, d.address_id, d.channel, d.attempt, d.valid_until,
            d.correlation_id, d.sender_id
    ), traced as (
        insert into delivery_events (delivery_id, status, cause, attempt, sender_id)
        select id, 'sending', 'attempt', attempt, sender_id from moved
    ), leased as (
        update shared.due u set claimed_until = now() + make_interval(secs => :lease), line = null
        where u.establishment_id = :establishment_id
            and u.delivery_id = any(array(select id from moved))
            and (u.line is not null or u.claimed_until < now() + make_interval(secs => :held_for))
    )
    select m.id, m.attempt, m.channel, a.value, r.message, r.language,
        extract(epoch from m.valid_until - now())::integer, m.correlation_id, m.sender_id,
        r.purpose
    from moved m
    join reminders r on r.id = m.reminder_id
    join addresses a on a.id = m.address_id
    """,  # noqa: S608 - nothing but our own words
    ids="bigint[]",
    replies="bigint[]",
    senders="integer[]",
    cap="integer",
    today="timestamptz",
    establishment_id="integer",
    lease="double precision",
    held_for="double precision",
)


_GO_ELSEWHERE = text(
    """
    update deliveries d
    set address_id = case when d.channel = 'email' then r.email_id else r.phone_id end
    from reminders r where r.id = d.reminder_id and d.id = any(:ids)
    """
)


def held_for(lease: float) -> float:
    """Seconds for which an attempt is surely held once it is stamped.

    A claim of which so much is left is not renewed: that would cost as much as the claim.
    """
    return lease * 0.75


def begin(
    session: ScopedSession, ids: Sequence[int], *, rules: Rules, lease: float
) -> list[Attempt]:
    """Mark what may be sent as sending and stamp the attempt; commit before calling anybody.

    What has opted out is suppressed, what is past its validity expires. What may not go out at
    this moment waits for the next allowed one, or expires if that is too late. A delivery that
    somebody else took is left out.
    """
    rows = _LOCK.run(
        session,
        ids=numbers(ids),
        by_operator=rules.routes.by_operator,
        window=OPEN_FOR.total_seconds(),
        establishment_id=session.establishment_id,
        lease=lease,
    )
    if not rows:
        return []
    now: datetime = rows[0].now
    held = list(_held(rows, rules.times, now))
    stopped = {hold.delivery_id for hold in held}
    going = [row for row in rows if row.id not in stopped]
    chosen = rules.routes.chosen(going)
    going, waiting = take_turns(session, going, chosen, rules.routes.take)
    held += waiting
    attempts = _stamp(session, going, chosen, rules, now, lease)
    stamped = {attempt.delivery_id for attempt in attempts}
    tomorrow = rules.times.next_day(now) if len(stamped) < len(going) else None
    held += [_deferred(row, tomorrow, DAILY_CAP) for row in going if row.id not in stamped]
    if held:
        hold_back(session, held)
        _go_elsewhere(session, [hold.delivery_id for hold in held if hold.cause == ADDRESS_CHANGED])
    for hold in held:
        if hold.status != S.scheduled:
            settle(session, session.get_one(Delivery, hold.delivery_id))
    return attempts


def _held(rows: Sequence[Any], times: AllowedTimes, now: datetime) -> Iterator[Hold]:
    """What may not go out at this moment, and what becomes of it."""
    everybody: dict[Any, tuple[str | None, datetime | None]] = {}
    for row in rows:
        if row.leads_to is None and not row.cancelled:
            yield Hold(row.id, S.failed, ADDRESS_REMOVED)
            continue
        if row.leads_to not in (row.address_id, None):
            yield Hold(row.id, S.scheduled, ADDRESS_CHANGED, until=now)
            continue
        if row.opted_out:
            yield Hold(row.id, S.suppressed, "opted out")
            continue
        if row.valid_until <= now:
            yield Hold(row.id, S.expired, "validity over")
            continue
        if row.cancelled:  # it had left, and came back
            yield Hold(row.id, S.cancelled, CANCELLED)
            continue
        if row.out_of_conversation:
            yield Hold(row.id, S.failed, OUT_OF_CONVERSATION)
            continue
        if row.campaign == CampaignStatus.cancelled:
            yield Hold(row.id, S.cancelled, "campaign cancelled")
            continue
        if row.campaign == CampaignStatus.paused:
            # Due again when its validity ends: then it expires where all can see.
            yield Hold(row.id, S.scheduled, "campaign paused", until=row.valid_until)
            continue
        if row.replies:  # to somebody who is awake: they have just written or called
            continue
        own = _own_times(row)
        if own not in everybody:
            theirs = with_own(times, row)
            why = theirs.refusal(now)
            everybody[own] = why, theirs.next_allowed(now) if why else None
        why, until = everybody[own]
        if why is not None:
            yield _deferred(row, until, why)


def _go_elsewhere(session: ScopedSession, ids: Sequence[int]) -> None:
    """Have what was under way while its reminder's address changed, and came back, go there."""
    if ids:
        session.execute(_GO_ELSEWHERE, {"ids": ids})
        session.execute(WAKE)


def _own_times(row: Any) -> tuple[Any, ...]:
    """When a contact wants nothing: for nearly everybody the same nothing."""
    own = (row.quiet_start, row.quiet_end)
    if row.holidays or row.yearly_holidays:
        return (*own, *row.holidays, None, *row.yearly_holidays)
    return own


def _deferred(row: Any, until: datetime | None, cause: str) -> Hold:
    """A delivery that waits for an allowed moment; one that comes too late for it expires."""
    if until is None or until >= row.valid_until:
        return Hold(row.id, S.expired, cause)
    return Hold(row.id, S.scheduled, cause, until=until)


def _stamp(
    session: ScopedSession,
    going: Sequence[Any],
    chosen: Mapping[int, Sender],
    rules: Rules,
    now: datetime,
    lease: float,
) -> list[Attempt]:
    if not going:
        return []
    senders = [chosen.get(row.id) for row in going]
    asking = {
        row.id
        for row, sender in zip(going, senders, strict=True)
        if sender is not None and can_ask(row, sender)
    }
    rows = _STAMP.run(
        session,
        ids=numbers(row.id for row in going),
        replies=numbers(row.id for row in going if row.replies),
        senders=numbers(sender.id if sender else None for sender in senders),
        cap=rules.daily_cap,
        today=rules.times.day_began(now),
        establishment_id=session.establishment_id,
        lease=lease,
        held_for=held_for(lease),
    )
    return [_attempt(row, row[0] in asking) for row in rows]


def _attempt(row: Any, asks: bool) -> Attempt:
    cipher = get_cipher()
    delivery_id, attempt, channel, value, message, *others = row
    language, seconds_valid, correlation, by, purpose = others
    return Attempt(
        delivery_id=delivery_id,
        attempt=attempt,
        channel=channel,
        to=cipher.open(bytes(value), "addresses.value").decode(),
        message=cipher.open(bytes(message), "reminders.message").decode(),
        language=language,
        seconds_valid=seconds_valid,
        correlation_id=correlation,
        sender_id=by,
        asks=asks,
        purpose=purpose,
    )
