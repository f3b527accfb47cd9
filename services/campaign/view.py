"""Campaigns as they are shown: counted from what there is, so no number can drift."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text, tuple_

from database.session import ScopedSession
from models.campaign import Campaign, CampaignRecipient, CampaignStatus, Exclusion
from models.delivery import DeliveryStatus
from models.establishment import Establishment
from models.reminder import Reminder
from schemas.campaign import CampaignOut, CampaignSummary, Progress, RecipientOut
from schemas.common import Page
from services.campaign.hold import can_be_cancelled
from services.campaign.pace import expected_end
from services.paging import decode_cursor, encode_cursor

S = DeliveryStatus

BEST_FIRST = [
    S.delivered,
    S.sending,
    S.unknown,
    S.queued,
    S.scheduled,
    S.sent,
    S.undelivered,
    S.failed,
    S.suppressed,
    S.expired,
    S.cancelled,
]
"""What a reminder with several deliveries counts as: a receipt may come after the next channel."""

# One look by key for each reminder, whatever else there is (decision 0041).
_STATES = text(
    """
    select (cast(:best_first as text[]))[d.place] as status, count(*) from reminders r
    cross join lateral (
        select min(array_position(cast(:best_first as text[]), status::text)) as place
        from deliveries where reminder_id = r.id
    ) d
    where r.campaign_id = :campaign_id and d.place is not null group by d.place
    """
)


def view(session: ScopedSession, establishment: Establishment, campaign: Campaign) -> CampaignOut:
    """A campaign with its progress."""
    summary = CampaignSummary.model_validate(campaign)
    return CampaignOut.model_validate(
        dict(summary)
        | {
            "texts": campaign.texts,
            "value_names": campaign.value_names or [],
            "template": campaign.template,
            "channels": campaign.channels,
            "filter": campaign.filter,
            "valid_for": campaign.validity_seconds,
            "valid_until": campaign.valid_until,
            "rate_per_minute": campaign.rate_per_minute,
            "created_by": campaign.created_by,
            "updated_at": campaign.updated_at,
            "version": campaign.version,
            "can_be_cancelled": can_be_cancelled(session, campaign),
            "progress": progress(session, establishment, campaign),
        }
    )


def progress(session: ScopedSession, establishment: Establishment, campaign: Campaign) -> Progress:
    """How far a campaign is."""
    asked = {"campaign_id": campaign.id, "best_first": BEST_FIRST}
    states: Counter[str] = Counter(dict(_pairs(session.execute(_STATES, asked))))
    excluded = dict(
        _pairs(
            session.execute(
                select(CampaignRecipient.reason, func.count())
                .where(
                    CampaignRecipient.campaign_id == campaign.id,
                    CampaignRecipient.reason.is_not(None),
                )
                .group_by(CampaignRecipient.reason)
            )
        )
    )
    cancelled = campaign.status == CampaignStatus.cancelled
    unmade = campaign.total - campaign.cursor
    return Progress(
        total=campaign.total,
        to_come=0 if cancelled else unmade,
        made=states.total(),
        queued=states[S.scheduled] + states[S.queued],
        sending=states[S.sending] + states[S.unknown],
        sent=states[S.sent],
        delivered=states[S.delivered],
        failed=states[S.failed] + states[S.undelivered] + states[S.suppressed],
        expired=states[S.expired],
        cancelled=states[S.cancelled] + (unmade if cancelled else 0),
        excluded={Exclusion(reason): count for reason, count in excluded.items()},
        rate_per_minute=campaign.rate_per_minute,
        expected_end=_expected_end(session, establishment, campaign),
    )


def _pairs(rows: Any) -> list[tuple[str, int]]:
    return [(name, count) for name, count in rows]


def _expected_end(
    session: ScopedSession, establishment: Establishment, campaign: Campaign
) -> datetime | None:
    """When the last message leaves if the carrier keeps up with the pace."""
    if campaign.status != CampaignStatus.running or campaign.valid_until is None:
        return None
    now: datetime = session.execute(select(func.now())).scalar_one()
    start = max(campaign.next_slot or now, now)
    left = campaign.total - campaign.cursor
    return expected_end(establishment, campaign.rate_per_minute, start, left, campaign.valid_until)


def summaries(
    session: ScopedSession, *, status: CampaignStatus | None, cursor: str | None, limit: int
) -> Page[CampaignSummary]:
    """A page of campaigns, the newest first."""
    wanted = select(Campaign)
    if status is not None:
        wanted = wanted.where(Campaign.status == status)
    if cursor is not None:
        wanted = wanted.where(
            tuple_(Campaign.created_at, Campaign.id) < tuple_(*decode_cursor(cursor))
        )
    rows = session.scalars(
        wanted.order_by(Campaign.created_at.desc(), Campaign.id.desc()).limit(limit + 1)
    ).all()
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(
        items=[CampaignSummary.model_validate(row) for row in shown],
        cursor=encode_cursor(shown[-1].created_at, shown[-1].id) if more else None,
    )


def recipients(
    session: ScopedSession,
    campaign: Campaign,
    *,
    reason: Exclusion | None,
    cursor: str | None,
    limit: int,
) -> Page[RecipientOut]:
    """A page of a campaign's recipients, in the order of their turns: numbers only."""
    wanted = (
        select(
            CampaignRecipient.position,
            CampaignRecipient.contact_id,
            CampaignRecipient.reason,
            Reminder.id.label("reminder_id"),
            Reminder.status,
        )
        .outerjoin(
            Reminder,
            (Reminder.campaign_id == CampaignRecipient.campaign_id)
            & (Reminder.contact_id == CampaignRecipient.contact_id),
        )
        .where(CampaignRecipient.campaign_id == campaign.id)
    )
    if reason is not None:
        wanted = wanted.where(CampaignRecipient.reason == reason)
    if cursor is not None:
        wanted = wanted.where(CampaignRecipient.position > decode_cursor(cursor)[1])
    rows = session.execute(wanted.order_by(CampaignRecipient.position).limit(limit + 1)).all()
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(
        items=[RecipientOut.model_validate(row) for row in shown],
        cursor=encode_cursor(campaign.created_at, shown[-1].position) if more else None,
    )
