"""Campaigns: drafted, changed, started, paused, resumed, cancelled by staff.

What a worker does with a running one is in `services/campaign/expansion.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text

from database.session import ScopedSession
from models.campaign import Campaign, CampaignStatus
from models.establishment import Establishment
from schemas.campaign import CampaignChange, CampaignFilter, CampaignIn
from services.audit import audit
from services.campaign.audience import by_position, fix_recipients, forget_values, listed
from services.campaign.hold import call_off, can_be_cancelled, hold, release
from services.campaign.shown import Named
from services.campaign.words import checked_texts, texts_of_template
from services.errors import Conflict, Invalid, NotFound
from services.identity import Principal
from services.timing import check_validity, moment_of

EXPAND = "workers.campaign.expand"
S = CampaignStatus

_CHANGED_BY_ALL = frozenset({"name", "rate_per_minute"})
"""What may be changed of a campaign that has been started."""
_MAY_BE_NONE = frozenset({"channels", "scheduled_time"})
"""Null in these is a value: the usual channels, as soon as it is started."""


def draft(wanted: CampaignIn, establishment: Establishment, actor: str) -> Campaign:
    """A campaign as wanted, not stored: also what a dry run works on. Raises `Invalid`."""
    check_validity(wanted.valid_for)
    return Campaign(
        name=wanted.name,
        texts=_texts(wanted, wanted.value_names),
        value_names=wanted.value_names or None,
        template=wanted.template,
        channels=[channel.value for channel in wanted.channels] if wanted.channels else None,
        filter=stored_filter(wanted.filter, establishment),
        scheduled_time=(
            moment_of(wanted.scheduled_time, establishment) if wanted.scheduled_time else None
        ),
        validity_seconds=int(wanted.valid_for.total_seconds()),
        rate_per_minute=wanted.rate_per_minute,
        status=S.draft,
        cursor=0,
        created_by=actor,
    )


def _texts(
    wanted: CampaignIn | CampaignChange, value_names: Collection[str] | None
) -> dict[str, str]:
    if wanted.template is not None:
        return texts_of_template(wanted.template, wanted.parameters, value_names or ())
    return checked_texts(wanted.texts or {}, value_names or ())


def stored_filter(
    wanted: CampaignFilter | None, establishment: Establishment
) -> dict[str, Any] | None:
    """A filter as it is kept: moments with their offset."""
    if wanted is None:
        return None
    moments = {
        field: moment_of(moment, establishment).isoformat()
        for field in ("created_since", "created_before")
        if (moment := getattr(wanted, field)) is not None
    }
    return wanted.model_dump(mode="json", exclude_none=True) | moments


def create(
    session: ScopedSession, establishment: Establishment, wanted: CampaignIn, principal: Principal
) -> Campaign:
    """Store a draft."""
    made = draft(wanted, establishment, principal.actor)
    session.add(made)
    session.flush()
    session.refresh(made)
    audit(session, principal, "create", "campaign", made.id, after=facts(made))
    return made


def facts(campaign: Campaign) -> dict[str, Any]:
    """A campaign as the audit keeps it (sealed)."""
    scheduled = campaign.scheduled_time
    return {
        "name": campaign.name,
        "texts": campaign.texts,
        "value_names": campaign.value_names,
        "channels": campaign.channels,
        "filter": campaign.filter,
        "scheduled_time": scheduled.isoformat() if scheduled else None,
        "validity_seconds": campaign.validity_seconds,
        "rate_per_minute": campaign.rate_per_minute,
        "status": campaign.status,
        "total": campaign.total,
    }


def read(session: ScopedSession, campaign_id: int) -> Campaign:
    """A campaign; raises `NotFound`."""
    found = session.get(Campaign, campaign_id)
    if found is None:
        raise NotFound("campaign")
    return found


def under_way(session: ScopedSession) -> int:
    """How many campaigns were started and have not ended, paused ones included."""
    wanted = select(func.count()).where(Campaign.status.in_((S.running, S.paused)))
    return session.scalars(wanted).one()


def lock(session: ScopedSession, campaign_id: int, expected_version: int | None) -> Campaign:
    """A campaign, locked until the transaction ends; raises `NotFound`, `Conflict` when stale."""
    found = session.get(Campaign, campaign_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("campaign")
    if expected_version is not None and expected_version != found.version:
        raise Conflict(
            "Somebody has changed this campaign meanwhile: read it again.", code="changed_meanwhile"
        )
    return found


def change(
    session: ScopedSession,
    establishment: Establishment,
    campaign_id: int,
    wanted: CampaignChange,
    *,
    expected_version: int | None,
    principal: Principal,
) -> Campaign:
    """Change a draft, or the name and the rate of one that was started; raises `Conflict`."""
    campaign = lock(session, campaign_id, expected_version)
    _require(campaign, S.draft, S.running, S.paused)
    sent = {
        name
        for name in wanted.model_fields_set
        if name in _MAY_BE_NONE or getattr(wanted, name) is not None
    }
    if campaign.status != S.draft and sent - _CHANGED_BY_ALL:
        raise Conflict(
            "Of a campaign that was started only the name and the rate can be changed.",
            code="already_started",
            fields=sorted(sent - _CHANGED_BY_ALL),
        )
    before = facts(campaign)
    for field, value in _changes(wanted, establishment, campaign).items():
        setattr(campaign, field, value)
    if "filter" in sent and (campaign.value_names or listed(session, campaign.id)):
        raise Conflict("This campaign has an explicit list already.", code="has_list")
    session.flush()
    audit(
        session, principal, "change", "campaign", campaign.id, before=before, after=facts(campaign)
    )
    return campaign


def _changes(
    wanted: CampaignChange, establishment: Establishment, campaign: Campaign
) -> Mapping[str, Any]:
    """The columns that a change sets."""
    changes: dict[str, Any] = {}
    if wanted.name is not None:
        changes["name"] = wanted.name
    if wanted.texts is not None or wanted.template is not None:
        changes |= {"texts": _texts(wanted, campaign.value_names), "template": wanted.template}
    if "channels" in wanted.model_fields_set:
        changes["channels"] = [one.value for one in wanted.channels] if wanted.channels else None
    if wanted.filter is not None:
        changes["filter"] = stored_filter(wanted.filter, establishment)
    if "scheduled_time" in wanted.model_fields_set:
        given = wanted.scheduled_time
        changes["scheduled_time"] = moment_of(given, establishment) if given else None
    if wanted.valid_for is not None:
        check_validity(wanted.valid_for)
        changes["validity_seconds"] = int(wanted.valid_for.total_seconds())
    if wanted.rate_per_minute is not None:
        changes["rate_per_minute"] = wanted.rate_per_minute
    return changes


def _require(campaign: Campaign, *allowed: CampaignStatus) -> None:
    if campaign.status not in allowed:
        raise _not_now(campaign)


def _not_now(campaign: Campaign) -> Conflict:
    return Conflict(
        f"This campaign is {campaign.status}: that cannot be done with it now.",
        code=f"campaign_{campaign.status}",
    )


def start(
    session: ScopedSession,
    campaign_id: int,
    expected_version: int | None,
    principal: Principal,
    named: Named | None = None,
) -> Campaign:
    """Fix who gets it, and let it run. Raises `Conflict`, `Invalid` when it can reach nobody.

    With `named` raises `Outdated` when that dry run did not show those who have been fixed.
    """
    campaign = lock(session, campaign_id, expected_version)
    _require(campaign, S.draft)
    now = _now(session)
    starts = max(campaign.scheduled_time or now, now)
    validity = timedelta(seconds=campaign.validity_seconds)
    valid_until = (campaign.scheduled_time or now) + validity
    if valid_until <= starts:
        raise Invalid(
            "This time has passed, and the messages would no longer be valid.",
            field="scheduled_time",
            code="scheduled_time_past",
        )
    by_list = campaign.filter is None
    total = listed(session, campaign.id) if by_list else fix_recipients(session, campaign)
    if not total:
        raise Invalid(
            "Nobody would get this campaign.",
            field="patient_ids" if by_list else "filter",
            code="nobody",
        )
    if named is not None:
        named.refuse_another(campaign, by_position(session, campaign.id, 0))
    campaign.total, campaign.status, campaign.started_at = total, S.running, now
    campaign.next_slot, campaign.expand_at, campaign.valid_until = starts, now, valid_until
    _note(session, principal, "start", campaign)
    session.enqueue(EXPAND, campaign.id)
    return campaign


def pause(
    session: ScopedSession, campaign_id: int, expected_version: int | None, principal: Principal
) -> tuple[Campaign, int]:
    """Let nothing more leave; also how many messages are with the carrier already."""
    campaign = lock(session, campaign_id, expected_version)
    if campaign.status == S.paused:
        return campaign, 0
    _require(campaign, S.running)
    campaign.status = S.paused
    _note(session, principal, "pause", campaign)
    return campaign, hold(session, campaign)


def resume(
    session: ScopedSession,
    establishment: Establishment,
    campaign_id: int,
    expected_version: int | None,
    principal: Principal,
) -> Campaign:
    """Go on at the pace, from now; what is no longer valid by then expires."""
    campaign = lock(session, campaign_id, expected_version)
    if campaign.status == S.running:
        return campaign
    _require(campaign, S.paused)
    now = _now(session)
    campaign.status, campaign.expand_at = S.running, now
    _note(session, principal, "resume", campaign)
    release(session, establishment, campaign, now)
    session.enqueue(EXPAND, campaign.id)
    return campaign


def cancel(
    session: ScopedSession, campaign_id: int, expected_version: int | None, principal: Principal
) -> tuple[Campaign, int]:
    """Cancel what has not left; also how many messages are with the carrier already.

    One that is done, too, as long as another channel may follow; else raises `Conflict`.
    """
    campaign = lock(session, campaign_id, expected_version)
    if campaign.status == S.cancelled:
        return campaign, 0
    if not can_be_cancelled(session, campaign):
        raise _not_now(campaign)
    campaign.status, campaign.ended_at = S.cancelled, _now(session)
    forget_values(session, campaign)
    _note(session, principal, "cancel", campaign)
    return campaign, call_off(session, campaign)


def _note(session: ScopedSession, principal: Principal, action: str, campaign: Campaign) -> None:
    session.flush()
    audit(session, principal, action, "campaign", campaign.id, after=facts(campaign))


def find_expandable(session: ScopedSession, lease: float) -> int:
    """Hand running campaigns whose time has come to the workers; how many there were.

    Each is given `lease` seconds: when its job is lost (Redis was flushed, a worker died) it is
    handed over again after that.
    """
    ids = session.scalars(
        text(
            "update campaigns set expand_at = now() + make_interval(secs => :lease)"
            " where id in (select id from campaigns where status = 'running' and expand_at <= now()"
            " for update skip locked) returning id"
        ),
        {"lease": lease},
    ).all()
    for campaign_id in ids:
        session.enqueue(EXPAND, campaign_id)
    return len(ids)


def _now(session: ScopedSession) -> datetime:
    """The database's clock: what is due is compared with it."""
    return session.execute(select(text("now()"))).scalar_one()  # type: ignore[no-any-return]
