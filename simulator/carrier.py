"""The carrier: its memory, its manners, and the way an accepted thing changes."""

from __future__ import annotations

import time

from simulator.behaviour import Chaos
from simulator.events import Events
from simulator.outbox import Outbox
from simulator.resources import Entry
from simulator.settings import Settings
from simulator.signature import EventSigner
from simulator.store import Store


class Carrier:
    """Everything that moves things on is given this one, and it knows none of them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings.ledger)
        self.chaos = Chaos()
        self.events = Events()
        self.outbox = Outbox(settings.auth_token)
        self.signer = EventSigner(settings.sendgrid_signing_key)
        self.smtp_port = 0

    def accept(self, entry: Entry) -> None:
        """Put something into the ledger, and show it."""
        self.store.add(entry)
        self.events.publish("entry", entry.as_ledger())

    def changed(self, entry: Entry) -> None:
        """Write a change of an accepted thing down, and show it."""
        self.store.save(entry)
        self.events.publish("entry", entry.as_ledger())

    def lists(self, entry: Entry) -> bool:
        """Whether a list holds something by now: it may be behind what was accepted."""
        return time.time() - entry.accepted_at >= self.chaos.behaviour.listed_ms / 1000

    def clock(self, moment: float | None) -> float | None:
        """A time of this machine's as the carrier's own clock shows it."""
        return None if moment is None else moment + self.chaos.behaviour.clock_seconds

    def clear(self) -> None:
        """Empty the ledger."""
        self.store.clear()
        self.events.publish("reset", {})
