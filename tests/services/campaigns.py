"""Campaigns for tests, over the services that the routes call."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, text

from models.campaign import Campaign
from models.due import Due
from models.establishment import Establishment
from models.user import Role
from schemas.campaign import CampaignIn, CampaignPreview, Progress
from schemas.contact import ContactIn
from services.campaign import campaigns
from services.campaign.expansion import expand
from services.campaign.listed import add, numbered
from services.campaign.preview import preview, recipients_of
from services.campaign.view import progress
from services.contact.contacts import create as create_contact
from services.identity import Principal
from tests.fixtures import NORTH, owned
from tests.services.deliveries import now

STAFF = Principal(establishment_id=NORTH, actor="user:1", role=Role.staff, user_id=1)
AHEAD = timedelta(seconds=15)
EVERY = frozenset({"sms", "voice", "email"})
TEXTS = {"french": "La pharmacie est fermée demain.", "english": "The pharmacy is closed tomorrow."}


def place(number: int = NORTH) -> Establishment:
    """An establishment as the directory knows it."""
    from workers.context import get_context

    return get_context().directory.get(number)


def contact(database: Any, reference: str, phone: str | None = None, **more: Any) -> int:
    with database.establishment(NORTH) as session:
        wanted = ContactIn(patient_id=reference, phone_number=phone, **more)
        return create_contact(session, "CM", wanted, STAFF).id


def phone(number: int) -> str:
    """The number-th of Cameroon's fictional phones."""
    return f"+2376500{number:05d}"


def contacts(database: Any, count: int, start: int = 0, **more: Any) -> list[int]:
    return [contact(database, f"P{n}", phone(n), **more) for n in range(start, start + count)]


def wanted(**more: Any) -> CampaignIn:
    given = {"name": "Pharmacie", "texts": TEXTS, "filter": {}, "rate_per_minute": 6000} | more
    return CampaignIn.model_validate(given)


def draft(database: Any, establishment: Establishment | None = None, **more: Any) -> int:
    body = wanted(**more)
    with database.establishment(NORTH) as session:
        made = campaigns.create(session, establishment or place(), body, STAFF)
        if body.patient_ids is not None:
            add(session, made, numbered(body.patient_ids), STAFF)
        return made.id


def start(database: Any, campaign: int) -> None:
    with database.establishment(NORTH) as session:
        campaigns.start(session, campaign, None, STAFF)


def started(database: Any, **more: Any) -> int:
    number = draft(database, **more)
    start(database, number)
    return number


def step(database: Any, campaign: int, channels: Sequence[str] | frozenset[str] = EVERY) -> bool:
    """One batch."""
    with database.establishment(NORTH) as session:
        return expand(session, place(), channels, campaign, AHEAD)


def expand_all(database: Any, campaign: int) -> None:
    """As a worker does it."""
    while step(database, campaign):
        pass


def until_due(database: Any) -> None:
    """Wait until all that was made is due: at the usual pace each a hundredth of a second later."""
    with database.establishment(NORTH) as session:
        last = session.scalar(select(func.max(Due.due_at)).where(Due.establishment_id == NORTH))
        wait = (last - session.now()).total_seconds()
    assert wait < 1, "this pace is not for waiting"
    time.sleep(max(0.0, wait))


def dry_run(
    database: Any, campaign: int, establishment: Establishment | None = None
) -> CampaignPreview:
    with database.establishment(NORTH) as session:
        row = campaigns.read(session, campaign)
        found = recipients_of(session, row)
        return preview(session, establishment or place(), EVERY, row, found, now())


def read(database: Any, campaign: int) -> Campaign:
    with database.establishment(NORTH) as session:
        return campaigns.read(session, campaign)


def seen(database: Any, campaign: int) -> Progress:
    with database.establishment(NORTH) as session:
        return progress(session, place(), campaigns.read(session, campaign))


def reasons(database: Any, campaign: int) -> dict[str, int]:
    return {reason.value: count for reason, count in seen(database, campaign).excluded.items()}


def rows(owner: Any, statement: str, **parameters: Any) -> list[Any]:
    with owned(owner) as connection:
        return list(connection.execute(text(statement), parameters).all())


def quiet(start: Any, end: Any) -> Establishment:
    """The northern hospital, if it had quiet hours."""
    known = place()
    fields = {c.name: getattr(known, c.name) for c in Establishment.__table__.columns}
    return Establishment(**fields | {"quiet_start": start, "quiet_end": end})


MADE = "select d.id, d.due_at, d.channel from deliveries d order by d.id"


def all_due(owner: Any) -> None:
    """As if the time of everything in the due queue had come."""
    with owned(owner) as connection:
        connection.execute(text("update shared.due set due_at = now() where claimed_until is null"))


def made(owner: Any) -> list[int]:
    return [row.id for row in rows(owner, MADE)]
