"""The carrier: its memory, its manners, and the way an accepted thing changes."""

from __future__ import annotations

from simulator.behaviour import Chaos
from simulator.delivery import Delivery
from simulator.events import Events
from simulator.outbox import Outbox
from simulator.resources import Entry
from simulator.settings import Settings
from simulator.signature import EventSigner
from simulator.store import Store
from simulator.switchboard import Switchboard


class Carrier:
    """One of these lives in the application's state; everything else is given it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings.ledger)
        self.chaos = Chaos()
        self.events = Events()
        self.outbox = Outbox(settings.auth_token)
        self.signer = EventSigner()
        self.smtp_port = 0
        self.delivery = Delivery(self)
        self.switchboard = Switchboard(self)

    def start(self) -> None:
        """Start sending callbacks, and go on with messages that a restart interrupted."""
        self.outbox.start()
        self.delivery.resume()
        self.switchboard.give_up_interrupted()

    async def stop(self) -> None:
        """End streams and callbacks, and close the ledger file."""
        self.events.close()
        await self.switchboard.stop()
        await self.outbox.stop()
        self.store.close()

    def accept(self, entry: Entry) -> None:
        """Put something into the ledger, and show it."""
        self.store.add(entry)
        self.events.publish("entry", entry.as_ledger())

    def changed(self, entry: Entry) -> None:
        """Write a change of an accepted thing down, and show it."""
        self.store.save(entry)
        self.events.publish("entry", entry.as_ledger())

    def clear(self) -> None:
        """Empty the ledger."""
        self.store.clear()
        self.events.publish("reset", {})
