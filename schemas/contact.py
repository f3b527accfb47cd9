"""Contacts: what comes in and goes out."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from models.contact import MOST_HOLIDAYS
from schemas.common import (
    In,
    LanguageIn,
    LanguageOut,
    Out,
    PatientReference,
    QuietHours,
    UtcOut,
    cleaned,
)

ContactKind = Literal["patient", "staff", "student"]
ContactName = Annotated[str, Field(min_length=1, max_length=120), cleaned(120)]
PhoneIn = Annotated[
    str, Field(max_length=64, description="any usual writing", examples=["6 50 00 00 01"])
]
EmailIn = Annotated[str, Field(max_length=254)]


class ContactHoliday(In):
    """A local day of the establishment on which nothing goes out to a contact."""

    day: date = Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))
    every_year: bool = Field(default=False, description="the same day of any year")


def _each_once(value: list[ContactHoliday]) -> list[ContactHoliday]:
    """The days in order, those of every year last."""
    told = {(one.day.month, one.day.day) if one.every_year else one.day for one in value}
    if len(told) != len(value):
        raise ValueError("each day stands once")
    return sorted(value, key=lambda one: (one.every_year, one.day))


ContactHolidays = Annotated[
    list[ContactHoliday],
    Field(
        max_length=MOST_HOLIDAYS,
        description="days of their own on which nothing goes out to them; the whole list",
    ),
    AfterValidator(_each_once),
]


class ContactIn(In):
    """A new contact; `patient_id` is the hospital's own reference."""

    patient_id: PatientReference
    kind: ContactKind = "patient"
    name: ContactName | None = None
    phone_number: PhoneIn | None = None
    email: EmailIn | None = None
    language: LanguageIn | None = None
    quiet_hours: QuietHours | None = None
    holidays: ContactHolidays = Field(default_factory=list)


_FOLLOWS = (
    "what waits for the old one, later turns of a series too, goes to the new one; what has left"
    " and what was given another one in its own request stays. Null: the next channel that has an"
    " address, at its time; where there is none it has failed (`no_address`), with a task for staff"
)


class ContactChange(In):
    """The fields to change; null empties one."""

    patient_id: PatientReference | None = None
    kind: ContactKind | None = None
    name: ContactName | None = None
    phone_number: PhoneIn | None = Field(default=None, description=_FOLLOWS)
    email: EmailIn | None = Field(default=None, description=_FOLLOWS)
    language: LanguageIn | None = None
    quiet_hours: QuietHours | None = None
    holidays: ContactHolidays | None = None


class ContactHolidayOut(Out):
    """A day on which nothing goes out to a contact."""

    day: date
    every_year: bool


class ContactOut(Out):
    """A contact."""

    id: int
    patient_id: str
    kind: str
    name: str | None
    phone_number: str | None
    email: str | None
    language: LanguageOut | None
    quiet_hours: str | None
    holidays: list[ContactHolidayOut]
    created_at: UtcOut
    updated_at: UtcOut
    version: int


class FileColumn(Out):
    """A column of a file that somebody is about to import."""

    place: int = Field(description="from 0: what `column=patient_id:0` counts")
    heading: str
    field: str | None = Field(description="what it would be taken for; null: not looked at")
    samples: list[str] = Field(description="what stands there in the first lines")


class RefusedLine(Out):
    """A line that was not imported, and why; never what stood there."""

    line: int
    field: str | None
    code: str
    reason: str


class ImportReport(Out):
    """What an import did."""

    lines: int = Field(description="lines with something on them, without the header")
    created: int
    unchanged: int = Field(description="contacts that were here already, exactly so")
    refused_count: int
    refused: list[RefusedLine] = Field(description="the first 1,000 of them")
    ignored_columns: int
    stored: bool = Field(description="false when a strict import stored nothing")
