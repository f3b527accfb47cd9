"""Sending, as a pipeline: stamp, call, store, each in threads of its own.

    put ─ lines wait ─ stamp (a committed statement) ─ call (threads) ─ store (a statement)

While some deliveries are being called, others are stamped and the outcomes of those before them
are stored, so a batch of one does not wait for the call of the batch before it. A place is taken
before a delivery is stamped and is free again when the call has its outcome. What waits unstamped
is found by the sweep.

Each establishment has a line of its own, and one alone has as many places as it leaves free
(`workers/fair_share.py`): one whose provider does not answer, and that holds what places it has
until its calls time out, does not keep another's ten waiting. Killed anywhere, no more than twice
as many deliveries as one may have places (`ENGINE_CONCURRENCY`) are left unknown, those included
whose outcome waits to be stored.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from queue import SimpleQueue

from database.away import is_away, is_lost
from models.establishment import Establishment
from services.dispatch import Attempt
from services.sender.settlement import Settlement
from utils.logs import get_logger
from workers.fair_share import FairShare
from workers.rests import Rests

STAMP_LINGER_SECONDS = 0.010
"""How long a group waits for places before it is stamped with those there are: a statement for one
costs nearly as much as one for many. What finds room for all is stamped at once."""
STORE_LINGER_SECONDS = 0.020
"""How long an outcome waits for others. It holds no place meanwhile, and the last one of those
called ends the waiting."""
NO_THREAD_SECONDS = 0.5
"""How long to wait before a thread is started again that the machine had no room for."""
AWAY_SECONDS = 0.5
"""How long to wait before a group is stamped again while PostgreSQL is away."""
REST_LOOK_SECONDS = 0.25
"""How often to look whether an establishment that waits has rested (`workers/rests.py`)."""
LONGEST_PUT_SECONDS = 0.5
"""How long a batch waits for those before it. Those may be one establishment's whose provider
stands still; behind this batch another's may wait in the queue."""

log = get_logger("careloop.worker")


@dataclass(frozen=True, slots=True)
class Begun:
    """A delivery that was stamped: to be called unless `lease_over` has passed."""

    establishment: Establishment
    attempt: Attempt
    lease_over: float


@dataclass(frozen=True, slots=True)
class Finished:
    """A delivery that was called; no settlement when our own code broke."""

    begun: Begun
    settlement: Settlement | None


