"""A running campaign made into ordinary reminders, in batches, just ahead of its pace.

Each batch is one transaction: reminders, deliveries, events, due rows, exclusions and the cursor
are stored together or not at all. Only a small window of a campaign waits in the due queue at any
time, so that a reminder of another kind never waits behind a campaign; a carrier that does not keep
up makes the window smaller, not the queue longer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice, takewhile
from math import ceil
from typing import Any

from sqlalchemy import exists, func, select, text, update

from database.session import ScopedSession
from models.campaign import (
    SMALLEST_WINDOW,
    Campaign,
    CampaignRecipient,
    CampaignStatus,
    Exclusion,
)
from models.establishment import Establishment
from models.reminder import Channel, Reminder
from services.allowed_times import allowed_times
from services.campaign.audience import by_position, forget_values, hold_addresses
from services.campaign.choice import Candidate, Choice, Chooser
from services.campaign.pace import reached_in_time, slots
from services.due.queue import WAKE
from services.identity import uuid7
from utils.clock import AllowedTimes
from utils.crypto import get_cipher

BATCH = 500
"""Recipients looked at in one transaction."""


@dataclass(frozen=True, slots=True)
class Made:
    """A recipient whose turn has come."""

    candidate: Candidate
    choice: Choice
    slot: datetime


@dataclass
class Batch:
    """What becomes of some recipients: `cursor` is the position of the last one dealt with."""

    cursor: int
    made: list[Made] = field(default_factory=list)
    excluded: list[tuple[int, Exclusion]] = field(default_factory=list)


# What waits for later (quiet hours, the daily cap) stands in nobody's way and is not counted.
_IN_QUEUE = text(
    """
    select count(*) as waiting, count(*) filter (where d.due_at <= now()) as overdue
    from reminders r join deliveries d on d.reminder_id = r.id
    where r.open_campaign_id = :campaign_id
        and d.status in ('scheduled', 'queued')
        and d.due_at <= now() + make_interval(secs => :ahead)
    """
)

_STORE = text(
    """
    with given as (
        select * from unnest(
            cast(:client_ids as uuid[]), cast(:contact_ids as bigint[]),
            cast(:patient_ids as bytea[]), cast(:patient_id_indexes as bytea[]),
            cast(:messages as bytea[]), cast(:languages as text[]), cast(:phone_ids as bigint[]),
            cast(:email_ids as bigint[]), cast(:channels as text[]),
            cast(:address_ids as bigint[]), cast(:slots as timestamptz[])
        ) as g(client_id, contact_id, patient_id, patient_id_index, message, language, phone_id,
            email_id, channels, address_id, slot)
    ), made as (
        insert into reminders (client_id, fingerprint, contact_id, patient_id, patient_id_index,
            message, template, language, scheduled_time, phone_id, email_id, channels,
            validity_seconds, expects_reply, status, created_by, version, campaign_id)
        select client_id, '', contact_id, patient_id, patient_id_index, message, :template,
            language, slot, phone_id, email_id, string_to_array(channels, ','),
            extract(epoch from cast(:valid_until as timestamptz) - slot)::integer, false,
            'scheduled', :created_by, 1, :campaign_id
        from given
        returning id, client_id
    ), opened as (
        insert into deliveries (reminder_id, occurrence, channel, address_id, status, due_at,
            valid_until, attempt, correlation_id)
        select m.id, g.slot, split_part(g.channels, ',', 1), g.address_id, 'scheduled', g.slot,
            cast(:valid_until as timestamptz), 0, :correlation_id
        from made m join given g using (client_id)
        returning id, due_at
    ), traced as (
        insert into delivery_events (delivery_id, status, cause, attempt)
        select id, 'scheduled', 'campaign', 0 from opened
    )
    insert into shared.due (establishment_id, delivery_id, due_at)
    select :establishment_id, id, due_at from opened
    """
)

_EXCLUDE = text(
    """
    update campaign_recipients r set reason = g.reason
    from unnest(cast(:positions as integer[]), cast(:reasons as text[])) as g(position, reason)
    where r.campaign_id = :campaign_id and r.position = g.position
    """
)

# What recipients have of their own stands in their messages from now on.
_FORGET = text(
    """
    delete from campaign_values v using campaign_recipients r
    where v.campaign_id = :campaign_id and r.campaign_id = v.campaign_id
        and r.contact_id = v.contact_id and r.position <= :cursor
    """
)

# The address that a reminder was first sent to, for those that a batch may lead to again.
_TAKEN = text(
    """
    select case channels[1] when 'email' then email_id else phone_id end from reminders
    where campaign_id = :campaign_id and (phone_id = any(:ids) or email_id = any(:ids))
    """
)


def expand(
    session: ScopedSession,
    establishment: Establishment,
    channels_with_sender: Collection[str],
    campaign_id: int,
    ahead: timedelta,
) -> bool:
    """Make the next batch of a campaign, as far as the pace allows; True when there is more to do.

    `ahead` is how long before its time a reminder is made. Nothing is done for a campaign that does
    not run, or that another worker is at. Without a sender it waits for one.
    """
    campaign = session.scalar(
        select(Campaign)
        .where(Campaign.id == campaign_id, Campaign.status == CampaignStatus.running)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if campaign is None:
        return False
    now: datetime = session.execute(select(func.now())).scalar_one()
    chooser = Chooser(campaign, establishment, channels_with_sender)
    if campaign.cursor >= campaign.total:
        _end_or_rest(session, campaign, now, ahead)
        return False
    if not chooser.can_send:
        _save(session, campaign, expand_at=now + ahead)
        return False
    queue = session.execute(
        _IN_QUEUE, {"campaign_id": campaign.id, "ahead": ahead.total_seconds()}
    ).one()
    window = _window(campaign, queue.overdue, ahead)
    room = min(window, campaign.most_waiting) - queue.waiting
    free = _free_slots(campaign, establishment, room, now, ahead)
    if free is None:
        _exclude_rest(session, campaign)
        return True
    batch = _deal(session, campaign, chooser, free, allowed_times(establishment))
    _store(session, campaign, chooser, batch)
    last = batch.made[-1].slot if batch.made else None
    next_slot = last + timedelta(minutes=1) / campaign.rate_per_minute if last else _next(campaign)
    _save(session, campaign, cursor=batch.cursor, next_slot=next_slot)
    pace_allows_more = len(free) == BATCH or len(batch.made) < len(free)
    if pace_allows_more and batch.cursor < campaign.total:
        return True
    _save(
        session,
        campaign,
        expand_at=max(next_slot - ahead, now + ahead / 3),
        most_waiting=window,
    )
    return False


def _next(campaign: Campaign) -> datetime:
    assert campaign.next_slot is not None  # set when it was started
    return campaign.next_slot


def _free_slots(
    campaign: Campaign, establishment: Establishment, room: int, now: datetime, ahead: timedelta
) -> list[datetime] | None:
    """The slots that may be filled now; None when what is left would come after the validity."""
    assert campaign.valid_until is not None  # set when it was started
    # A pace that could not be kept is not caught up with: that would be a burst.
    earliest = max(_next(campaign), now)
    start = next(slots(establishment, campaign.rate_per_minute, earliest), None)
    if start is None or start >= campaign.valid_until:
        return None
    limit = min(now + ahead, campaign.valid_until - timedelta(seconds=1))
    upcoming = slots(establishment, campaign.rate_per_minute, start)
    return list(takewhile(lambda slot: slot <= limit, islice(upcoming, max(0, min(room, BATCH)))))


def _deal(
    session: ScopedSession,
    campaign: Campaign,
    chooser: Chooser,
    free: Sequence[datetime],
    times: AllowedTimes,
) -> Batch:
    """Give the free slots to the next recipients; those who get nothing take none."""
    batch = Batch(campaign.cursor)
    if not free:
        return batch
    hold_addresses(session, campaign.id, campaign.cursor, BATCH)
    candidates = list(by_position(session, campaign.id, campaign.cursor, BATCH))
    taken = _taken(session, campaign, candidates) if chooser.one_for_each_address else None
    assert campaign.valid_until is not None  # set when it was started
    for candidate in candidates:
        choice = chooser.choose(candidate)
        if isinstance(choice, Exclusion):
            batch.excluded.append((candidate.position, choice))
        elif taken is not None and choice.address_id in taken:
            batch.excluded.append((candidate.position, Exclusion.same_address))
        elif len(batch.made) == len(free):
            break
        elif not reached_in_time(times, candidate, free[len(batch.made)], campaign.valid_until):
            batch.excluded.append((candidate.position, Exclusion.past_validity))
        else:
            batch.made.append(Made(candidate, choice, free[len(batch.made)]))
            if taken is not None:
                taken.add(choice.address_id)
        batch.cursor = candidate.position
    return batch


def _taken(session: ScopedSession, campaign: Campaign, candidates: Sequence[Candidate]) -> set[int]:
    """Which of these recipients' addresses have had the campaign's message."""
    ids = {c.phone_id for c in candidates} | {c.email_id for c in candidates}
    return set(session.scalars(_TAKEN, {"campaign_id": campaign.id, "ids": list(ids - {None})}))


def _store(session: ScopedSession, campaign: Campaign, chooser: Chooser, batch: Batch) -> None:
    if batch.excluded:
        session.execute(
            _EXCLUDE,
            {
                "campaign_id": campaign.id,
                "positions": [position for position, _ in batch.excluded],
                "reasons": [reason.value for _, reason in batch.excluded],
            },
        )
    if batch.made:
        session.execute(
            _STORE,
            {
                "campaign_id": campaign.id,
                "template": campaign.template,
                "created_by": campaign.created_by,
                "valid_until": campaign.valid_until,
                "correlation_id": f"campaign-{campaign.id}",
                "establishment_id": session.establishment_id,
                **_columns(chooser, batch.made),
            },
        )
        session.execute(WAKE)
    if campaign.value_names:
        session.execute(_FORGET, {"campaign_id": campaign.id, "cursor": batch.cursor})


def _columns(chooser: Chooser, made: Sequence[Made]) -> dict[str, list[Any]]:
    cipher = get_cipher()

    def message(one: Made) -> bytes:
        words = chooser.message(one.candidate, one.choice.language)
        return cipher.seal(words.encode(), "reminders.message")

    def reference(one: Made) -> bytes | None:
        sealed = one.candidate.patient_id
        if sealed is None:
            return None
        return cipher.seal(cipher.open(sealed, "contacts.patient_id"), "reminders.patient_id")

    phone, email = {Channel.sms.value, Channel.voice.value}, {Channel.email.value}
    return {
        "client_ids": [uuid7() for _ in made],
        "contact_ids": [one.candidate.contact_id for one in made],
        "patient_ids": [reference(one) for one in made],
        "patient_id_indexes": [one.candidate.patient_id_index for one in made],
        "messages": [message(one) for one in made],
        "languages": [one.choice.language for one in made],
        "phone_ids": [
            one.candidate.phone_id if phone.intersection(one.choice.channels) else None
            for one in made
        ],
        "email_ids": [
            one.candidate.email_id if email.intersection(one.choice.channels) else None
            for one in made
        ],
        "channels": [",".join(one.choice.channels) for one in made],
        "address_ids": [one.choice.address_id for one in made],
        "slots": [one.slot for one in made],
    }


def _exclude_rest(session: ScopedSession, campaign: Campaign) -> None:
    """Nobody's turn comes in time any more."""
    session.execute(
        update(CampaignRecipient)
        .where(
            CampaignRecipient.campaign_id == campaign.id,
            CampaignRecipient.position > campaign.cursor,
        )
        .values(reason=Exclusion.past_validity)
    )
    forget_values(session, campaign)
    _save(session, campaign, cursor=campaign.total)


def _end_or_rest(
    session: ScopedSession, campaign: Campaign, now: datetime, ahead: timedelta
) -> None:
    """A campaign is done when each of its reminders has ended."""
    under_way = session.scalar(select(exists().where(Reminder.open_campaign_id == campaign.id)))
    if under_way:
        _save(session, campaign, expand_at=now + ahead / 3)
    else:
        _save(session, campaign, status=CampaignStatus.done, ended_at=now)


def _window(campaign: Campaign, overdue: int, ahead: timedelta) -> int:
    """How many deliveries the campaign may have waiting from now on.

    As much as its pace needs while the carrier keeps up with it; else half as much each time.
    """
    if 2 * overdue >= campaign.most_waiting:
        return max(SMALLEST_WINDOW, campaign.most_waiting // 2)
    needed = ceil(campaign.rate_per_minute * (ahead / timedelta(minutes=1)))
    return max(SMALLEST_WINDOW, min(2 * campaign.most_waiting, needed))


def _save(session: ScopedSession, campaign: Campaign, **values: Any) -> None:
    """Note progress. Not by the mapper: its version counts what people change."""
    session.execute(update(Campaign).where(Campaign.id == campaign.id).values(**values))
