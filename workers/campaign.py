"""Jobs on campaigns. Ids in, nothing out."""

from __future__ import annotations

from datetime import timedelta

from database.session import Job
from models.reminder import Channel
from services.campaign.campaigns import EXPAND
from services.campaign.expansion import expand as expand_batch
from utils.failpoint import reached
from workers.context import get_context

AHEAD_SWEEPS = 3
"""Reminders are made so many sweeps ahead of their time: a sweep hands a campaign over again."""
MOST_BATCHES = 2
"""In one job: what is to be sent at this moment waits behind it no longer than that."""


def expand(establishment_id: int, ids: list[int]) -> None:
    """Make campaigns' next reminders, as far as their pace allows.

    Killed anywhere, a batch is stored whole or not at all, and the campaign is handed over again
    when the lease on it has run out.
    """
    context = get_context()
    establishment = context.directory.get(establishment_id)
    channels = {
        channel for channel in Channel if context.directory.sender(establishment_id, channel)
    }
    ahead = timedelta(seconds=AHEAD_SWEEPS * context.settings.engine.sweep)
    for campaign_id in ids:
        for _ in range(MOST_BATCHES):
            reached("campaign.before_batch")
            with context.database.establishment(establishment_id) as session:
                more = expand_batch(session, establishment, channels, campaign_id, ahead)
                reached("campaign.before_commit")
            reached("campaign.after_commit")
            if not more:
                break
        else:
            context.queue.put(Job(EXPAND, establishment_id, (campaign_id,)))
