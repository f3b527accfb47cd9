"""Contacts: the persons whom the hospital reaches."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from database.session import ScopedSession
from models.contact import Contact
from utils.crypto import get_blind_index


def reference_index(session: ScopedSession, patient_id: str) -> bytes:
    """The blind index of a hospital's reference; upper and lower case are the same reference."""
    return get_blind_index().of("reference", patient_id.casefold(), session.establishment_id)


def find_contact(session: ScopedSession, patient_id: str) -> Contact | None:
    """The contact with a reference, with phone and e-mail loaded; None when there is none."""
    return session.scalar(
        select(Contact)
        .where(Contact.patient_id_index == reference_index(session, patient_id))
        .options(joinedload(Contact.phone), joinedload(Contact.email))
    )
