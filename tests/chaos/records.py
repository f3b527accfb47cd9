"""What the judge reads: deliveries from the database, what was accepted from the carrier."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.chaos.script import TEXT

_MEANS = {
    "delivered": "delivered", "read": "delivered", "undelivered": "undelivered",
    "failed": "failed", "canceled": "failed", "busy": "undelivered", "no-answer": "undelivered",
    "bounce": "undelivered", "dropped": "failed",
}  # fmt: skip
_THEIR_SORRY = "We are sorry, an application error"
_SORRY = ("notre service n'est pas disponible", _THEIR_SORRY)


@dataclass
class Entry:
    """One thing that the carrier accepted."""

    channel: str
    to: str
    body: str
    time: float
    state: str
    seconds: int | None

    @property
    def untold(self) -> bool:
        """True for a call in which an apology stood for the message: the database or the API was
        away. One that came after the message spoils nothing."""
        return (
            self.channel == "voice"
            and TEXT not in self.body
            and any(words in self.body for words in _SORRY)
        )

    @property
    def unasked(self) -> bool:
        """True for a call in which the carrier's own apology came first: our API was away."""
        return self.channel == "voice" and self.body.startswith(_THEIR_SORRY)

    @property
    def ended(self) -> str | None:
        """How it ended, in our words; None while it is under way or nobody knows."""
        if self.channel == "voice" and self.state == "completed":
            return "delivered" if self.seconds and TEXT in self.body else "undelivered"
        return _MEANS.get(self.state)


@dataclass
class Heard:
    """What the carrier's log of its requests tells; references are those in their addresses."""

    acknowledged: set[tuple[str, str]] = field(default_factory=set)
    """References and final words of callbacks that were answered 200."""
    cut_off: set[str] = field(default_factory=set)
    """Calls of which the service was asked what to say, and broke off in its answer."""


@dataclass
class Delivery:
    """A delivery as the database tells it."""

    establishment: int
    id: int
    reminder: int
    occurrence: float
    channel: str
    status: str
    due_at: float
    valid_until: float
    attempt: int
    queued_to_act: bool
    open_task: bool
    events: list[tuple[str, float, str]] = field(default_factory=list)
    """State, time and cause of each."""
    entries: list[Entry] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    cut_off: bool = False
    """For a call: the service was asked what to say, and broke off in its answer."""

    @property
    def sendings(self) -> list[float]:
        return [at for status, at, _ in self.events if status == "sending"]

    def __str__(self) -> str:
        trace = " ".join(status for status, _, _ in self.events)
        ledger = ", ".join(f"{e.state} at {e.time:.1f}" for e in self.entries) or "nothing"
        return (
            f"delivery {self.establishment}.{self.id} of reminder {self.reminder}"
            f" ({self.channel}): {self.status} [{trace}]; the carrier has {ledger}"
        )
