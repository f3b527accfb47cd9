"""Signs of life in the database, and the loud word when nobody gives any."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import delete, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from config.settings import Settings
from database.engine import DatabaseNotReady
from database.session import Database
from models.installation import Process
from services.overview.health import check
from services.readiness import NotFit, NotYet, make_ready
from utils.logs import get_logger

FORGOTTEN_AFTER = text("interval '1 hour'")
BEAT_SECONDS = 5.0
LISTEN_SECONDS = 1.0
"""How soon a beat follows a change in what there is to say, or the database's return."""
LOOK_SECONDS = 15.0
PATIENCE_SECONDS = 10.0
"""After the API's start: a scheduler and worker started beside it have so long to show up."""

log = get_logger("careloop.heartbeat")


@dataclass(frozen=True, slots=True)
class Report:
    """What a process says of itself beside being alive (`models/installation.py`)."""

    spooled: int = 0
    turned_away_at: datetime | None = None


class Heartbeat:
    """Says in the database that a process of some kind is alive."""

    def __init__(
        self, database: Database, kind: str, report: Callable[[], Report] = Report
    ) -> None:
        self._database = database
        self._report = report
        self._reported: Report | None = None
        self._next = 0.0
        self.kind = kind
        self.id = f"{kind}:{socket.gethostname()[:32]}:{os.getpid()}:{uuid4().hex[:8]}"

    def beat(self) -> None:
        """Note that this process is alive, and forget those that have long been silent."""
        report = self._report()
        said = {"spooled": report.spooled, "turned_away_at": report.turned_away_at}
        with self._database.service() as session:
            session.execute(
                insert(Process)
                .values(id=self.id, kind=self.kind, **said)
                .on_conflict_do_update(index_elements=["id"], set_={"seen_at": func.now(), **said})
            )
            session.execute(delete(Process).where(Process.seen_at < func.now() - FORGOTTEN_AFTER))
        self._reported, self._next = report, time.monotonic() + BEAT_SECONDS

    def leave(self) -> None:
        """Say that this process ends. Not while something is spooled: others wait for that."""
        if self._report().spooled:
            return
        try:
            with self._database.service() as session:
                session.execute(delete(Process).where(Process.id == self.id))
        except (DBAPIError, PoolTimeout, DatabaseNotReady) as error:
            log.warning("database unavailable", error=type(error).__name__)

    def start(self) -> threading.Event:
        """Beat in a thread of its own; setting the event that is returned ends it."""
        stopped = threading.Event()
        threading.Thread(target=self._pulse, args=(stopped,), name="pulse", daemon=True).start()
        return stopped

    def insist(self, settings: Settings, stopped: threading.Event | None = None) -> None:
        """Wait for PostgreSQL, or until `stopped`; check login and keys. Raises `NotFit`."""
        stopped = stopped or threading.Event()
        while not stopped.is_set():
            try:
                make_ready(self._database, settings)
            except NotYet as reason:
                log.warning("waiting for the database", reason=str(reason))
                stopped.wait(BEAT_SECONDS)
            else:
                return

    def _pulse(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            try:
                if time.monotonic() >= self._next or self._report() != self._reported:
                    self.beat()
            except (DBAPIError, PoolTimeout, DatabaseNotReady) as error:
                log.warning("database unavailable", error=type(error).__name__)
            stopped.wait(LISTEN_SECONDS)


class Watch:
    """The API's eye on the others: without a scheduler and a worker, reminders only pile up."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._ready = False
        self._stopped = threading.Event()

    def start(self) -> None:
        """Look in a thread of its own until `stop`. Raises `NotFit` when it must not serve."""
        try:
            self._make_ready()
        except NotFit as error:
            log.critical(f"this process must not serve: {error}")
            raise
        threading.Thread(target=self._look_on, name="watch", daemon=True).start()

    def stop(self) -> None:
        """End the looking."""
        self._stopped.set()

    def _look_on(self) -> None:
        self._stopped.wait(PATIENCE_SECONDS)
        while not self._stopped.is_set():
            self._make_ready_late()
            self.look()
            self._stopped.wait(LOOK_SECONDS)

    def _make_ready(self) -> None:
        try:
            make_ready(self._database, self._settings)
        except NotYet as reason:
            log.warning("waiting for the database", reason=str(reason))
        else:
            self._ready = True

    def _make_ready_late(self) -> None:
        """PostgreSQL was away at the start: what could not be checked then is checked now."""
        if self._ready:
            return
        try:
            self._make_ready()
        except NotFit as error:
            log.critical(f"this process must not serve: {error}")
            os.kill(os.getpid(), signal.SIGTERM)

    def look(self) -> None:
        """Say loudly which process has not been seen."""
        try:
            missing = [r for r in check(self._database).reasons if r.startswith("no_")]
        except (DBAPIError, PoolTimeout, DatabaseNotReady) as error:
            log.warning("database unavailable", error=type(error).__name__)
            return
        for reason in missing:
            kind = reason.removeprefix("no_").removesuffix("_seen")
            log.error(
                f"NO {kind.upper()} HAS BEEN SEEN: reminders are stored but do not go out."
                f" Start one with `python cli.py {kind}`."
            )
