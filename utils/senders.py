"""What every provider client promises: one call, one outcome out of five.

A provider's errors become values of this taxonomy inside its client, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

ASKABLE = frozenset({"twilio", "android"})
"""Providers that can be asked what became of a message (`Receipts`)."""
LISTING = frozenset({"twilio", "android"})
"""Providers that list what was received (`Inbox`). An Android phone keeps its events and repeats
them for days; its list has other ids than they."""


class Verdict(StrEnum):
    """What is known after a provider call."""

    accepted = "accepted"
    refused = "refused"  # never again: an invalid number, an address that opted out
    throttled = "throttled"  # not now: try again after `retry_after`
    unreachable = "unreachable"  # nothing left this machine: try again
    unknown = "unknown"  # the request may have left: ask before sending anything again


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one call. `code` is the provider's own; it never carries personal data."""

    verdict: Verdict
    provider_id: str | None = None
    code: str | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message to send. `callback` is the address of ours that carries the delivery's id.

    `reference` names the delivery, the same for each of its attempts; `attempt` counts them.
    `subject` and `sender_name` are for e-mail. `answer` is the address that a call asks for what it
    says, once somebody has picked up; `waits_for_tone`: an answering machine is spoken to after
    its tone, else it need not be waited for.
    """

    to: str
    text: str
    language: str
    reference: str
    callback: str
    seconds_valid: int
    subject: str = ""
    sender_name: str = ""
    answer: str = ""
    waits_for_tone: bool = False
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Passed:
    """A message that a provider itself says it accepted.

    A call has no text to compare; `seconds` is how long it was talked for, once it has ended.
    `sender` is the number that it went out from.
    """

    provider_id: str
    status: str
    text: str | None
    code: str | None = None
    seconds: int | None = None
    sender: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A message that a provider lists as received for us; `from_` is who wrote it."""

    provider_id: str
    from_: str
    text: str
    media: int
    at: datetime


class Sender(Protocol):
    """A way out of this machine. Thread-safe: many calls run at once."""

    provider: str

    def send(self, message: Outbound) -> Outcome:
        """Call the provider once; never raises for what a provider or a network does."""
        ...

    def passed(self, to: str, since: datetime) -> Sequence[Passed] | None:
        """What the provider accepted for an address since a time.

        None when it cannot be asked now; raises `NoList` when it has no list at all.
        """
        ...


@runtime_checkable
class ByReference(Protocol):
    """A sender whose provider keeps each message under an id that is ours.

    To repeat a message is safe there, and what became of it is asked for by that id, not searched
    for in a list.
    """

    def accepted(self, reference: str, attempt: int, to: str) -> Sequence[Passed] | None:
        """What the provider holds of one delivery to a number, at most one message.

        Empty when it surely holds none, None when it cannot be asked now.
        """
        ...


@runtime_checkable
class Receipts(Protocol):
    """A sender whose provider can be asked what became of what it accepted."""

    def receipt(self, provider_id: str) -> Passed | None:
        """What the provider says of one message or call; None when it cannot be asked now."""
        ...

    def receipts(self, since: datetime, until: datetime) -> Sequence[Passed]:
        """What it says of many at once, sent between two times; empty when it cannot be asked.

        Not necessarily of all: what is missing is asked for one by one.
        """
        ...


@runtime_checkable
class Inbox(Protocol):
    """A sender whose provider lists what was received for its number."""

    def received(self, since: datetime, until: datetime) -> list[Received] | None:
        """All that was received between two times, the newest first.

        None when it cannot be asked now. Bounded: where there is more, the oldest are left out.
        """
        ...


class NoList(Exception):
    """This provider keeps no list that could be asked (SendGrid's mail API, SMTP)."""
