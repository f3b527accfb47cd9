"""What the engine is compared with: RQ's own `enqueue_at` and Celery with ETA, no-op jobs.

Each runs as its own manual says, on the same Redis server, and has all jobs before they are due.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from redis import Redis
from rq import Queue

from bench import jobs
from bench.stack import Stack, started

CELERY_DATABASE, RQ_DATABASE = 1, 2
GIVE_UP_SECONDS = 600.0
WORKED, UNWORKED = "bench", "bench-unworked"
TRIAL_JOBS = 100
LEEWAYS = (2.0, 5.0, 10.0)
"""The worker takes its share of the machine while jobs are being handed over; a run whose jobs
were due too early is thrown away, and the next has more time."""


@dataclass(frozen=True)
class Ran:
    """Jobs a second from the first due time to the last run, and each one's lag in seconds."""

    per_second: float
    lags: list[float]


class _TooLate(Exception):
    """The first job was due before the last had been handed over."""


def celery(stack: Stack, count: int, spread: float = 0.0, threads: int = 50) -> Ran:
    """Celery's thread pool. `spread`: seconds over which the due times are spread."""
    return _in_time(lambda leeway: _celery(stack, count, spread, threads, leeway))


def _celery(stack: Stack, count: int, spread: float, threads: int, leeway: float) -> Ran:
    from bench import celery_app  # an optional dependency: `make bench` installs it

    broker = _database(stack, CELERY_DATABASE)
    command = [
        "celery", "--app", "bench.celery_app", "worker", "--pool", "threads", "--concurrency",
        str(threads), "--loglevel", "ERROR", "--without-gossip", "--without-mingle",
        "--without-heartbeat", "--queues", WORKED,
    ]  # fmt: skip
    with _worker(stack, command, {celery_app.BROKER: broker}) as records:
        celery_app.app.conf.broker_url = broker

        def put(due: float, queue: str) -> None:
            moment = datetime.fromtimestamp(due, UTC)
            celery_app.celery_note.apply_async((due,), eta=moment, queue=queue)

        return _run(count, spread, put, records, leeway)


def rq(stack: Stack, count: int, spread: float = 0.0, *, worker: str = "rq.SimpleWorker") -> Ran:
    """RQ's scheduler and the named worker class (`rq.worker.Worker` forks for each job)."""
    return _in_time(lambda leeway: _rq(stack, count, spread, worker, leeway))


def _rq(stack: Stack, count: int, spread: float, worker: str, leeway: float) -> Ran:
    url = _database(stack, RQ_DATABASE)
    command = [
        "rq", "worker", "--url", url, "--with-scheduler", "--worker-class", worker,
        "--logging_level", "ERROR", WORKED,
    ]  # fmt: skip
    with _worker(stack, command, {}) as records, Redis.from_url(url) as redis:
        queues = {name: Queue(name, connection=redis) for name in (WORKED, UNWORKED)}

        def put(due: float, queue: str) -> None:
            moment = datetime.fromtimestamp(due, UTC)
            queues[queue].enqueue_at(moment, jobs.note, due, result_ttl=0)

        return _run(count, spread, put, records, leeway)


def _in_time(once: Callable[[float], Ran]) -> Ran:
    """Run until the jobs were handed over in time, with more time for it at each try."""
    for leeway in LEEWAYS:
        with contextlib.suppress(_TooLate):
            return once(leeway)
    raise SystemExit("this machine enqueues too slowly: the first was due before all were put")


def _run(
    count: int, spread: float, put: Callable[[float, str], None], records: Path, leeway: float
) -> Ran:
    """Hand over all jobs in time, wait until they have run."""
    first = time.time() + 4.0 + leeway * count * _seconds_to_put(put)
    for number in range(count):
        put(first + spread * number / count, WORKED)
    if time.time() > first:
        raise _TooLate
    wanted = count * jobs.RECORD.size
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while not records.exists() or records.stat().st_size < wanted:
        if time.monotonic() > deadline:
            raise SystemExit(f"a reference did not end within {GIVE_UP_SECONDS:.0f} s")
        time.sleep(0.1)
    seen = list(jobs.RECORD.iter_unpack(records.read_bytes()))
    last = max(ran for _, ran in seen)
    return Ran(count / (last - first), [ran - due for due, ran in seen])


def _seconds_to_put(put: Callable[[float, str], None]) -> float:
    """What one job takes to hand over, seen on a queue that nobody works on."""
    before = time.perf_counter()
    for _ in range(TRIAL_JOBS):
        put(time.time() + 3600, UNWORKED)
    return (time.perf_counter() - before) / TRIAL_JOBS


@contextlib.contextmanager
def _worker(stack: Stack, command: list[str], settings: dict[str, str]) -> Iterator[Path]:
    records = stack.folder / f"records-{uuid4().hex}"
    env = stack.env | settings | {jobs.FILE: str(records), "PYTHONPATH": "."}
    program = [sys.executable, str(Path(sys.executable).parent / command[0]), *command[1:]]
    with (stack.folder / f"{command[0]}.log").open("ab") as log, started(program, env, log):
        time.sleep(3.0)  # neither says when it is ready; both are idle well before this
        yield records


def _database(stack: Stack, number: int) -> str:
    url = f"{stack.redis_url.rpartition('/')[0]}/{number}"
    with Redis.from_url(url) as redis:
        redis.flushdb()
    return url
