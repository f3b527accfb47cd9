"""The pipeline of sending: how many are under way at a time, and what a fault leaves behind.

Each of these was broken once, and a test here failed:
- `_room` without what waits to be stored (too many unknown behind a slow database);
- `min(len(ids), self._room())` -> `len(ids)` (more stamped than there are places);
- `_stamping = 0` left out after a group that did not begin (the pipeline stands still);
- each `except Exception` that raises instead (a thread dies, the pipeline stands still);
- `give_up_waiting` that does not clear the batches (stamped after the end was announced);
- `FairShare.room` that gives all that is free, or rounds down (another's few wait for the calls of
  an establishment whose provider stands still);
- `put` that waits for room without a bound (they wait in the queue behind its next batch);
- `put` that takes in twice what is waiting (a claim that was renewed is stamped again);
- a caller that is counted before it has started (one that could not start ends the sending).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from models.delivery import DeliveryStatus
from models.establishment import Establishment
from services.dispatch import Attempt
from services.sender.settlement import Settlement
from tests.tree import wait_for
from workers.pipeline import Begun, Finished, Pipeline

SLOW, BROKEN = 13, 17
ELSEWHERE, UNLUCKY = 2, 3
STUCK = (11, 12, 14)  # establishments whose provider does not answer


class Carrier:
    """Stands for PostgreSQL and a provider: notes what is stamped, called and concluded."""

    def __init__(self, places: int) -> None:
        self.go_on = threading.Event()
        self.lock = threading.Lock()
        self.stamped: list[int] = []
        self.called: list[int] = []
        self.concluded: list[int] = []
        self.most_open = 0
        self.most_called = 0
        self.database_answers = threading.Event()
        self.database_answers.set()
        self.pipeline = Pipeline(places, begin=self.begin, call=self.call, conclude=self.conclude)

    def begin(self, establishment_id: int, ids: list[int]) -> list[Begun]:
        if establishment_id == UNLUCKY:
            raise ConnectionError
        sent = [number for number in ids if number % 10 != 9]  # those have opted out
        with self.lock:
            self.stamped += sent
            self.most_open = max(self.most_open, len(self.stamped) - len(self.concluded))
            self.most_called = max(self.most_called, len(self.stamped) - len(self.called))
        here = Establishment(id=establishment_id)
        return [Begun(here, Attempt(n, 1, "sms", "", "", "fra", 60, None), 0.0) for n in sent]

    def call(self, begun: Begun) -> Settlement:
        attempt = begun.attempt
        if attempt.delivery_id == SLOW or begun.establishment.id in STUCK:
            assert self.go_on.wait(20)
        if attempt.delivery_id == BROKEN:
            raise KeyError("ours")
        with self.lock:
            self.called.append(attempt.delivery_id)
        return Settlement(attempt.delivery_id, 1, DeliveryStatus.sent, "twilio")

    def conclude(self, establishment: Establishment, finished: Sequence[Finished]) -> None:
        assert self.database_answers.wait(20)
        with self.lock:
            self.concluded += [one.begun.attempt.delivery_id for one in finished]
        if establishment.id == ELSEWHERE:
            raise ConnectionError


def test_no_more_are_called_than_there_are_places_and_no_more_than_twice_as_many_open() -> None:
    carrier = Carrier(places=7)
    carrier.database_answers.clear()  # outcomes cannot be stored for now
    putting = threading.Thread(
        target=lambda: [carrier.pipeline.put(1, range(n, n + 50)) for n in range(100, 400, 50)]
    )
    putting.start()
    wait_for(lambda: len(carrier.called) >= 14, "as many calls as may be open")
    carrier.database_answers.set()
    putting.join(20)
    carrier.pipeline.drain()
    assert sorted(carrier.concluded) == [n for n in range(100, 400) if n % 10 != 9]
    assert sorted(carrier.called) == sorted(carrier.stamped) == sorted(carrier.concluded)
    assert carrier.most_called <= 7
    assert carrier.most_open == 14


def test_a_batch_does_not_wait_for_the_call_of_another() -> None:
    carrier = Carrier(places=4)
    carrier.pipeline.put(1, [SLOW])
    carrier.pipeline.put(1, [20, 21, 22, 23, 24])
    wait_for(lambda: len(carrier.concluded) == 5, "the second batch's outcomes")
    assert SLOW not in carrier.concluded
    carrier.go_on.set()
    carrier.pipeline.drain()
    assert SLOW in carrier.concluded


@pytest.mark.parametrize(
    ("establishment_id", "ids"), [(1, [BROKEN]), (ELSEWHERE, [30]), (UNLUCKY, [31])]
)
def test_a_fault_costs_its_own_group_only(establishment_id: int, ids: list[int]) -> None:
    carrier = Carrier(places=2)
    for _ in range(5):  # more than there are places: each must be free again
        carrier.pipeline.put(establishment_id, ids)
    carrier.pipeline.put(1, [40, 41])
    wait_for(lambda: {40, 41} <= set(carrier.concluded), "the others' outcomes")
    carrier.pipeline.drain()


@pytest.mark.parametrize(("places", "stuck"), [(6, 1), (6, 3), (1, 1)])
def test_who_waits_for_a_provider_keeps_nobody_waiting(places: int, stuck: int) -> None:
    carrier = Carrier(places)
    batches = range(100, 300, 100)  # the second finds more waiting than there are places
    for establishment_id in STUCK[:stuck]:
        for first in batches:
            carrier.pipeline.put(establishment_id, range(first, first + 50))
    few = range(1000, 1009)
    carrier.pipeline.put(1, few)
    wait_for(lambda: set(few) <= set(carrier.concluded), "the few's outcomes")
    assert len(carrier.concluded) == len(few)
    carrier.pipeline.give_up_waiting()
    carrier.go_on.set()
    carrier.pipeline.drain()


def test_what_waits_already_is_not_taken_in_again() -> None:
    carrier = Carrier(places=1)
    carrier.pipeline.put(1, [SLOW])
    wait_for(lambda: carrier.stamped == [SLOW], "the stamp")
    carrier.pipeline.put(1, [60, 61])
    carrier.pipeline.put(1, [61, 62])
    carrier.go_on.set()
    carrier.pipeline.drain()
    assert carrier.concluded == [SLOW, 60, 61, 62]


def test_what_waits_unstamped_is_given_up() -> None:
    carrier = Carrier(places=1)
    carrier.pipeline.put(1, [SLOW])
    wait_for(lambda: carrier.stamped == [SLOW], "the stamp")
    carrier.pipeline.put(1, [50, 51])
    assert carrier.pipeline.give_up_waiting() == [(1, [50, 51])]
    carrier.go_on.set()
    carrier.pipeline.drain()
    assert carrier.stamped == carrier.concluded == [SLOW]


def test_a_thread_that_cannot_be_started_is_started_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit of processes, or memory that is short for a moment: it takes no batch with it."""
    carrier = Carrier(4)
    start = threading.Thread.start
    refused: list[str] = []

    def short_of_threads(thread: threading.Thread) -> None:
        if thread.name not in refused:  # each kind of them, once
            refused.append(thread.name)
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", short_of_threads)
    for _ in ("stamp_for_ever", "store_for_ever"):
        with pytest.raises(RuntimeError):
            carrier.pipeline.put(1, [1, 2])
    carrier.pipeline.put(1, [1, 2])
    carrier.pipeline.put(1, [3, 4])
    wait_for(lambda: sorted(carrier.concluded) == [1, 2, 3, 4], "all of them")
    assert "call_for_ever" in refused
