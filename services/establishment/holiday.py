"""Holidays: local days on which an establishment sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from database.session import ScopedSession
from models.establishment import Establishment, Holiday
from schemas.establishment import HolidayIn, HolidayOut
from services.audit import audit
from services.errors import Conflict, Invalid, NotFound
from services.identity import Principal

MOST_HOLIDAYS = 366
"""Of one establishment: processes keep them all in memory."""


def listed(session: Session, establishment_id: int) -> Sequence[Holiday]:
    """All holidays of an establishment, by day."""
    wanted = select(Holiday).where(Holiday.establishment_id == establishment_id)
    return session.scalars(wanted.order_by(Holiday.day)).all()


def add(session: Session, establishment_id: int, wanted: HolidayIn) -> Holiday:
    """Store a holiday; raises `Conflict` when the day is one already, `Invalid` for too many."""
    # Two at once wait for each other, so that there are never more than there may be.
    session.get_one(Establishment, establishment_id, with_for_update=True)
    known = session.scalar(select(func.count()).where(Holiday.establishment_id == establishment_id))
    if known is not None and known >= MOST_HOLIDAYS:
        raise Invalid(f"At most {MOST_HOLIDAYS} holidays.", field="day", code="too_many")
    number = session.scalar(
        insert(Holiday)
        .values(establishment_id=establishment_id, **wanted.model_dump())
        .on_conflict_do_nothing(index_elements=["establishment_id", "day"])
        .returning(Holiday.id)
    )
    if number is None:
        raise Conflict("This day is a holiday already.", code="day_taken", field="day")
    return session.get_one(Holiday, number)


def remove(session: Session, establishment_id: int, day: date) -> None:
    """Take a day out; raises `NotFound`."""
    gone = session.scalar(
        delete(Holiday)
        .where(Holiday.establishment_id == establishment_id, Holiday.day == day)
        .returning(Holiday.id)
    )
    if gone is None:
        raise NotFound("holiday")


def add_audited(session: ScopedSession, wanted: HolidayIn, principal: Principal) -> HolidayOut:
    """`add` for a person."""
    made = HolidayOut.model_validate(add(session, principal.establishment_id, wanted))
    audit(session, principal, "create", "holiday", made.id, after=made.model_dump(mode="json"))
    return made


def remove_audited(session: ScopedSession, holiday_id: int, principal: Principal) -> None:
    """Take a holiday out, for a person; raises `NotFound`."""
    found = session.scalar(
        select(Holiday)
        .where(Holiday.id == holiday_id, Holiday.establishment_id == principal.establishment_id)
        .with_for_update()
    )
    if found is None:
        raise NotFound("holiday")
    before = HolidayOut.model_validate(found).model_dump(mode="json")
    session.delete(found)
    audit(session, principal, "delete", "holiday", holiday_id, before=before)
