"""An establishment's settings and holidays: what comes in and goes out."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from schemas.common import DurationIn, In, LanguageIn, LanguageOut, Out, QuietHours, cleaned

EstablishmentName = Annotated[str, Field(min_length=1, max_length=200), cleaned(200)]
HolidayName = Annotated[
    str, Field(min_length=1, max_length=120, examples=["Fête du Travail"]), cleaned(120)
]

MAY_BE_NONE = frozenset({"quiet_hours", "daily_cap"})


class EstablishmentChange(In):
    """The settings to change; null in quiet hours or daily cap means none."""

    name: EstablishmentName | None = None
    languages: list[LanguageIn] | None = Field(
        default=None, min_length=1, max_length=5, description="in order of preference"
    )
    quiet_hours: QuietHours | None = None
    daily_cap: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="messages to one address on one local day; null: any number",
    )
    valid_for: DurationIn | None = Field(
        default=None, description="of reminders that do not say it; ISO 8601 duration or seconds"
    )
    anonymous_feedback: bool | None = None
    fold_french_sms: bool | None = None


class EstablishmentOut(Out):
    """An establishment's settings."""

    slug: str
    name: str
    region: str
    time_zone: str
    languages: list[LanguageOut]
    quiet_hours: str | None
    daily_cap: int | None
    valid_for: int = Field(description="seconds")
    anonymous_feedback: bool
    fold_french_sms: bool
    version: int


class HolidayIn(In):
    """A local day on which nothing goes out."""

    day: date = Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))
    name: HolidayName
    every_year: bool = False


class HolidayOut(Out):
    """A holiday."""

    id: int
    day: date
    name: str
    every_year: bool