class Pipeline:
    """Sends batches of deliveries, at most `places` of an establishment's at a time. Thread-safe.

    `begin` stamps a group and returns what may go out, `call` makes one call, `conclude` stores a
    group's outcomes. What they raise is logged: the sweep looks after the deliveries concerned.
    """

    def __init__(
        self,
        places: int,
        *,
        begin: Callable[[int, list[int]], list[Begun]],
        call: Callable[[Begun], Settlement],
        conclude: Callable[[Establishment, Sequence[Finished]], None],
    ) -> None:
        self._places = places
        self._begin = begin
        self._call = call
        self._conclude = conclude
        self._lock = threading.RLock()
        self._may_put = threading.Condition(self._lock)
        self._may_stamp = threading.Condition(self._lock)
        self._may_store = threading.Condition(self._lock)
        self._lines: dict[int, dict[int, None]] = {}  # who waits unstamped, in order
        self._rests = Rests()
        self._shares = FairShare(2 * places)
        self._calls: SimpleQueue[Begun] = SimpleQueue()
        self._stamping = 0
        self._calling = 0
        self._callers = 0
        self._finished: list[Finished] = []
        self._complete = False  # no outcome is to come soon for those that have finished
        self._storing = 0
        self._ending = False
        self._to_start = [self._stamp_for_ever, self._store_for_ever]

    def put(self, establishment_id: int, ids: Iterable[int]) -> None:
        """Take in a batch; waits a little while as many as there are places are waiting already.

        The first of an establishment do not wait, if there is room for them. What is waiting
        already is not taken in twice: its claim ran out, and was renewed.
        """
        with self._lock:
            self._start()
            self._ending = False  # whoever brings more goes on
            self._may_put.wait_for(lambda: self._may_take_in(establishment_id), LONGEST_PUT_SECONDS)
            line = self._lines.setdefault(establishment_id, {})
            line |= dict.fromkeys(sorted(ids))
            self._may_stamp.notify()

    def drain(self) -> None:
        """Wait until everything that was taken in is done."""
        with self._lock:
            self._may_put.wait_for(lambda: not self._lines and not self._open())

    def give_up_waiting(self) -> list[tuple[int, list[int]]]:
        """Forget what waits unstamped; it is returned, by establishment."""
        with self._lock:
            self._ending = True
            waiting, self._lines = self._lines, {}
            self._may_put.notify_all()
        return [(establishment_id, list(line)) for establishment_id, line in waiting.items()]

    def _may_take_in(self, establishment_id: int) -> bool:
        first = establishment_id not in self._lines and self._room(establishment_id) > 0
        return first or self._waiting() < self._places

    def _waiting(self) -> int:
        return sum(len(line) for one, line in self._lines.items() if not self._rests.rests(one))

    def _open(self) -> int:
        """How many would be left unknown now."""
        return self._stamping + self._calling + len(self._finished) + self._storing

    def _room(self, establishment_id: int) -> int:
        """How many more of its line may be stamped."""
        may_be_open = 2 * self._places - self._open()
        return min(self._shares.room(establishment_id), may_be_open)

    def _start(self) -> None:
        """Not before the first batch: a process may fork until then."""
        while self._to_start:
            _begin_thread(self._to_start[0])  # raises where there are too many: at the next batch
            del self._to_start[0]

    def _stamp_for_ever(self) -> None:
        while True:
            try:
                self._stamp_next()
            except Exception:  # nothing may end this thread; the sweep finds what it held
                log.error("stamping broke", exc_info=True)
                time.sleep(NO_THREAD_SECONDS)

    def _stamp_next(self) -> None:
        with self._lock:
            while self._next_line() is None:
                self._may_stamp.wait(REST_LOOK_SECONDS if self._lines else None)
            self._may_stamp.wait_for(self._room_for_all, STAMP_LINGER_SECONDS)
            establishment_id = self._next_line()
            if establishment_id is None:
                return  # they were given up meanwhile
            group = self._take_places(establishment_id)
        begun = self._stamp(establishment_id, group)
        with self._lock:
            self._stamping = 0
            self._shares.give_back(establishment_id, len(group) - len(begun))
            self._calling += len(begun)
            self._call_in()
            self._may_put.notify_all()
        for called in begun:
            self._calls.put(called)

    def _next_line(self) -> int | None:
        """The establishment whose turn it is; None where there is no room."""
        if self._open() >= 2 * self._places:
            return None
        return self._shares.next(one for one in self._lines if not self._rests.rests(one))

    def _room_for_all(self) -> bool:
        """True when all that waits in one line has room, or all that may ever go at a time."""
        return any(
            self._room(establishment_id) >= min(len(line), self._places)
            for establishment_id, line in self._lines.items()
        )

    def _first_room(self) -> bool:
        """True when a line that waits has just come to have room again."""
        return any(self._room(establishment_id) == 1 for establishment_id in self._lines)

    def _take_places(self, establishment_id: int) -> list[int]:
        """The next group: of one establishment, no larger than there is room."""
        line = self._lines[establishment_id]
        group = list(islice(line, self._room(establishment_id)))
        for delivery_id in group:
            del line[delivery_id]
        if not line:
            del self._lines[establishment_id]
        self._shares.take(establishment_id, len(group))
        self._stamping = len(group)
        self._may_put.notify_all()
        return group

    def _call_in(self) -> None:
        """See that there is a thread for each call. They are never more than may be called.

        Where no more can be started, those there are make all the calls; where there is none, the
        first is waited for.
        """
        while self._callers < self._calling:
            try:
                _begin_thread(self._call_for_ever)
            except RuntimeError as error:
                log.warning("no thread for a call", callers=self._callers, error=str(error))
                if self._callers:
                    return
                self._may_stamp.wait(NO_THREAD_SECONDS)
            else:
                self._callers += 1

    def _stamp(self, establishment_id: int, group: list[int]) -> list[Begun]:
        try:
            begun = self._begin(establishment_id, group)
        except Exception as error:  # noqa: BLE001 - this thread goes on for ever
            self._not_stamped(establishment_id, group, error)
            return []
        with self._lock:
            self._rests.worked(establishment_id, "stamp")
        return begun

    def _not_stamped(self, establishment_id: int, group: list[int], error: Exception) -> None:
        """Stamp it later where that may help, as at a lock; else its claims end and are renewed."""
        lost = is_lost(error)
        with self._lock:
            if not lost:
                self._rests.failed(establishment_id, "stamp", error)
            if is_away(error) and not self._ending:
                line = self._lines.get(establishment_id, {})
                self._lines[establishment_id] = dict.fromkeys(group) | line
        if lost:  # that is nobody's own
            log.warning("group not begun: database unavailable", error=type(error).__name__)
            time.sleep(AWAY_SECONDS)

    def _call_for_ever(self) -> None:
        while True:
            begun = self._calls.get()
            try:
                settlement = self._call(begun)
            except Exception:  # as above: it stays `sending`, the sweep asks about it
                log.error("call broke", delivery=begun.attempt.delivery_id, exc_info=True)
                settlement = None
            self._note(Finished(begun, settlement))

    def _note(self, finished: Finished) -> None:
        """Wake the other steps when there is something new for them, not at each outcome."""
        with self._lock:
            self._calling -= 1
            self._shares.give_back(finished.begun.establishment.id, 1)
            self._finished.append(finished)
            if not self._calling:
                self._complete = True
            if self._complete or len(self._finished) == 1:
                self._may_store.notify()
            if self._first_room() or self._room_for_all():
                self._may_stamp.notify()

    def _store_for_ever(self) -> None:
        while True:
            finished = self._gather()
            for establishment, group in _by_establishment(finished):
                self._store(establishment, group)
            with self._lock:
                self._storing = 0
                self._may_stamp.notify()
                self._may_put.notify_all()

    def _gather(self) -> list[Finished]:
        """The next outcomes: those that are there, and a few more if they come soon."""
        with self._lock:
            self._may_store.wait_for(lambda: self._finished)
            self._may_store.wait_for(lambda: self._complete, STORE_LINGER_SECONDS)
            gathered, self._finished = self._finished, []
            self._storing = len(gathered)
            self._complete = False
        return gathered

    def _store(self, establishment: Establishment, finished: Sequence[Finished]) -> None:
        try:
            self._conclude(establishment, finished)
        except Exception:  # as above
            log.error("outcomes not stored", establishment=establishment.id, exc_info=True)


def _begin_thread(step: Callable[[], None]) -> None:
    threading.Thread(target=step, name=step.__name__.strip("_"), daemon=True).start()


def _by_establishment(
    finished: Iterable[Finished],
) -> Iterator[tuple[Establishment, list[Finished]]]:
    ordered = sorted(finished, key=lambda one: one.begun.establishment.id)
    for _, group in groupby(ordered, key=lambda one: one.begun.establishment.id):
        members = list(group)
        yield members[0].begun.establishment, members
