"""Establishments that failed, left alone for a while: what is wrong with one costs no other time.

A schema whose migration failed, a table that somebody holds a lock on: each try costs the others a
wait. So who fails rests, longer from time to time, and is then tried again by itself.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from sqlalchemy.exc import DBAPIError

from utils.logs import get_logger

FIRST_SECONDS, LONGEST_SECONDS = 1.0, 30.0
"""The first rest; each one after it is twice as long, up to the longest."""

log = get_logger("careloop.rests")


@dataclass
class _Rest:
    seconds: float = 0.0
    until: float = 0.0
    broken: dict[str, str] = field(default_factory=dict)  # what failed, and with which error


class Rests:
    """Who rests until when. Not thread-safe: its owner has a lock, or one thread."""

    def __init__(self) -> None:
        self._rests: dict[int, _Rest] = {}

    def rests(self, establishment_id: int) -> bool:
        """True while it is to be left alone."""
        rest = self._rests.get(establishment_id)
        return rest is not None and time.monotonic() < rest.until

    def failed(self, establishment_id: int, step: str, error: Exception) -> None:
        """Have it rest. Logged when something else is wrong with it than before."""
        rest = self._rests.setdefault(establishment_id, _Rest())
        rest.seconds = min(max(FIRST_SECONDS, 2 * rest.seconds), LONGEST_SECONDS)
        rest.until = time.monotonic() + rest.seconds
        cause = error.orig if isinstance(error, DBAPIError) else None
        kind = type(cause or error).__name__
        if rest.broken.get(step) != kind:
            rest.broken[step] = kind
            log.error(
                "ESTABLISHMENT CANNOT BE SERVED",
                establishment=establishment_id,
                step=step,
                error=kind,
                exc_info=None if cause else error,  # it would quote the statement's parameters
            )

    def worked(self, establishment_id: int, step: str) -> None:
        """What failed, if it did, has now gone well."""
        rest = self._rests.get(establishment_id)
        if rest is None or rest.broken.pop(step, None) is None:
            return
        log.info("establishment is served again", establishment=establishment_id, step=step)
        if not rest.broken:
            del self._rests[establishment_id]
