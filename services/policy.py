"""What a reminder wants after a provider was called, else what its establishment wants.

Data, not code: columns of the same names on both; what is None on the reminder is as the
establishment has it when it is needed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

from database.session import ScopedSession
from models.establishment import Establishment, UnknownChoice
from models.reminder import Channel, Reminder
from schemas.establishment import EstablishmentChange
from schemas.reminder import ReminderChange, ReminderIn, RetryIn
from services.errors import Invalid

LOOKS_GROW = 4
"""Each look at a receipt comes so many times later after the attempt than the one before."""
ASKED_AT_MOST = timedelta(hours=24)
"""A provider that cannot be asked is left alone so long after the last word was due."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a number of a policy may be; durations are in seconds."""

    field: str
    lowest: int
    highest: int

    def check(self, value: int) -> int:
        """The value itself; raises `Invalid` with the field."""
        if not self.lowest <= value <= self.highest:
            raise Invalid(
                f"From {self.lowest} to {self.highest}.", field=self.field, code="out_of_range"
            )
        return value


RECEIPT_WINDOW = Bounds("receipt_window", 60, 24 * 3600)
EVENT_MARGIN = Bounds("event_margin", 0, 24 * 3600)
MAX_ATTEMPTS = Bounds("max_attempts", 1, 100)
CALL_AGAIN_AFTER = Bounds("call_again_after", 60, 24 * 3600)
CALL_AGAIN_AT_MOST = Bounds("call_again_at_most", 0, 5)
UNKNOWN_AFTER = Bounds("unknown_after", 300, 24 * 3600)


@dataclass(frozen=True, slots=True)
class Policy:
    """Times are in seconds; `max_attempts` of None is bounded by the validity alone."""

    receipt_window_seconds: int
    max_attempts: int | None
    call_again_after: int
    call_again_at_most: int
    escalate: bool

    @property
    def receipt_window(self) -> timedelta:
        """How long after the attempt a receipt is waited for."""
        return timedelta(seconds=self.receipt_window_seconds)


WISHES = tuple(field.name for field in fields(Policy))
"""A reminder's columns of its own policy; None: as its establishment has it."""


def wishes(wanted: ReminderIn | ReminderChange) -> dict[str, int | bool | None]:
    """What a request itself says, as a reminder's columns; raises `Invalid` with the field."""
    retry = wanted.retry or RetryIn()
    return {
        "receipt_window_seconds": _checked(wanted.receipt_window, RECEIPT_WINDOW),
        "max_attempts": _checked(retry.max_attempts, MAX_ATTEMPTS, "retry."),
        "call_again_after": _checked(retry.call_again_after, CALL_AGAIN_AFTER, "retry."),
        "call_again_at_most": _checked(retry.call_again_at_most, CALL_AGAIN_AT_MOST, "retry."),
        "escalate": wanted.escalate,
    }


def changed_wishes(wanted: ReminderChange) -> dict[str, int | bool | None]:
    """The columns that a change sets; None: from now on as the establishment has it.

    Only what was sent is changed, and within `retry` as well. Raises `Invalid` with the field.
    """
    retry = wanted.retry or RetryIn()
    sent = wanted.model_fields_set
    within = retry.model_fields_set if wanted.retry else set(RetryIn.model_fields)
    named = (sent & {"receipt_window", "escalate"}) | (within if "retry" in sent else set())
    every = wishes(wanted)
    return {_COLUMN.get(name, name): every[_COLUMN.get(name, name)] for name in named}


_COLUMN = {"receipt_window": "receipt_window_seconds"}


def _checked(value: int | timedelta | None, bounds: Bounds, within: str = "") -> int | None:
    if value is None:
        return None
    number = int(value.total_seconds()) if isinstance(value, timedelta) else value
    return replace(bounds, field=within + bounds.field).check(number)


def apply_policy(establishment: Establishment, wanted: EstablishmentChange) -> None:
    """Change what was named of an establishment's policy; raises `Invalid` with the field."""
    changed = {
        "event_margin_seconds": _checked(wanted.event_margin, EVENT_MARGIN),
        "receipt_window_seconds": _checked(wanted.receipt_window, RECEIPT_WINDOW),
        "call_again_after": _checked(wanted.call_again_after, CALL_AGAIN_AFTER),
        "call_again_at_most": _checked(wanted.call_again_at_most, CALL_AGAIN_AT_MOST),
        "escalate": wanted.escalate,
        "unknown_after_seconds": _checked(wanted.unknown_after, UNKNOWN_AFTER),
        "unknown_sms": wanted.unknown_sms,
        "unknown_voice": wanted.unknown_voice,
        "unknown_email": wanted.unknown_email,
    }
    for name, value in changed.items():
        if value is not None:
            setattr(establishment, name, value)
    if "max_attempts" in wanted.model_fields_set:
        establishment.max_attempts = _checked(wanted.max_attempts, MAX_ATTEMPTS)


def policy_of(establishment: Establishment, reminder: Reminder) -> Policy:
    """The reminder's own wishes over the establishment's."""
    wishes = {}
    for field in fields(Policy):
        own = getattr(reminder, field.name)
        wishes[field.name] = getattr(establishment, field.name) if own is None else own
    return Policy(**wishes)


def read_policy(session: ScopedSession, reminder: Reminder) -> Policy:
    """`policy_of`, with the establishment as it is now."""
    return policy_of(own_establishment(session), reminder)


def own_establishment(session: ScopedSession) -> Establishment:
    """The row of the establishment that this session was opened for."""
    return session.get_one(Establishment, session.establishment_id)


def unknown_choice(establishment: Establishment, channel: str) -> UnknownChoice:
    """What becomes of a delivery on a channel that stays unknown."""
    choices = {
        Channel.sms: establishment.unknown_sms,
        Channel.voice: establishment.unknown_voice,
        Channel.email: establishment.unknown_email,
        Channel.whatsapp: establishment.unknown_sms,
    }
    return UnknownChoice(choices[Channel(channel)])


@dataclass(frozen=True, slots=True)
class Looks:
    """When one delivery's receipt is asked for.

    `first` seconds after the attempt, then at growing steps until the window is over, and once
    more when the validity is: the carrier drops it then, so what it says is its last word.
    """

    sent_at: datetime
    first: float
    window: timedelta
    valid_until: datetime

    @property
    def window_end(self) -> datetime:
        """When a missing receipt becomes a reason to try another channel."""
        return self.sent_at + self.window

    def after(self, now: datetime) -> datetime | None:
        """The next look after a time; None when the last word was heard."""
        steps = []
        seconds = self.first
        while seconds < self.window.total_seconds():
            steps.append(self.sent_at + timedelta(seconds=seconds))
            seconds *= LOOKS_GROW
        steps.append(self.window_end)
        if self.valid_until > self.window_end:
            steps.append(self.valid_until)
        return next((step for step in steps if step > now), None)

    def unanswered(self, now: datetime) -> datetime | None:
        """When to ask a provider again that did not answer; None when it was asked for a day."""
        if now >= max(self.window_end, self.valid_until) + ASKED_AT_MOST:
            return None
        waited = (now - self.sent_at).total_seconds()
        return now + timedelta(seconds=max(self.first, waited / LOOKS_GROW))
