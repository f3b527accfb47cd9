"""Named points at which a test may kill this process, as `kill -9` would.

`CARELOOP_CRASH_AT=point` or `point:3` (the third time it is reached). Settings refuse the variable
in production; unset, a point costs one comparison.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

from config.settings import get_settings

POINTS = (
    "reminder.before_commit",
    "reminder.after_commit",
    "scheduler.after_claim",
    "scheduler.after_enqueue",
    "worker.before_begin",
    "worker.after_begin",
    "worker.after_call",
    "worker.before_outcome",
    "worker.after_outcome",
    "callback.before_commit",
    "callback.after_commit",
    "upload.after_store",
    "upload.after_finish",
)
"""Every step of a delivery, in order; then those of an upload."""

_reached: Counter[str] = Counter()


def reached(point: str) -> None:
    """Die here, without a word, when a test asked for it."""
    wanted = get_settings().engine.crash_at
    if not wanted:
        return
    name, _, count = wanted.partition(":")
    if name == point:
        _reached[point] += 1
        if _reached[point] == int(count or 1):
            os.kill(os.getpid(), signal.SIGKILL)
