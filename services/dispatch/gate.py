"""Nothing is claimed while a webhook waits on somebody's disk: a stop in it must win.

The API processes say in their heartbeats how many webhooks wait in their spool. After PostgreSQL
was away they have yet to say it: until each of them that was known has given a sign of life, the
gate stays closed. Both waits are bounded, so that a machine that never comes back stops nobody's
reminders. What was claimed before PostgreSQL came back is not sent on that claim either
(`services/dispatch/attempts.py`). Decision 0016.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import text

from database.session import Database
from utils.logs import get_logger

SILENT_SECONDS = 15.0
"""Three heartbeats: an API process that has not been heard for so long counts no more."""
CLOSED_AT_MOST = 120.0
"""Seconds. What is still spooled then is on a disk that nobody drains."""
KNOWN_FOR = 1.0
"""Seconds for which an answer is good."""

log = get_logger("careloop.scheduler")

# A process whose last sign of life is older than the server's own start, or than the moment at
# which this process reached it again, has not yet said what it spooled meanwhile.
_FOUND = text(
    """
    with known as (
        select spooled, seen_at, greatest(
            pg_postmaster_start_time(), cast(:back as timestamptz)
        ) as back
        from processes where kind = 'api'
    )
    select coalesce(sum(spooled) filter (
        where seen_at > now() - make_interval(secs => :silent)
    ), 0) as waiting, count(*) filter (
        where seen_at < back and back > now() - make_interval(secs => :silent)
    ) as silent
    from known
    """
)


class ClaimGate:
    """Whether one process may claim, or send what was claimed.

    `spool_empty` looks at this machine's own spool folder, which knows before any heartbeat.
    """

    def __init__(self, database: Database, spool_empty: Callable[[], bool]) -> None:
        self._database = database
        self._spool_empty = spool_empty
        self._lost = False
        self._back: datetime | None = None
        self._asked_at = -KNOWN_FOR
        self._open = False
        self._closed_since: float | None = None

    def lost(self) -> None:
        """The database could not be reached from here."""
        self._lost = True
        self._asked_at = -KNOWN_FOR

    def is_open(self) -> bool:
        """False while something may be spooled. Asked at most once a second."""
        if time.monotonic() - self._asked_at >= KNOWN_FOR:
            waiting, silent = self._ask()
            self._open = self._decide(waiting, silent)
            self._asked_at = time.monotonic()
        return self._open

    def _ask(self) -> tuple[int, int]:
        """Webhooks that wait, and API processes that have yet to say whether they hold any."""
        with self._database.service() as session:
            if self._lost:
                self._lost, self._back = False, session.now()
            row = session.execute(_FOUND, {"back": self._back, "silent": SILENT_SECONDS}).one()
        return int(row.waiting) + (not self._spool_empty()), int(row.silent)

    def _decide(self, waiting: int, silent: int) -> bool:
        if not waiting and not silent:
            if self._closed_since is not None:
                log.info("claiming again: nothing is spooled")
            self._closed_since = None
            return True
        if self._closed_since is None:
            self._closed_since = time.monotonic()
            log.warning("nothing is claimed yet", spooled=waiting, processes_not_heard=silent)
        if time.monotonic() - self._closed_since < CLOSED_AT_MOST:
            return False
        log.error("CLAIMING ALTHOUGH WEBHOOKS ARE STILL SPOOLED", spooled=waiting)
        return True
