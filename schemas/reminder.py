"""Reminders: what goes in and out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, field_validator

from models.omission import MOST_SKIPPED
from models.reminder import Channel
from schemas.common import (
    ChannelsIn,
    DurationIn,
    In,
    LanguageIn,
    LanguageOut,
    MomentIn,
    Out,
    PatientReference,
    RowId,
    UtcOut,
    cleaned,
)

MESSAGE_LENGTH = 1600
"""Twilio takes no longer body (error 21617)."""
MOST_OFFSETS = 10


class RetryIn(In):
    """How a reminder is tried again. What is left out is as the establishment has it."""

    max_attempts: int | None = Field(default=None, description="of one message on one channel")
    call_again_after: DurationIn | None = Field(
        default=None, description="when nobody picks up; ISO 8601 duration (PT15M) or seconds"
    )
    call_again_at_most: int | None = Field(default=None, description="times; 0: never")


def _distance(value: timedelta) -> timedelta:
    if not timedelta(minutes=1) <= value <= timedelta(days=366):
        raise ValueError("between one minute and 366 days before the event")
    return value


Offset = Annotated[DurationIn, AfterValidator(_distance)]


class ReminderIn(In):
    """A reminder as a client asks for it. Which fields go together is a rule: `plan.py` has it."""

    client_id: UUID | None = Field(
        default=None, description="identity of this submission, for ever"
    )
    patient_id: PatientReference | None = None
    message: (
        Annotated[str, Field(min_length=1, max_length=MESSAGE_LENGTH), cleaned(MESSAGE_LENGTH)]
        | None
    ) = None
    template: str | None = Field(default=None, max_length=40, description="instead of `message`")
    parameters: dict[str, Annotated[str, Field(max_length=200), cleaned(200)]] = Field(
        default_factory=dict, max_length=20
    )
    language: LanguageIn | None = None
    scheduled_time: datetime | None = Field(
        default=None, description="without an offset: the establishment's local time"
    )
    phone_number: str | None = Field(default=None, max_length=64)
    email: str | None = Field(default=None, max_length=254)
    channels: ChannelsIn | None = None
    rrule: str | None = Field(default=None, max_length=500, description="RFC 5545")
    valid_for: DurationIn | None = Field(
        default=None, description="ISO 8601 duration (PT4H) or seconds; not sent later than that"
    )
    expects_reply: bool = False
    retry: RetryIn | None = None
    receipt_window: DurationIn | None = Field(
        default=None,
        description="without a receipt by then, the next channel (ISO 8601 duration or seconds)",
    )
    escalate: bool | None = Field(
        default=None, description="a task for staff when no channel reached anybody"
    )
    # New fields stand at the end: the fingerprint of a submission is made in this order.
    event_time: datetime | None = Field(
        default=None, description="instead of `scheduled_time`: what `before` counts from"
    )
    before: list[Offset] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_OFFSETS,
        description="ISO 8601 durations; a message goes out so long before the event",
        examples=[["P7D", "P1D", "PT2H"]],
    )
    exdates: list[MomentIn] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_SKIPPED,
        description=(
            "RFC 5545 EXDATE: occurrences of `rrule` that do not go out; they count for COUNT."
            " Without an offset: the establishment's local time"
        ),
        examples=[["2027-12-25T08:00:00"]],
    )

    @field_validator("before")
    @classmethod
    def _each_distance_once(cls, value: list[timedelta] | None) -> list[timedelta] | None:
        if value is not None and len(set(value)) != len(value):
            raise ValueError("each distance from the event stands once")
        return value


class ReminderChange(In):
    """What may be changed of a reminder that has not gone out. What is left out stays."""

    message: (
        Annotated[str, Field(min_length=1, max_length=MESSAGE_LENGTH), cleaned(MESSAGE_LENGTH)]
        | None
    ) = None
    scheduled_time: datetime | None = None
    valid_for: DurationIn | None = None
    rrule: str | None = Field(
        default=None,
        max_length=500,
        description="RFC 5545; counted from the next occurrence that has not left",
    )
    event_time: datetime | None = Field(
        default=None, description="of a relative reminder: moves all that has not left"
    )
    channels: ChannelsIn | None = Field(
        default=None,
        description="in order of fallback, for what has not been tried: an occurrence of which a"
        " channel was tried goes on with those that were not",
    )
    retry: RetryIn | None = Field(
        default=None, description="what is null in it is as the establishment has it again"
    )
    receipt_window: DurationIn | None = Field(
        default=None,
        description="without a receipt by then, the next channel; null: the establishment's",
    )
    escalate: bool | None = Field(
        default=None,
        description="a task for staff when no channel reached anybody; null: the establishment's",
    )

    @property
    def says_or_moves(self) -> bool:
        """True when it changes words or times: only what has not left can follow."""
        return self.message is not None or self.moves

    @property
    def moves(self) -> bool:
        """True when it changes times: what only says something else stays where it is."""
        times = (self.scheduled_time, self.valid_for, self.rrule, self.event_time)
        return any(time is not None for time in times)


class Occurrence(In):
    """An occurrence of a reminder."""

    occurrence: datetime | None = Field(
        default=None,
        description="as `next_occurrences` shows it, or local time; default: the next one",
    )


class KnownOccurrence(In):
    """An occurrence of a reminder that is named."""

    occurrence: datetime = Field(description="as `omissions` shows it, or local time")


class NextOccurrence(Out):
    """A time at which a reminder goes out, or does not."""

    occurrence: UtcOut
    local_time: str = Field(description="when it goes out, in the establishment's local time")
    deferred: str | None = Field(default=None, description="why it goes out at another time")
    skipped: bool = False


class LeftOutRun(Out):
    """Occurrences for which no message goes out, and why."""

    reason: str = Field(description="skipped, missed, past, merged, quiet_hours or holiday")
    first: UtcOut
    last: UtcOut
    count: int


class ReminderPlan(Out):
    """What will happen: shown before saving (preview), and with every answer."""

    channels: list[Channel]
    language: LanguageOut
    encoding: str | None = Field(description="of the SMS, if one goes out: GSM-7 or UCS-2")
    segments: int | None
    asks: bool = Field(default=False, description="an answer is asked for, and can come back")
    local_time: str = Field(description="when it goes out, in the establishment's local time")
    deferred: str | None = Field(
        default=None, description="why it goes out at another time than asked for"
    )
    next_occurrences: list[NextOccurrence] = Field(default_factory=list)
    omissions: list[LeftOutRun] = Field(default_factory=list)


class DeliveryEventOut(Out):
    """One step of a delivery's trace."""

    at: UtcOut
    status: str
    cause: str
    code: str | None
    attempt: int
    sender_id: int | None = Field(default=None, description="what this attempt went out from")


