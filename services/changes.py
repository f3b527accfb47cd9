"""Hints that something has changed, for the console's open pages: which kind, which row, no more.

PostgreSQL tells (`NOTIFY careloop_changes`, by triggers where people change something), through one
connection a process, opened while anybody listens. What the engine does to deliveries is looked at
every few seconds instead: a notification from each of its statements would have them wait for each
other. A hint may come twice or for nothing; one that could have been missed is made up for by
`everything`, on which a page asks for all that it shows.
"""

from __future__ import annotations

import asyncio
import select
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import psycopg2
from sqlalchemy import func
from sqlalchemy import select as sql_select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from database.engine import DatabaseNotReady
from database.listen import listening_connection
from database.session import Database
from models.delivery import DeliveryEvent
from services.errors import TooMany
from utils.logs import get_logger

CHANNEL = "careloop_changes"
MOST_LISTENERS = 500
"""Open pages that one process serves."""
MOST_EACH = 10
"""Of them, by one user: windows that were left open count, too."""
MOST_PENDING = 100
"""Hints that wait for one page; with more it is told that everything may have changed."""
LOOK_SECONDS = 2.0
RETRY_SECONDS = 60.0
AWAY_SECONDS = 2.0

log = get_logger("careloop.changes")


@dataclass(frozen=True, slots=True)
class Hint:
    """Something of a kind has changed: the row with this number, or some (None)."""

    kind: str
    id: int | None = None


EVERYTHING = Hint("everything")
DELIVERIES = Hint("delivery")


class TooManyListeners(TooMany):
    """No more pages are told: they ask every now and then instead."""

    code = "too_many_listeners"


class Listener:
    """What one open page was not told yet. Used in the event loop that made it."""

    def __init__(self, establishment_id: int, who: str) -> None:
        self.establishment_id = establishment_id
        self.who = who
        self.loop = asyncio.get_running_loop()
        self._pending: dict[Hint, None] = {EVERYTHING: None}
        self._some = asyncio.Event()

    def tell(self, hint: Hint) -> None:
        """Add a hint; what says more takes the place of what says less."""
        if EVERYTHING in self._pending:
            pass
        elif hint is EVERYTHING or len(self._pending) >= MOST_PENDING:
            self._pending = {EVERYTHING: None}
        else:
            self._pending[hint] = None
        self._some.set()

    async def take(self, seconds: float) -> list[Hint]:
        """All that waits, as soon as there is something; nothing when it took too long."""
        try:
            async with asyncio.timeout(seconds):
                await self._some.wait()
        except TimeoutError:
            return []
        self._some.clear()
        pending, self._pending = self._pending, {}
        return list(pending)


class Changes:
    """Hears of changes for all open pages of a process. `start` it, `stop` it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._listeners: set[Listener] = set()
        self._wanted = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen: dict[int, int] = {}

    def start(self) -> None:
        """Listen in a thread of its own while there is somebody to tell."""
        self._stopped.clear()
        self._thread = threading.Thread(target=self._run, name="changes", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the listening."""
        self._stopped.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join(AWAY_SECONDS)

    def refuse_too_many(self, who: str) -> None:
        """Raise `TooManyListeners` when a page more would be too many."""
        with self._lock:
            counts = Counter(listener.who for listener in self._listeners)
        if sum(counts.values()) >= MOST_LISTENERS or counts[who] >= MOST_EACH:
            raise TooManyListeners(RETRY_SECONDS)

    def join(self, establishment_id: int, who: str) -> Listener:
        """A page that is told from now on, until it leaves."""
        listener = Listener(establishment_id, who)
        with self._lock:
            self._listeners.add(listener)
        self._wanted.set()
        return listener

    def leave(self, listener: Listener) -> None:
        """A page that is not told any more."""
        with self._lock:
            self._listeners.discard(listener)
            if not self._listeners and not self._stopped.is_set():
                self._wanted.clear()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wanted.wait()
            if self._stopped.is_set():
                return
            try:
                self._listen()
            except (DBAPIError, PoolTimeout, DatabaseNotReady, psycopg2.Error) as error:
                log.warning("changes are not heard", error=type(error).__name__)
                self._stopped.wait(AWAY_SECONDS)

    def _listen(self) -> None:
        """Hear and tell until nobody listens. Whoever came before it began may have missed some."""
        connection = listening_connection(self._database.engine, CHANNEL)
        try:
            self._tell(None, EVERYTHING)
            self._seen.clear()
            next_look = 0.0
            while self._wanted.is_set() and not self._stopped.is_set():
                self._hear(connection, LOOK_SECONDS / 4)
                if time.monotonic() >= next_look:
                    self._look()
                    next_look = time.monotonic() + LOOK_SECONDS
        finally:
            connection.close()

    def _hear(self, connection: Any, seconds: float) -> None:
        readable, _, _ = select.select([connection], [], [], seconds)
        if not readable:
            return
        connection.poll()
        heard = [notification.payload for notification in connection.notifies]
        connection.notifies.clear()
        for payload in dict.fromkeys(heard):
            place, _, rest = payload.partition(":")
            kind, _, number = rest.partition(":")
            if place.isdigit():
                self._tell(int(place), Hint(kind, int(number) if number.isdigit() else None))

    def _look(self) -> None:
        """Whether anything happened to deliveries where somebody listens: one index entry each."""
        with self._lock:
            places = {listener.establishment_id for listener in self._listeners}
        for place in places:
            with self._database.establishment(place) as session:
                last = session.scalar(sql_select(func.max(DeliveryEvent.id))) or 0
            if self._seen.setdefault(place, last) != last:
                self._seen[place] = last
                self._tell(place, DELIVERIES)

    def _tell(self, place: int | None, hint: Hint) -> None:
        """Tell the pages of an establishment, or all of them."""
        with self._lock:
            told = [one for one in self._listeners if place in (None, one.establishment_id)]
        for listener in told:
            try:
                listener.loop.call_soon_threadsafe(listener.tell, hint)
            except RuntimeError:  # its loop has ended: the page is gone, and so is its place soon
                self.leave(listener)
