"""Errands: jobs that wait for somebody outside, beside the queue instead of in its way.

A worker takes jobs from the queue one after the other. One that asks a provider may wait as long as
its time-outs are, and behind it would wait what is to be sent, of this establishment and of every
other. So such a job is only noted where the queue's loop calls it, and done by one of a few threads
that establishments share (`workers/fair_share.py`).

Noted is not done: what a killed worker had noted, and what is too much to note, is found in
PostgreSQL by the scheduler, as with a job that was never taken.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

import structlog

from database.session import Job
from utils.logs import get_logger
from workers.fair_share import FairShare

THREADS = 6
"""Of a process. Each may use a connection to the database, beside those that send; one
establishment alone has half of them."""
MOST_NOTED = 200
"""Jobs of one establishment that may wait here; more are forgotten until they are found again."""

Work = Callable[[int, list[int]], None]

log = get_logger("careloop.worker")


@dataclass(frozen=True, slots=True)
class Errand:
    """A job, what does it, and on behalf of which request."""

    job: Job
    work: Work
    correlation_id: str | None


class Errands:
    """Does jobs in threads of its own, which it starts as they are needed. Thread-safe."""

    def __init__(self, threads: int = THREADS) -> None:
        self._threads = threads
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._noted: dict[int, dict[Job, Errand]] = {}
        self._shares = FairShare(threads)
        self._started = 0
        self._idle = 0
        self._closed = False

    def note(self, errand: Errand) -> None:
        """Have it done when there is a thread for it. The same once more is still one."""
        job = errand.job
        with self._lock:
            line = self._noted.setdefault(job.establishment_id, {})
            if len(line) >= MOST_NOTED:
                log.warning("errand not noted", establishment=job.establishment_id, job=job.name)
                return
            line[job] = errand
            if self._idle < sum(map(len, self._noted.values())) and self._started < self._threads:
                self._begin_thread()
            self._changed.notify_all()

    def _begin_thread(self) -> None:
        """Counted once it runs. Where the machine has no room for it, the next errand tries again,
        if those threads there are leave any waiting."""
        try:
            threading.Thread(target=self._work_for_ever, name="errand", daemon=True).start()
        except RuntimeError as error:
            log.warning("no thread for an errand", threads=self._started, error=str(error))
            return
        self._started += 1
        self._idle += 1

    def close(self) -> list[Job]:
        """Begin nothing more; what was only noted is returned."""
        with self._lock:
            left = [job for line in self._noted.values() for job in line]
            self._noted.clear()
            self._closed = True
            self._changed.notify_all()
        return left

    def drain(self) -> None:
        """Wait for what was begun. Each outside call that it makes has a time-out."""
        with self._lock:
            self._changed.wait_for(lambda: self._shares.free == self._threads)

    def _work_for_ever(self) -> None:
        while True:
            with self._lock:
                self._changed.wait_for(lambda: self._closed or self._next())
                if self._closed:
                    return
                errand = self._take()
                self._idle -= 1
            _do(errand)
            with self._lock:
                self._idle += 1
                self._shares.give_back(errand.job.establishment_id, 1)
                self._changed.notify_all()

    def _next(self) -> int | None:
        return self._shares.next(self._noted)

    def _take(self) -> Errand:
        """The oldest errand of whose turn it is."""
        establishment_id = self._next()
        assert establishment_id is not None
        line = self._noted[establishment_id]
        errand = line.pop(next(iter(line)))
        if not line:
            del self._noted[establishment_id]
        self._shares.take(establishment_id, 1)
        return errand


def _do(errand: Errand) -> None:
    job = errand.job
    with structlog.contextvars.bound_contextvars(correlation_id=errand.correlation_id):
        try:
            errand.work(job.establishment_id, list(job.ids))
        except Exception:  # the thread goes on; one scrubbed line, as for a job of the queue
            log.error("job failed", job=job.name, exc_info=True)


_errands: Errands | None = None


def open_errands() -> Errands:
    """From now on what is an errand is done by threads of this process. Not before a fork."""
    global _errands  # noqa: PLW0603 - of the process, as its loop is
    _errands = Errands()
    return _errands


def errand(work: Work) -> Work:
    """Make a job an errand. In a process that has not opened any it is done at once."""
    name = f"{work.__module__}.{work.__qualname__}"

    @wraps(work)
    def noted(establishment_id: int, ids: list[int]) -> None:
        if _errands is None:
            work(establishment_id, ids)
            return
        correlation = structlog.contextvars.get_contextvars().get("correlation_id")
        _errands.note(Errand(Job(name, establishment_id, tuple(ids)), work, correlation))

    return noted
