"""A worker whose Redis goes away, or whose connection is forgotten on its way, goes on; and stops.

What the tests here are to catch:
- RQ's own `worker_ttl` (its read rests for minutes, and a job is popped into nothing);
- `request_stop` that does not note what was asked (RQ forgets it where Redis is away);
- a loop of RQ's that ended by itself taken for one that was told to.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis.exceptions import TimeoutError as RedisTimeout

from config.settings import get_settings
from database.session import Job
from models.delivery import DeliveryStatus as S
from tests.conftest import ROOT
from tests.fixtures import NORTH
from tests.services.deliveries import claim, delivery, make
from tests.tree import wait_for
from workers import runner
from workers.context import get_context
from workers.names import SEND
from workers.queue import connect


class Gateway:
    """Stands between a worker and Redis: forgets connections that rest, or is gone."""

    def __init__(self, forgets_after: float = 1e9) -> None:
        url = urlsplit(get_settings().redis.url.get_secret_value())
        self.login, self.target = url.netloc.rpartition("@")[0], (url.hostname, url.port)
        self.database = url.path
        self.forgets_after = forgets_after
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.ends: list[socket.socket] = []
        self.threads = [threading.Thread(target=self._serve)]
        self.threads[0].start()

    @property
    def url(self) -> str:
        return f"redis://{self.login}@127.0.0.1:{self.port}{self.database}"

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self.listener.accept()
                there = socket.create_connection(self.target)
                self.ends += [here, there]
                last = [time.monotonic()]
                for ends in ((here, there), (there, here)):
                    pump = threading.Thread(target=self._pump, args=(*ends, last))
                    self.threads.append(pump)
                    pump.start()

    def _pump(self, one: socket.socket, other: socket.socket, last: list[float]) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                if time.monotonic() - last[0] > self.forgets_after:
                    last[0] = -1e12  # from now on all of it vanishes, without a word
                    continue
                last[0] = time.monotonic()
                other.sendall(data)
            other.shutdown(socket.SHUT_RDWR)

    def go_away(self) -> None:
        for one in (self.listener, *self.ends):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.go_away()
        for thread in self.threads:
            thread.join(10)
        for one in (self.listener, *self.ends):
            one.close()


@contextmanager
def a_worker(folder: Path, gateway: Gateway) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    log = folder / "worker.log"
    env = os.environ | {"REDIS_URL": gateway.url, "DRY_RUN": "true"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "cli.py", "worker"], cwd=ROOT, env=env, stdout=out, stderr=out
        )
        try:
            wait_for(lambda: b"worker started" in log.read_bytes(), "the worker")
            time.sleep(2)
            yield process, log
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            gateway.close()


def test_a_job_after_a_rest_is_taken(database: Any, tmp_path: Path) -> None:
    with a_worker(tmp_path, Gateway(forgets_after=6.0)):
        time.sleep(10)  # a quiet night
        (number,) = make(database)
        assert get_context().queue.put(Job(SEND, NORTH, claim(database).to_send))
        wait_for(lambda: delivery(database, number).status != S.queued, "the job to be taken")


@pytest.mark.parametrize("redis_away", [False, True])
def test_a_worker_that_is_told_to_stop_stops(
    database: Any, tmp_path: Path, redis_away: bool
) -> None:
    gateway = Gateway()
    with a_worker(tmp_path, gateway) as (process, log):
        if redis_away:
            gateway.go_away()
            time.sleep(4)
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert "worker stopped" in log.read_text()


def test_an_answer_that_does_not_come_does_not_end_the_worker(
    redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RQ ends its loop for it, as if it had been told to."""
    stop, lives = runner.Stop(), []

    def times_out(*_: Any, **__: Any) -> None:
        lives.append(1)
        if len(lives) == 2:
            stop.ask()
        raise RedisTimeout

    monkeypatch.setattr(runner, "NEXT_LIFE_SECONDS", 0.0)
    monkeypatch.setattr(runner.Stop, "heed", lambda _: None)
    monkeypatch.setattr(runner.CareloopWorker, "dequeue_job_and_maintain_ttl", times_out)
    monkeypatch.setattr(runner.CareloopWorker, "_install_signal_handlers", lambda _: None)
    with connect(get_settings().redis, blocking=True) as connection:
        runner._work_until(stop, connection, "worker:times_out")
    assert len(lives) == 2
