"""What every provider client promises: one call, one outcome out of five.

A provider's errors become values of this taxonomy inside its client, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


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

    `subject` and `sender_name` are for e-mail.
    """

    to: str
    text: str
    language: str
    reference: str
    callback: str
    seconds_valid: int
    subject: str = ""
    sender_name: str = ""


@dataclass(frozen=True, slots=True)
class Passed:
    """A message that a provider's own list says it accepted.

    A call has no text to compare; `seconds` is how long it was talked for, once it has ended.
    """

    provider_id: str
    status: str
    text: str | None
    code: str | None = None
    seconds: int | None = None


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


class NoList(Exception):
    """This provider keeps no list that could be asked (SendGrid's mail API, SMTP)."""
