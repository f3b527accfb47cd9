"""When an establishment lets messages go out: the same answer for a plan and for a sending."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from database.session import ScopedSession
from models.contact import Contact
from models.establishment import Establishment
from models.reminder import Reminder
from utils.clock import AllowedTimes


class OwnTimes(Protocol):
    """When a contact wants nothing: a `Contact`, or a row of a query with these columns."""

    @property
    def quiet_start(self) -> time | None: ...
    @property
    def quiet_end(self) -> time | None: ...
    @property
    def holidays(self) -> Sequence[date] | None: ...
    @property
    def yearly_holidays(self) -> Sequence[date] | None: ...


def allowed_times(establishment: Establishment, contact: Contact | None = None) -> AllowedTimes:
    """Quiet hours and holidays of an establishment, and a contact's own."""
    holidays = establishment.holidays
    times = AllowedTimes(
        establishment.zone,
        holidays=frozenset(h.day for h in holidays if not h.every_year),
        yearly=frozenset((h.day.month, h.day.day) for h in holidays if h.every_year),
    )
    if establishment.quiet_start is not None and establishment.quiet_end is not None:
        times = times.also_quiet(establishment.quiet_start, establishment.quiet_end)
    return times if contact is None else with_own(times, contact)


def with_own(times: AllowedTimes, own: OwnTimes) -> AllowedTimes:
    """An establishment's times without those in which a contact wants nothing."""
    if own.quiet_start is not None and own.quiet_end is not None:
        times = times.also_quiet(own.quiet_start, own.quiet_end)
    if own.holidays or own.yearly_holidays:
        times = times.also_closed(own.holidays or (), own.yearly_holidays or ())
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
