"""Errands: what waits for somebody outside does not stand in the queue's way.

Each of these was broken once, and a test here failed:
- `errand` that does the job at once in a worker, too;
- `_do` without its `except` (the thread is gone, and with it a place);
- `FairShare.room` that gives all that is free;
- `note` without its bound, or that notes the same job twice;
- a thread that is counted before it has started (after a few, no errand is ever done again);
- `close` that forgets what was only noted, `drain` that does not wait for what was begun.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import structlog

from database.session import Job
from tests.tree import wait_for
from workers import errands
from workers.errands import MOST_NOTED, Errand, Errands, errand

STUCK, OTHER = 11, 1


class Jobs:
    """Jobs that ask somebody: one establishment's answers only when it is told to."""

    def __init__(self) -> None:
        self.answered = threading.Event()
        self.begun: list[tuple[int, list[int]]] = []
        self.done: list[tuple[int, list[int]]] = []
        self.on_behalf_of: list[object] = []

    def ask(self, establishment_id: int, ids: list[int]) -> None:
        self.begun.append((establishment_id, ids))
        self.on_behalf_of.append(structlog.contextvars.get_contextvars().get("correlation_id"))
        if establishment_id == STUCK:
            assert self.answered.wait(20)
        if ids == [0]:
            raise KeyError("ours")
        self.done.append((establishment_id, ids))

    def errand(self, establishment_id: int, *ids: int) -> Errand:
        return Errand(Job("ask", establishment_id, ids), self.ask, None)


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    found = Jobs()
    yield found
    found.answered.set()


def test_who_waits_for_an_answer_keeps_nobody_waiting(jobs: Jobs) -> None:
    kept = Errands()
    for number in range(1, 20):
        kept.note(jobs.errand(STUCK, number))
    for number in range(1, 6):
        kept.note(jobs.errand(OTHER, number))
    wait_for(lambda: len(jobs.done) == 5, "the other's answers")
    assert {who for who, _ in jobs.done} == {OTHER}
    left = kept_and_closed(kept, jobs)
    assert len(left) + len(jobs.begun) == 24


def test_what_breaks_costs_no_thread(jobs: Jobs) -> None:
    kept = Errands(threads=2)
    for _ in range(5):
        kept.note(jobs.errand(OTHER, 0))
        wait_for(lambda: not kept._noted, "it to be begun")
    kept.note(jobs.errand(OTHER, 1))
    wait_for(lambda: jobs.done == [(OTHER, [1])], "what does not break")


def test_the_same_twice_is_one_and_too_many_are_forgotten(jobs: Jobs) -> None:
    kept = Errands(threads=1)
    kept.note(jobs.errand(STUCK, 0, 0))
    wait_for(lambda: len(jobs.begun) == 1, "the first to be begun")
    for number in [*range(MOST_NOTED + 5), 1, 2]:
        kept.note(jobs.errand(STUCK, number))
    left = kept_and_closed(kept, jobs)
    assert left == [Job("ask", STUCK, (number,)) for number in range(MOST_NOTED)]


def test_the_end_waits_for_what_was_begun_and_tells_of_the_rest(jobs: Jobs) -> None:
    kept = Errands(threads=1)
    kept.note(jobs.errand(STUCK, 1))
    wait_for(lambda: jobs.begun == [(STUCK, [1])], "the first to be begun")
    kept.note(jobs.errand(STUCK, 2))
    assert kept_and_closed(kept, jobs) == [Job("ask", STUCK, (2,))]
    assert jobs.done == [(STUCK, [1])]


def kept_and_closed(kept: Errands, jobs: Jobs) -> list[Job]:
    """Close while some still wait for the answer; it comes when they are waited for."""
    left = kept.close()
    draining = threading.Thread(target=kept.drain)
    draining.start()
    assert not jobs.answered.is_set()
    jobs.answered.set()
    draining.join(20)
    assert not draining.is_alive()
    assert len(jobs.done) == len([ids for _, ids in jobs.begun if ids != [0]])
    return left


def test_in_a_worker_a_job_that_asks_is_only_noted(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = errand(jobs.ask)
    ask(OTHER, [7])
    assert jobs.done == [(OTHER, [7])]  # nobody opened errands: at once
    monkeypatch.setattr(errands, "_errands", None)  # as it was, when this test is over
    kept = errands.open_errands()
    with structlog.contextvars.bound_contextvars(correlation_id="abc"):
        ask(STUCK, [8])
    wait_for(lambda: jobs.begun[1:] == [(STUCK, [8])], "it to be begun")
    assert jobs.done == [(OTHER, [7])]
    assert jobs.on_behalf_of == [None, "abc"]
    assert kept_and_closed(kept, jobs) == []


def test_threads_that_could_not_be_started_are_started_later(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = Errands(threads=2)
    with monkeypatch.context() as short_of_threads:

        def refuse(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        short_of_threads.setattr(threading.Thread, "start", refuse)
        for number in range(1, 5):
            noted.note(jobs.errand(OTHER, number))
    noted.note(jobs.errand(OTHER, 5))
    wait_for(lambda: len(jobs.done) == 5, "all of them, once there are threads again")
