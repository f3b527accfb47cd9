"""An establishment's settings and holidays: what comes in and goes out."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from models.establishment import AnsweringMachines, AskOneWay, InboundCalls, UnknownChoice
from schemas.common import DurationIn, In, LanguageIn, LanguageOut, Out, QuietHours, cleaned

EstablishmentName = Annotated[str, Field(min_length=1, max_length=200), cleaned(200)]
TimeZoneName = Annotated[str, Field(min_length=1, max_length=64, examples=["Africa/Douala"])]
Count = Annotated[int, Field(ge=1, le=100_000)]
HolidayName = Annotated[
    str, Field(min_length=1, max_length=120, examples=["Fête du Travail"]), cleaned(120)
]

MAY_BE_NONE = frozenset({"quiet_hours", "daily_cap", "max_attempts"})


class EstablishmentChange(In):
    """The settings to change; null in quiet hours, daily cap or attempts means none."""

    name: EstablishmentName | None = None
    time_zone: TimeZoneName | None = Field(
        default=None,
        description="IANA name; only while nothing waits to be sent: what waits was planned by the"
        " old one",
    )
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
    event_margin: DurationIn | None = Field(
        default=None, description="a reminder of an appointment goes out until so long before it"
    )
    anonymous_feedback: bool | None = None
    fold_french_sms: bool | None = None
    receipt_window: DurationIn | None = Field(
        default=None, description="without a receipt by then another channel may take over"
    )
    max_attempts: int | None = Field(
        default=None,
        description="of one message on one channel; null: as many as its validity has room for",
    )
    call_again_after: DurationIn | None = Field(default=None, description="when nobody picks up")
    call_again_at_most: int | None = Field(default=None, description="times; 0: never")
    escalate: bool | None = Field(
        default=None, description="a task for staff when no channel reached anybody"
    )
    unknown_after: DurationIn | None = Field(
        default=None, description="what stays unknown for so long is ended as chosen here"
    )
    unknown_sms: UnknownChoice | None = None
    unknown_voice: UnknownChoice | None = None
    unknown_email: UnknownChoice | None = Field(
        default=None, description="give_up: a task for staff; resend: a possible double is accepted"
    )
    inbound_calls: InboundCalls | None = Field(
        default=None, description="call_back: rejected at the caller's no cost, then called back"
    )
    call_backs_per_hour: int | None = Field(default=None, ge=1, le=10_000)
    answering_machines: AnsweringMachines | None = Field(
        default=None, description="message: that the hospital called, without any detail"
    )
    ask_one_way: AskOneWay | None = Field(
        default=None,
        description="a question where no answer can come back: refuse it, or drop it and send the"
        " rest",
    )
    alarm_failing_share: float | None = Field(
        default=None,
        gt=0,
        le=1,
        allow_inf_nan=False,
        description="an alarm when this share of what ended in the window did not arrive",
    )
    alarm_failing_count: Count | None = Field(
        default=None, description="fewer that ended in the window raise no alarm"
    )
    alarm_window: DurationIn | None = Field(default=None, description="looked back for that share")
    alarm_late_after: DurationIn | None = Field(
        default=None, description="an alarm when something goes out so long after its time"
    )
    alarm_unknown_count: Count | None = Field(
        default=None, description="an alarm when so many are unknown at a time"
    )
    alarm_unknown_after: DurationIn | None = Field(
        default=None, description="an alarm when one has been unknown for so long"
    )


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
    event_margin: int = Field(description="seconds")
    anonymous_feedback: bool
    fold_french_sms: bool
    receipt_window: int = Field(description="seconds")
    max_attempts: int | None
    call_again_after: int = Field(description="seconds")
    call_again_at_most: int
    escalate: bool
    unknown_after: int = Field(description="seconds")
    unknown_sms: UnknownChoice
    unknown_voice: UnknownChoice
    unknown_email: UnknownChoice
    inbound_calls: InboundCalls
    call_backs_per_hour: int
    answering_machines: AnsweringMachines
    ask_one_way: AskOneWay
    alarm_failing_share: float
    alarm_failing_count: int
    alarm_window: int = Field(description="seconds")
    alarm_late_after: int = Field(description="seconds")
    alarm_unknown_count: int
    alarm_unknown_after: int = Field(description="seconds")
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
