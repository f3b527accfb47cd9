"""How long a piece of work is ours to do: asked again in the last moment before it leaves.

A process may stand still between any two lines (a suspended machine, a stopped container). When it
goes on its work may have been given to another one, so what cannot be taken back asks here first.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from contextvars import ContextVar

_ends: ContextVar[float] = ContextVar("lease_ends", default=math.inf)


class LeaseOver(Exception):
    """This process stood still for so long that others are looking after its work."""


def awake() -> float:
    """Seconds on a clock that nobody sets, and that goes on while the machine is suspended."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@contextlib.contextmanager
def held_until(end: float) -> Iterator[None]:
    """What is done within is ours until `end`, on the clock of `awake`."""
    before = _ends.set(end)
    try:
        yield
    finally:
        _ends.reset(before)


def insist() -> None:
    """Raise `LeaseOver` when the time is over."""
    if awake() > _ends.get():
        raise LeaseOver
