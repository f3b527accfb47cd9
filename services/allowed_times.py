"""When an establishment lets messages go out: the same answer for a plan and for a sending."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from database.session import ScopedSession
from models.contact import Contact
from models.establishment import Establishment
from models.reminder import Reminder
from utils.clock import AllowedTimes


def allowed_times(establishment: Establishment, contact: Contact | None = None) -> AllowedTimes:
    """Quiet hours and holidays of an establishment, and a contact's own quiet hours."""
    holidays = establishment.holidays
    times = AllowedTimes(
        establishment.zone,
        holidays=frozenset(h.day for h in holidays if not h.every_year),
        yearly=frozenset((h.day.month, h.day.day) for h in holidays if h.every_year),
    )
    for owner in (establishment, contact):
        if owner is not None and owner.quiet_start is not None and owner.quiet_end is not None:
            times = times.also_quiet(owner.quiet_start, owner.quiet_end)
    return times


def times_of_reminder(session: ScopedSession, reminder: Reminder) -> AllowedTimes:
    """When a stored reminder may go out."""
    establishment = session.scalars(
        select(Establishment)
        .where(Establishment.id == session.establishment_id)
        .options(selectinload(Establishment.holidays))
    ).one()
    contact = session.get(Contact, reminder.contact_id) if reminder.contact_id else None
    return allowed_times(establishment, contact)
