"""Many submissions, one commit: a writer thread that stores whatever has arrived meanwhile.

While one group is being committed the next one gathers, so groups grow with the load and a lone
submission waits for nobody. Each is answered after the commit that holds it, never before.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence
from itertools import groupby

import structlog
from sqlalchemy.exc import SQLAlchemyError

from database.engine import DatabaseNotReady
from database.session import Database
from services.errors import CareloopError
from services.feedback.intake import Arrival, Result, store
from utils.logs import get_logger

GROUP_AT_MOST = 200
WAITING_AT_MOST = 5_000
GATHER_SECONDS = 0.002
"""Under load a group waits so long for company: fewer commits, and each costs less. A submission
that comes alone waits for nobody."""
ANSWER_SECONDS = 20.0

log = get_logger("careloop.intake")


_REFUSED = (SQLAlchemyError, DatabaseNotReady, CareloopError, ValueError, ArithmeticError)
"""What storing may raise. psycopg2 says ValueError of what it cannot write or read back."""


class TooBusy(CareloopError):
    """More is waiting than could be stored in time."""

    status = 503
    code = "too_busy"


class TooSlow(CareloopError):
    """Nobody can say yet whether it was stored."""

    status = 503
    code = "too_slow"


_Waiting = tuple[Arrival, "asyncio.Future[Result]"]


class GroupCommit:
    """The writer of one process. `start` it in the process that serves, after any fork."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[_Waiting] = deque()
        self._arrived = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the writer thread."""
        self._stopping = False
        self._start_thread()

    def _start_thread(self) -> None:
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Store what waits, then end."""
        with self._arrived:
            self._stopping = True
            self._arrived.notify()
        if self._thread is not None:
            self._thread.join(ANSWER_SECONDS)

    async def submit(self, arrival: Arrival) -> Result:
        """Where an arrival went, once that is committed.

        Raises what the database raises, `TooBusy`, or `TooSlow`; then nothing is known to be
        stored, and the client's identity makes another try safe.
        """
        if self._thread is not None and not self._thread.is_alive() and not self._stopping:
            log.error("writer died")  # of what nobody thought of: the next ones must not wait
            self._start_thread()
        if len(self._waiting) >= WAITING_AT_MOST:
            raise TooBusy("Too much at once: please try again in a moment.")
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        with self._arrived:
            self._waiting.append((arrival, future))
            self._arrived.notify()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await future
        except TimeoutError:
            raise TooSlow(
                "This takes too long: please send it again, with the same client_id if it has one."
            ) from None

    def _run(self) -> None:
        structlog.contextvars.clear_contextvars()
        busy = False
        while True:
            with self._arrived:
                while not self._waiting and not self._stopping:
                    self._arrived.wait()
                if not self._waiting:
                    return
            if busy:
                time.sleep(GATHER_SECONDS)
            with self._arrived:
                group = [
                    self._waiting.popleft() for _ in range(min(len(self._waiting), GROUP_AT_MOST))
                ]
            busy = len(group) > 1
            group.sort(key=lambda waiting: waiting[0].establishment_id)
            for establishment_id, members in groupby(group, lambda w: w[0].establishment_id):
                self._store(establishment_id, list(members))

    def _store(self, establishment_id: int, members: list[_Waiting]) -> None:
        try:
            answers = self._commit(establishment_id, [arrival for arrival, _ in members])
        except _REFUSED as error:
            if len(members) == 1:
                _answer(members, [error])
            else:
                # One bad member must not fail the others: each gets a second try of its own.
                log.warning("group not stored", error=type(error).__name__, size=len(members))
                for member in members:
                    self._store(establishment_id, [member])
        else:
            _answer(members, answers)

    def _commit(self, establishment_id: int, arrivals: list[Arrival]) -> list[Result]:
        with self._database.establishment(establishment_id) as session:
            return store(session, arrivals)


def _answer(members: list[_Waiting], answers: Sequence[Result | Exception]) -> None:
    """Wake the requests, all in one turn of their event loop."""
    loop = members[0][1].get_loop()

    def resolve() -> None:
        for (_, future), answer in zip(members, answers, strict=True):
            if future.done():  # its client has gone or given up
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    if not loop.is_closed():
        loop.call_soon_threadsafe(resolve)
