"""Places that establishments share, so that none can take them all.

Who has something to do takes **no more places than it leaves free**: one alone may have half of
them, two a third each, n an (n+1)th. So however long one's work takes, there is room for the first
of another's. (Dynamic thresholds, as switches share a buffer: Choudhury and Hahne, 1998.)
"""

from __future__ import annotations

from collections.abc import Iterable


class FairShare:
    """Who holds how many of `places`. Not thread-safe: its owner has a lock."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._held: dict[int, int] = {}

    @property
    def free(self) -> int:
        """Places that nobody holds."""
        return self._free

    def room(self, establishment_id: int) -> int:
        """How many places more it may take now: half of what it would have to leave, rounded up,
        so that somebody who has none may take the last one."""
        return max(0, (self._free - self._held.get(establishment_id, 0) + 1) // 2)

    def next(self, wanting: Iterable[int]) -> int | None:
        """Whose turn it is among those that want a place: who holds the fewest; None if no room."""
        ready = [(self._held.get(one, 0), one) for one in wanting if self.room(one)]
        return min(ready)[1] if ready else None

    def take(self, establishment_id: int, count: int) -> None:
        """Hold `count` places more."""
        self._free -= count
        self._held[establishment_id] = self._held.get(establishment_id, 0) + count

    def give_back(self, establishment_id: int, count: int) -> None:
        """Hold `count` places fewer."""
        self._free += count
        left = self._held[establishment_id] - count
        if left:
            self._held[establishment_id] = left
        else:
            del self._held[establishment_id]
