"""Contacts: the persons whom the hospital reaches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from typing import Any

from sqlalchemy import ScalarSelect, Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from database.session import ScopedSession
from models.address import Address
from models.contact import Contact
from schemas.common import Page
from schemas.contact import (
    ContactChange,
    ContactHoliday,
    ContactHolidayOut,
    ContactIn,
    ContactOut,
)
from services.audit import audit
from services.contact.address import address_for, address_index
from services.errors import Conflict, Invalid, NotFound
from services.identity import Principal
from services.paging import decode_cursor, encode_cursor
from utils.clock import parse_window, write_window
from utils.crypto import get_blind_index
from utils.email_address import normalise_email
from utils.phone import InvalidPhone, normalise_phone
from utils.text import name_prefixes, name_query

SHORTEST_NAME_SEARCH = 3
"""Letters of a name to search by: fewer would list half the hospital."""


def reference_index(session: ScopedSession, patient_id: str) -> bytes:
    """The blind index of a hospital's reference; upper and lower case are the same reference."""
    return get_blind_index().of("reference", patient_id.casefold(), session.establishment_id)


def name_tokens(session: ScopedSession, tokens: set[str]) -> list[int]:
    """The blind indexes of the beginnings of a name."""
    return get_blind_index().tokens("name", tokens, session.establishment_id)


def find_contact(session: ScopedSession, patient_id: str) -> Contact | None:
    """The contact with a reference, with phone and e-mail loaded; None when there is none."""
    return session.scalar(
        whole_contacts().where(Contact.patient_id_index == reference_index(session, patient_id))
    )


def whole_contacts() -> Select[Contact]:
    """Contacts with their phone and e-mail."""
    return select(Contact).options(joinedload(Contact.phone), joinedload(Contact.email))


def normal_phone(text: str, region: str, field: str = "phone_number") -> str:
    """A phone number in E.164; raises `Invalid` on `field`."""
    try:
        return normalise_phone(text, region)
    except InvalidPhone as error:
        raise Invalid(_sentence(error.reason), field=field, code=error.code) from error


def _sentence(reason: str) -> str:
    return reason[0].upper() + reason[1:] + "."


def normal_email(text: str, field: str = "email") -> str:
    """An e-mail address in one writing; raises `Invalid` on `field`."""
    normal = normalise_email(text)
    if normal is None:
        raise Invalid("This is not an e-mail address.", field=field, code="email_invalid")
    return normal


def create(session: ScopedSession, region: str, wanted: ContactIn, principal: Principal) -> Contact:
    """Store a contact; raises `Conflict` when its reference is taken, `Invalid` with the field."""
    phone = normal_phone(wanted.phone_number, region) if wanted.phone_number else None
    email = normal_email(wanted.email) if wanted.email else None
    number = session.scalar(
        insert(Contact)
        .values(
            patient_id=wanted.patient_id,
            patient_id_index=reference_index(session, wanted.patient_id),
            kind=wanted.kind,
            name=wanted.name,
            name_tokens=name_tokens(session, name_prefixes(wanted.name or "")),
            language=wanted.language,
            **quiet_columns(wanted.quiet_hours),
            **holiday_columns(wanted.holidays),
            phone_id=address_for(session, "phone", phone).id if phone else None,
            email_id=address_for(session, "email", email).id if email else None,
            version=1,
        )
        .on_conflict_do_nothing(index_elements=["patient_id_index"])
        .returning(Contact.id)
    )
    if number is None:
        _refuse_taken(session, wanted.patient_id)
    made = load(session, number or 0)
    audit(session, principal, "create", "contact", made.id, after=facts(made))
    return made


def quiet_columns(quiet_hours: str | None) -> dict[str, time | None]:
    """A contact's own quiet hours as they are stored."""
    start, end = parse_window(quiet_hours) if quiet_hours else (None, None)
    return {"quiet_start": start, "quiet_end": end}


def holiday_columns(holidays: Sequence[ContactHoliday]) -> dict[str, list[date]]:
    """A contact's own holidays as they are stored."""
    return {
        "holidays": [one.day for one in holidays if not one.every_year],
        "yearly_holidays": [one.day for one in holidays if one.every_year],
    }


def _shown_holidays(contact: Contact) -> list[ContactHolidayOut]:
    once = [ContactHolidayOut(day=day, every_year=False) for day in contact.holidays]
    return once + [ContactHolidayOut(day=day, every_year=True) for day in contact.yearly_holidays]


def _refuse_taken(session: ScopedSession, patient_id: str) -> None:
    taken = session.scalar(
        select(Contact.id).where(Contact.patient_id_index == reference_index(session, patient_id))
    )
    raise Conflict(
        "Another contact has this reference.",
        code="patient_id_taken",
        field="patient_id",
        row_id=taken,
    )


