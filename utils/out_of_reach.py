"""Senders that this process could not reach a moment ago: others are taken meanwhile."""

from __future__ import annotations

import time

AWAY_SECONDS = 30.0
"""How long another sender is preferred, where there is one. Then one delivery finds out anew."""


class OutOfReach:
    """Remembers for a short while; each process learns it by itself. Thread-safe."""

    def __init__(self) -> None:
        self._until: dict[int, float] = {}

    def note(self, sender: int, *, reached: bool) -> None:
        """What became of a call: did it reach the sender's provider?"""
        if not reached:
            self._until[sender] = time.monotonic() + AWAY_SECONDS
        elif sender in self._until:
            self._until.pop(sender, None)

    def now(self) -> frozenset[int]:
        """The senders to avoid at this moment."""
        if not self._until:
            return frozenset()
        moment = time.monotonic()
        return frozenset(number for number, until in self._until.copy().items() if until > moment)