class DeliveryOut(Out):
    """A delivery with its trace."""

    id: int
    channel: Channel
    occurrence: UtcOut
    due_at: UtcOut
    valid_until: UtcOut
    status: str
    attempt: int
    sender_id: int | None = Field(default=None, description="the sender of the latest attempt")
    sender: str | None = Field(default=None, description="that sender's label, else its address")
    error_code: str | None
    message: str | None = Field(
        default=None, description="what it said, if the reminder says another thing now"
    )
    reply: str | None = Field(default=None, description="the patient's: confirmed, reschedule")
    replied_at: UtcOut | None = None
    events: list[DeliveryEventOut] = Field(default_factory=list)


class ReminderOut(Out):
    """A reminder as it is answered: the published fields, and what will happen."""

    id: RowId
    patient_id: str | None
    message: str
    message_truncated: bool | None = None
    language: LanguageOut
    scheduled_time: UtcOut
    phone_number: str | None
    email: str | None
    status: str
    channels: list[Channel]
    rrule: str | None = None
    encoding: str | None = None
    segments: int | None = None
    local_time: str | None = None
    deferred: str | None = None
    event_time: UtcOut | None = None
    before: list[timedelta] | None = Field(
        default=None, description="the messages that go out, or went, before the event"
    )
    left_out: list[timedelta] | None = Field(
        default=None, description="those that do not: see the reminder itself for why"
    )
    cancelled: int | None = Field(
        default=None, description="after a cancel: deliveries that will not go out"
    )
    already_with_carrier: int | None = Field(
        default=None,
        description="after a cancel or a change: deliveries that had left, as they were",
    )


class RetryOut(Out):
    """How a reminder is tried again, whoever decided it: the reminder or its establishment."""

    max_attempts: int | None = Field(description="null: while it is valid")
    call_again_after: int = Field(description="seconds")
    call_again_at_most: int


class ReminderDetail(ReminderOut):
    """A reminder with its deliveries."""

    expects_reply: bool
    valid_for: int = Field(description="seconds")
    retry: RetryOut
    receipt_window: int = Field(description="seconds")
    escalate: bool
    created_at: UtcOut
    recorded_at: UtcOut | None = Field(
        default=None, description="when it was captured offline, by the device's own clock"
    )
    clock_wrong: bool = Field(default=False, description="that clock was a day or more off")
    cancelled_at: UtcOut | None = Field(
        default=None, description="since then nothing more leaves, whatever had left and its status"
    )
    version: int
    next_occurrences: list[NextOccurrence]
    omissions: list[LeftOutRun] = Field(description="occurrences for which no message goes out")
    deliveries: list[DeliveryOut]


class ReminderTimes(Out):
    """When a reminder goes out from now on."""

    id: RowId
    status: str
    version: int
    next_occurrences: list[NextOccurrence]
    omissions: list[LeftOutRun] = Field(description="occurrences for which no message goes out")


class ReminderSummary(Out):
    """A reminder in a list: no address, so that a list is not a directory of phone numbers."""

    id: int
    patient_id: str | None
    language: LanguageOut
    scheduled_time: UtcOut
    status: str
    channels: list[Channel]
    rrule: str | None