def load(session: ScopedSession, contact_id: int) -> Contact:
    """A contact with its addresses; raises `NotFound`."""
    found = session.scalar(
        whole_contacts().where(Contact.id == contact_id).execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("contact")
    return found


def read(session: ScopedSession, contact_id: int, principal: Principal) -> Contact:
    """A contact, for somebody to look at: that is noted. Raises `NotFound`."""
    found = load(session, contact_id)
    audit(session, principal, "read", "contact", found.id)
    return found


def lock_addresses(session: ScopedSession, contact_id: int) -> tuple[int | None, int | None]:
    """Lock a contact; the numbers of its phone and its e-mail address. Raises `NotFound`."""
    row = session.execute(
        select(Contact.phone_id, Contact.email_id).where(Contact.id == contact_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound("contact")
    return row.phone_id, row.email_id


def hold_addresses(session: ScopedSession, patient_id: str) -> None:
    """Have the addresses of a contact, if there is one, stay what they are until the commit.

    Whoever makes something that goes to them: a change waits, and finds it.
    """
    session.execute(
        select(Contact.id)
        .where(Contact.patient_id_index == reference_index(session, patient_id))
        .with_for_update(read=True, key_share=True)
    )


def change(
    session: ScopedSession,
    region: str,
    contact_id: int,
    wanted: ContactChange,
    *,
    expected_version: int | None,
    principal: Principal,
) -> Contact:
    """Change the fields that were sent; raises `Conflict` on a stale version or taken reference.

    By `services/reminder/contact_change.py` alone: what waits for an old address follows.
    """
    lock_addresses(session, contact_id)
    found = load(session, contact_id)
    if expected_version is not None and expected_version != found.version:
        raise Conflict(
            "Somebody has changed this contact meanwhile: read it again.", code="changed_meanwhile"
        )
    before = facts(found)
    _apply(session, region, found, wanted)
    session.flush()
    changed = load(session, contact_id)
    audit(session, principal, "change", "contact", found.id, before=before, after=facts(changed))
    return changed


def _apply(session: ScopedSession, region: str, found: Contact, wanted: ContactChange) -> None:
    sent = wanted.model_fields_set
    for field in ("patient_id", "kind"):
        if field in sent and getattr(wanted, field) is None:
            raise Invalid("This cannot be empty.", field=field, code="missing")
    if wanted.kind is not None:
        found.kind = wanted.kind
    if "name" in sent:
        found.name = wanted.name
        found.name_tokens = name_tokens(session, name_prefixes(wanted.name or ""))
    if "language" in sent:
        found.language = wanted.language
    if "quiet_hours" in sent:
        for column, value in quiet_columns(wanted.quiet_hours).items():
            setattr(found, column, value)
    if "holidays" in sent:
        for column, days in holiday_columns(wanted.holidays or ()).items():
            setattr(found, column, days)
    if "phone_number" in sent:
        phone = normal_phone(wanted.phone_number, region) if wanted.phone_number else None
        found.phone_id = address_for(session, "phone", phone).id if phone else None
    if "email" in sent:
        email = normal_email(wanted.email) if wanted.email else None
        found.email_id = address_for(session, "email", email).id if email else None
    # Last: an import makes its addresses first and then takes its references.
    if wanted.patient_id is not None and wanted.patient_id != found.patient_id:
        _rename(session, found, wanted.patient_id)


def _rename(session: ScopedSession, found: Contact, patient_id: str) -> None:
    index = reference_index(session, patient_id)
    holder = session.scalar(
        select(Contact.id).where(Contact.patient_id_index == index, Contact.id != found.id)
    )
    if holder is not None:
        _refuse_taken(session, patient_id)
    found.patient_id, found.patient_id_index = patient_id, index


def search(
    session: ScopedSession,
    region: str,
    principal: Principal,
    *,
    patient_id: str | None = None,
    phone: str | None = None,
    email: str | None = None,
    name: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[ContactOut]:
    """A page of the contacts that meet every condition, the newest first; noted as one reading.

    A phone leads to a whole family. `name` is the beginnings of one or more words.
    """
    wanted = whole_contacts()
    if patient_id is not None:
        wanted = wanted.where(Contact.patient_id_index == reference_index(session, patient_id))
    if phone is not None:
        number = normal_phone(phone, region, "query.phone")
        wanted = wanted.where(Contact.phone_id == _known_address(session, "phone", number))
    if email is not None:
        address = normal_email(email, "query.email")
        wanted = wanted.where(Contact.email_id == _known_address(session, "email", address))
    if name is not None:
        wanted = wanted.where(Contact.name_tokens.contains(_searched(session, name)))
    if cursor is not None:
        wanted = wanted.where(Contact.id < decode_cursor(cursor)[1])
    rows = session.scalars(wanted.order_by(Contact.id.desc()).limit(limit + 1)).all()
    shown = rows[:limit]
    if shown:
        ids = [contact.id for contact in shown]
        only = str(ids[0]) if len(ids) == 1 else "several"
        audit(session, principal, "read", "contact", only, after={"ids": ids})
    more = len(rows) > limit
    return Page(
        items=[view(contact) for contact in shown],
        cursor=encode_cursor(shown[-1].created_at, shown[-1].id) if more else None,
    )


def _known_address(session: ScopedSession, kind: str, value: str) -> ScalarSelect[int]:
    return (
        select(Address.id)
        .where(Address.kind == kind, Address.value_index == address_index(session, kind, value))
        .scalar_subquery()
    )


def _searched(session: ScopedSession, name: str) -> list[int]:
    words = name_query(name)
    if sum(map(len, words)) < SHORTEST_NAME_SEARCH:
        raise Invalid(
            f"At least {SHORTEST_NAME_SEARCH} letters.", field="query.name", code="name_too_short"
        )
    return name_tokens(session, words)


def view(contact: Contact) -> ContactOut:
    """A contact as it is shown."""
    return ContactOut(
        id=contact.id,
        patient_id=contact.patient_id,
        kind=contact.kind,
        name=contact.name,
        phone_number=contact.phone.value if contact.phone else None,
        email=contact.email.value if contact.email else None,
        language=contact.language,
        quiet_hours=write_window(contact.quiet_start, contact.quiet_end),
        holidays=_shown_holidays(contact),
        created_at=contact.created_at,
        updated_at=contact.updated_at,
        version=contact.version,
    )


def facts(contact: Contact) -> dict[str, Any]:
    """A contact as the audit keeps it (sealed)."""
    return view(contact).model_dump(
        mode="json", exclude={"id", "created_at", "updated_at", "version"}
    )
