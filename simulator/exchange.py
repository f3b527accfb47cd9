"""The carrier at work: what it accepted moves on, and calls go through."""

from __future__ import annotations

from simulator.carrier import Carrier
from simulator.delivery import Delivery
from simulator.phones import Phones
from simulator.settings import Settings
from simulator.switchboard import Switchboard


class Exchange:
    """One of these lives in the application's state.

    Delivery, phones and switchboard come together only here: they know the carrier, but not this.
    """

    def __init__(self, settings: Settings) -> None:
        self.carrier = Carrier(settings)
        self.delivery = Delivery(self.carrier)
        self.phones = Phones(self.carrier)
        self.switchboard = Switchboard(self.carrier)

    def start(self) -> None:
        """Start sending callbacks, and go on with messages that a restart interrupted."""
        self.carrier.outbox.start()
        self.delivery.resume()
        self.phones.resume()
        self.switchboard.give_up_interrupted()

    async def stop(self) -> None:
        """End streams, calls and callbacks, and close the ledger file."""
        self.carrier.events.close()
        await self.switchboard.stop()
        await self.carrier.outbox.stop()
        self.carrier.store.close()
