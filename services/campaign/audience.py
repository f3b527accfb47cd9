"""A campaign's recipients: chosen by a filter, listed, or fixed; read in chunks, never whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Select,
    delete,
    func,
    insert,
    literal,
    select,
    type_coerce,
)
from sqlalchemy.orm import aliased

from database.session import ScopedSession
from models.address import Address
from models.campaign import Campaign, CampaignRecipient, CampaignValues
from models.contact import Contact
from services.campaign.choice import Candidate

CHUNK = 1000
"""Recipients in memory at once."""

_Phone, _Email = aliased(Address), aliased(Address)
# Sealed columns stay sealed here: to count nobody's name is opened.
_COLUMNS: tuple[Any, ...] = (
    Contact.id.label("here"),
    Contact.language,
    Contact.phone_id,
    _Phone.opted_out_at.is_not(None).label("phone_stopped"),
    Contact.email_id,
    _Email.opted_out_at.is_not(None).label("email_stopped"),
    type_coerce(Contact.name, LargeBinary).label("name"),
    type_coerce(Contact.patient_id, LargeBinary).label("patient_id"),
    Contact.patient_id_index,
    Contact.quiet_start,
    Contact.quiet_end,
    Contact.holidays,
    Contact.yearly_holidays,
)


def conditions(wanted: dict[str, Any]) -> list[ColumnElement[bool]]:
    """A stored filter as conditions on `contacts`."""
    found: list[ColumnElement[bool]] = []
    if wanted.get("kind"):
        found.append(Contact.kind.in_(wanted["kind"]))
    if wanted.get("language"):
        found.append(Contact.language.in_(wanted["language"]))
    for field, column in (("has_phone", Contact.phone_id), ("has_email", Contact.email_id)):
        if wanted.get(field) is not None:
            found.append(column.is_not(None) if wanted[field] else column.is_(None))
    if wanted.get("created_since"):
        found.append(Contact.created_at >= datetime.fromisoformat(wanted["created_since"]))
    if wanted.get("created_before"):
        found.append(Contact.created_at < datetime.fromisoformat(wanted["created_before"]))
    return found


def fix_recipients(session: ScopedSession, campaign: Campaign) -> int:
    """Write down who the filter means now, in the order of their numbers; how many there are."""
    assert campaign.filter is not None
    session.execute(
        insert(CampaignRecipient).from_select(
            ["campaign_id", "position", "contact_id"],
            select(
                literal(campaign.id), func.row_number().over(order_by=Contact.id), Contact.id
            ).where(*conditions(campaign.filter)),
        )
    )
    return listed(session, campaign.id)


def listed(session: ScopedSession, campaign_id: int) -> int:
    """How many recipients a campaign has written down."""
    return session.scalars(
        select(func.coalesce(func.max(CampaignRecipient.position), 0)).where(
            CampaignRecipient.campaign_id == campaign_id
        )
    ).one()


def forget_values(session: ScopedSession, campaign: Campaign) -> None:
    """Nobody else's turn comes: what recipients have of their own is no longer needed."""
    if campaign.value_names:
        session.execute(delete(CampaignValues).where(CampaignValues.campaign_id == campaign.id))


def by_language(session: ScopedSession, wanted: dict[str, Any]) -> Counter[str | None]:
    """How many contacts a filter means now, by the language that they have chosen."""
    rows = session.execute(
        select(Contact.language, func.count().label("contacts"))
        .where(*conditions(wanted))
        .group_by(Contact.language)
    )
    return Counter({row.language: row.contacts for row in rows})


def by_filter(session: ScopedSession, wanted: dict[str, Any]) -> Iterator[Candidate]:
    """Everybody whom a filter means now, in the order of their numbers."""
    last = 0
    while True:
        found = _read(
            session,
            select(Contact.id.label("contact_id"), Contact.id.label("position"), *_COLUMNS)
            .select_from(Contact)
            .where(*conditions(wanted), Contact.id > last)
            .order_by(Contact.id)
            .limit(CHUNK),
        )
        yield from found
        if len(found) < CHUNK:
            return
        last = found[-1].contact_id


def by_numbers(session: ScopedSession, contact_ids: Sequence[int]) -> Iterator[Candidate]:
    """The contacts with these numbers, chunk by chunk in the order given."""
    for start in range(0, len(contact_ids), CHUNK):
        chunk = contact_ids[start : start + CHUNK]
        found = _read(
            session,
            select(Contact.id.label("contact_id"), Contact.id.label("position"), *_COLUMNS)
            .select_from(Contact)
            .where(Contact.id.in_(chunk)),
        )
        place = {number: position for position, number in enumerate(chunk)}
        yield from sorted(found, key=lambda candidate: place[candidate.contact_id])


def hold_addresses(session: ScopedSession, campaign_id: int, after: int, limit: int) -> None:
    """Have the addresses of the next recipients stay what they are until the commit.

    Whoever changes one waits, and finds what was made for it (decision 0044).
    """
    session.execute(
        select(Contact.id)
        .select_from(CampaignRecipient)
        .join(Contact, Contact.id == CampaignRecipient.contact_id)
        .where(CampaignRecipient.campaign_id == campaign_id, CampaignRecipient.position > after)
        .order_by(CampaignRecipient.position)
        .limit(limit)
        .with_for_update(read=True, key_share=True, of=Contact)
    )


def by_position(
    session: ScopedSession, campaign_id: int, after: int, limit: int | None = None
) -> Iterator[Candidate]:
    """The recipients written down after a position, in order, at most `limit`."""
    left = limit
    while left is None or left > 0:
        size = CHUNK if left is None else min(CHUNK, left)
        found = _read(
            session,
            select(
                CampaignRecipient.contact_id,
                CampaignRecipient.position,
                *_COLUMNS,
                type_coerce(CampaignValues.values, LargeBinary).label("own"),
            )
            .select_from(CampaignRecipient)
            .outerjoin(Contact, Contact.id == CampaignRecipient.contact_id)
            .outerjoin(
                CampaignValues,
                (CampaignValues.campaign_id == CampaignRecipient.campaign_id)
                & (CampaignValues.contact_id == CampaignRecipient.contact_id),
            )
            .where(CampaignRecipient.campaign_id == campaign_id, CampaignRecipient.position > after)
            .order_by(CampaignRecipient.position)
            .limit(size),
        )
        yield from found
        if len(found) < size:
            return
        after = found[-1].position
        left = None if left is None else left - size


def _read(session: ScopedSession, wanted: Select[*tuple[Any, ...]]) -> list[Candidate]:
    joined = wanted.outerjoin(_Phone, _Phone.id == Contact.phone_id).outerjoin(
        _Email, _Email.id == Contact.email_id
    )
    return [
        Candidate(
            position=row.position,
            contact_id=row.contact_id,
            here=row.here is not None,
            language=row.language,
            phone_id=row.phone_id,
            phone_stopped=row.phone_stopped,
            email_id=row.email_id,
            email_stopped=row.email_stopped,
            name=_bytes(row.name),
            patient_id=_bytes(row.patient_id),
            patient_id_index=_bytes(row.patient_id_index),
            quiet_start=row.quiet_start,
            quiet_end=row.quiet_end,
            holidays=row.holidays,
            yearly_holidays=row.yearly_holidays,
            values=_bytes(getattr(row, "own", None)),
        )
        for row in session.execute(joined)
    ]


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)
