"""A campaign's deliveries that wait: held while it is paused, let go again, called off.

SQL by hand: one statement for the whole window, whose transitions, events and due rows change
together. Rows are locked in the order in which the engine locks them, so that neither waits for the
other in a circle: unclaimed due rows (`services/due/queue.py`), then deliveries by their address.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import text, update

from database.session import ScopedSession
from models.campaign import Campaign, CampaignStatus
from models.establishment import Establishment
from services.campaign.pace import slots
from services.due.queue import WAKE, take_unclaimed

_WAITING = text(
    """
    select d.id from reminders r join deliveries d on d.reminder_id = r.id
    where r.open_campaign_id = :campaign_id
        and d.status in ('scheduled', 'queued')
    """
)

_LOCK_WAITING = text(
    """
    select id, valid_until from deliveries
    where id = any(:ids) and status in ('scheduled', 'queued')
    order by address_id, id for update
    """
)

_WITH_CARRIER = text(
    """
    select count(*) from reminders r join deliveries d on d.reminder_id = r.id
    where r.campaign_id = :campaign_id and d.status in ('sending', 'unknown', 'sent')
    """
)

_MOVE = text(
    """
    with given as (
        select * from unnest(cast(:ids as bigint[]), cast(:moments as timestamptz[]))
            as g(id, due_at)
    ), moved as (
        update deliveries d set status = 'scheduled', due_at = g.due_at
        from given g where d.id = g.id
        returning d.id, d.attempt
    ), traced as (
        insert into delivery_events (delivery_id, status, cause, attempt)
        select id, 'scheduled', :cause, attempt from moved
    )
    update shared.due u set claimed_until = null, line = null, due_at = g.due_at
    from given g where u.establishment_id = :establishment_id and u.delivery_id = g.id
    """
)

_CALL_OFF = text(
    """
    with ended as (
        update deliveries set status = 'cancelled', error_code = null
        where id = any(:ids) returning id, attempt
    ), traced as (
        insert into delivery_events (delivery_id, status, cause, attempt)
        select id, 'cancelled', 'campaign cancelled', attempt from ended
    )
    delete from shared.due u using ended e
    where u.establishment_id = :establishment_id and u.delivery_id = e.id
    """
)

# Nothing follows any of them, nor those that the carrier took and of which nothing was heard. One
# whose message has left keeps its true status, as when a single reminder is cancelled: `settle`
# ends it when what is under way has ended.
_CANCEL_REMINDERS = """
    update reminders r set cancelled_at = now(), updated_at = now(), version = version + 1,
        status = case
            when r.status <> 'scheduled' or s.under_way then r.status
            when s.left_us then 'done'
            else 'cancelled'
        end
    from (
        select o.id, d.* from reminders o cross join lateral (
            select bool_or(status in ('scheduled', 'queued', 'sending', 'unknown')) as under_way,
                bool_or(status in ('sent', 'delivered')) as left_us,
                bool_or(status = 'sent') as unheard, bool_or(attempt > 0) as tried
            from deliveries where reminder_id = o.id
        ) d
        where o.campaign_id = :campaign_id and o.cancelled_at is null
            and (o.status = 'scheduled' or d.unheard) and {which}
    ) s
    where r.id = s.id and r.cancelled_at is null
"""
_CANCEL_UNTRIED = text(_CANCEL_REMINDERS.format(which="not coalesce(d.tried, false)"))
# One that was tried may be with whoever takes in a receipt, and who then wants a delivery that is
# locked here: it is not waited for (rule 3 of decision 0031). What still comes of it `begin` calls
# off.
_CANCEL_TRIED = text(_CANCEL_REMINDERS.format(which="d.tried for no key update of o skip locked"))

# A call that rings may have to be made again; any other message may make way for the next channel.
# Not by `exists`: for the first one found the planner would read all reminders there are.
_MAY_FOLLOW = text(
    """
    select bool_or(
        r.status = 'scheduled'
        or not d.arrived and (d.rings or d.unheard and d.tried < cardinality(r.channels))
    )
    from reminders r cross join lateral (
        select bool_or(status = 'delivered') as arrived, bool_or(status = 'sent') as unheard,
            bool_or(status = 'sent' and channel = 'voice') as rings, count(*) as tried
        from deliveries where reminder_id = r.id
    ) d
    where r.campaign_id = :campaign_id and r.cancelled_at is null
    """
)


def hold(session: ScopedSession, campaign: Campaign) -> int:
    """Let what waits wait on; how many messages are with the carrier already.

    A held delivery is due when its validity ends: paused for longer, it expires where all can see.
    What comes back from a worker later (to be retried) is held by `begin`, which asks for the
    campaign's status.
    """
    waiting = _lock_waiting(session, campaign)
    _move(session, waiting, "campaign paused")
    return _with_carrier(session, campaign)


def release(
    session: ScopedSession, establishment: Establishment, campaign: Campaign, now: datetime
) -> None:
    """Give what was held new times at the pace, before what is still to be made.

    None before the campaign's own hour: it may be made, and paused, just ahead of that.
    """
    waiting = _lock_waiting(session, campaign)
    start = max(campaign.scheduled_time or now, now)
    given = islice(slots(establishment, campaign.rate_per_minute, start), len(waiting))
    # Those that no allowed time is left for stay held until their validity ends.
    moments = [
        (number, slot)
        for (number, valid_until), slot in zip(waiting, given, strict=False)
        if slot < valid_until
    ]
    if moments:
        after = moments[-1][1] + timedelta(minutes=1) / campaign.rate_per_minute
        session.execute(update(Campaign).where(Campaign.id == campaign.id).values(next_slot=after))
    _move(session, moments, "campaign resumed")
    session.execute(WAKE)


def can_be_cancelled(session: ScopedSession, campaign: Campaign) -> bool:
    """True while something of a campaign may still go out.

    When it is done each message has been taken by the carrier; as long as it is valid another
    channel may follow, where no receipt comes or a bad one.
    """
    if campaign.status != CampaignStatus.done:
        return campaign.status != CampaignStatus.cancelled
    if campaign.valid_until is None or campaign.valid_until <= session.now():
        return False
    return bool(session.scalar(_MAY_FOLLOW, {"campaign_id": campaign.id}))


def call_off(session: ScopedSession, campaign: Campaign) -> int:
    """Cancel what waits; how many messages are with the carrier already."""
    waiting = _lock_waiting(session, campaign)
    ids = [number for number, _ in waiting]
    session.execute(_CALL_OFF, {"ids": ids, "establishment_id": session.establishment_id})
    gone = _with_carrier(session, campaign)
    for statement in (_CANCEL_UNTRIED, _CANCEL_TRIED):
        session.execute(statement, {"campaign_id": campaign.id})
    return gone


def _lock_waiting(session: ScopedSession, campaign: Campaign) -> list[tuple[int, datetime]]:
    """The deliveries that have not left, locked, each with the end of its validity."""
    ids = list(session.scalars(_WAITING, {"campaign_id": campaign.id}))
    take_unclaimed(session, ids)
    return [(row.id, row.valid_until) for row in session.execute(_LOCK_WAITING, {"ids": ids})]


def _move(session: ScopedSession, moments: list[tuple[int, datetime]], cause: str) -> None:
    session.execute(
        _MOVE,
        {
            "ids": [number for number, _ in moments],
            "moments": [moment for _, moment in moments],
            "cause": cause,
            "establishment_id": session.establishment_id,
        },
    )


def _with_carrier(session: ScopedSession, campaign: Campaign) -> int:
    return int(session.scalars(_WITH_CARRIER, {"campaign_id": campaign.id}).one())
