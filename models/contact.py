"""A person whom the hospital reaches."""

from __future__ import annotations

from datetime import date, datetime, time

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Time,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, MappedColumn, mapped_column, relationship

from database.types import Sealed
from models.address import Address
from models.base import Base, Created, Numbered

MOST_HOLIDAYS = 100
"""Of one contact: they are read with each of its deliveries."""


def _days(doc: str) -> MappedColumn[list[date]]:
    return mapped_column(ARRAY(Date), server_default=text("'{}'"), default=list, doc=doc)


class Contact(Numbered, Created, Base):
    """A patient, member of staff or student. `patient_id` is the hospital's own reference."""

    __tablename__ = "contacts"

    kind: Mapped[str] = mapped_column(String(8), default="patient")
    patient_id: Mapped[str] = mapped_column(Sealed("contacts.patient_id"))
    patient_id_index: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    name: Mapped[str | None] = mapped_column(Sealed("contacts.name"))
    name_tokens: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), default=list, doc="blind indexes of each word's beginnings"
    )
    language: Mapped[str | None] = mapped_column(String(3), doc="ISO 639-3, the patient's choice")
    phone_id: Mapped[int | None] = mapped_column(ForeignKey(Address.id), index=True)
    email_id: Mapped[int | None] = mapped_column(ForeignKey(Address.id), index=True)
    quiet_start: Mapped[time | None] = mapped_column(
        Time, doc="the contact's own quiet hours, in the establishment's local time"
    )
    quiet_end: Mapped[time | None] = mapped_column(Time)
    holidays: Mapped[list[date]] = _days("local days on which nothing goes out to them")
    yearly_holidays: Mapped[list[date]] = _days("the same, whatever the year")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    version: Mapped[int] = mapped_column(Integer, default=1)

    phone: Mapped[Address | None] = relationship(foreign_keys=[phone_id], lazy="raise")
    email: Mapped[Address | None] = relationship(foreign_keys=[email_id], lazy="raise")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own spelling
    __table_args__ = (
        CheckConstraint("kind in ('patient', 'staff', 'student')", name="kind_known"),
        CheckConstraint("(quiet_start is null) = (quiet_end is null)", name="quiet_hours_whole"),
        CheckConstraint(
            f"cardinality(holidays) + cardinality(yearly_holidays) <= {MOST_HOLIDAYS}",
            name="holidays_bounded",
        ),
        Index("ix_contacts_name_tokens", "name_tokens", postgresql_using="gin"),
    )
