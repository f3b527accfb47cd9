"""The stage: servers of its own, a carrier, and the cast of processes that play there."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from supervisor.embedded import EmbeddedPostgres, EmbeddedRedis
from supervisor.ports import free_port
from supervisor.spawn import spawn
from tests import http
from tests.chaos.cast import PATIENCE, Cast
from tests.conftest import ROOT, TEST_ENVIRONMENT
from tests.template import SOUTH_NUMBER
from tests.tree import answers, wait_for

LEASE, ASK_AFTER, SETTLE_AFTER = 4.0, 1.5, 14.0
"""Seconds: short, so that a run sees what takes minutes in earnest. What is not in the carrier's
list after `SETTLE_AFTER` is sent again: that is more than a lease, the longest call and the time
until the list shows what was accepted, all together."""
TAKEN_LATE, LISTED_LATE = 5.5, 4.0
"""Both longer than it takes until the list is asked for the first time: from the call, and from
when the carrier took it at once."""
CALL_TIMEOUT = 2.0
SET_UP_SECONDS = 180.0
"""For what comes before a run, on a machine that has other things to do."""
ENGINE = {
    "ENGINE_CLAIM_LEASE": str(LEASE),
    "ENGINE_SWEEP": "0.5",
    "ENGINE_POLL": "0.5",
    "ENGINE_ASK_AFTER": str(ASK_AFTER),
    "ENGINE_SETTLE_AFTER": str(SETTLE_AFTER),
    "ENGINE_BATCH": "20",
    "ENGINE_OUTSTANDING_BATCHES": "3",
    "ENGINE_CONCURRENCY": "8",
    "ENGINE_SILENT_AFTER": "6",
    "ENGINE_PROBE_AFTER": "1",
    "TWILIO_TIMEOUT": str(CALL_TIMEOUT),
    "ANDROID_TIMEOUT": str(CALL_TIMEOUT),
    "EMAIL_TIMEOUT": str(CALL_TIMEOUT),
    "DATABASE_POOL_TIMEOUT": "3",
    "DATABASE_CONNECT_TIMEOUT": "3",
}


class Stage:
    """Everything that runs. Use it as a context."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        *,
        workers: int = 3,
        schedulers: int = 2,
        postgres: Any = None,
        engine: Mapping[str, str] | None = None,
    ) -> None:
        """`postgres`: another server than an embedded one, with `start`, `stop` and `url`.

        `engine`: settings that differ from those of every run.
        """
        self.folder = folder
        self.dice = random.Random(f"stage {seed}")
        self.postgres = postgres or EmbeddedPostgres(folder / "postgres")
        self.redis = EmbeddedRedis(folder / "redis")
        self.api_port, self.simulator_port = free_port(), free_port()
        self.cast = Cast(folder, workers=workers, schedulers=schedulers)
        self._engine = ENGINE | dict(engine or {})
        self._env: dict[str, str] = {}
        self._interpreters: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def simulator_url(self) -> str:
        return f"http://127.0.0.1:{self.simulator_port}/simulator"

    def __enter__(self) -> Stage:
        try:
            self._set_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.cast.close()
        for process in self._interpreters:
            process.kill()  # the kernel kills the zygote's children with it
            process.wait(10)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        self.postgres.stop()
        self.redis.stop()

    def _set_up(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor() as pool:
            database, queue = pool.submit(self.postgres.start), pool.submit(self.redis.start)
            database.result()
            queue.result()
        self._env = self._environment()
        zygote = self.interpreter("zygote", "-m", "tests.zygote", pipes=True)
        port = str(self.simulator_port)
        ports = ("--port", port, "--smtp-port", "-1", "--delivery-ms", "150")
        self.interpreter("simulator", "-m", "simulator", *ports)
        subprocess.run(
            [sys.executable, "-m", "tests.template"],
            cwd=ROOT,
            env=self._env,
            check=True,
            timeout=SET_UP_SECONDS,
        )
        wait_for(lambda: answers(f"{self.simulator_url}/health"), "the carrier", SET_UP_SECONDS)
        self.cast.born_of(zygote, self._env)

    def _environment(self) -> dict[str, str]:
        base = {k: v for k, v in os.environ.items() if k not in ("DATABASE_OWNER_URL", "SMTP_HOST")}
        return (
            base
            | TEST_ENVIRONMENT
            | {
                "DATABASE_URL": self.postgres.url,
                "REDIS_URL": self.redis.url,
                "PORT": str(self.api_port),
                "PUBLIC_URL": self.url,
                "SIMULATOR_URL": f"http://127.0.0.1:{self.simulator_port}",
                "CARELOOP_DATA": str(self.folder / "data"),
                "SIMULATOR_ACCOUNT_SID": TEST_ENVIRONMENT["TWILIO_ACCOUNT_SID"],
                "SIMULATOR_AUTH_TOKEN": TEST_ENVIRONMENT["TWILIO_AUTH_TOKEN"],
                "SIMULATOR_NUMBERS": f"{TEST_ENVIRONMENT['TWILIO_PHONE_NUMBER']},{SOUTH_NUMBER}",
                "SIMULATOR_SENDGRID_KEY": TEST_ENVIRONMENT["SENDGRID_API_KEY"],
                "PYTHONUNBUFFERED": "1",
            }
            | self._engine
        )

    @property
    def env(self) -> dict[str, str]:
        """The settings of every process here."""
        return self._env

    def interpreter(
        self, name: str, *words: str, pipes: bool = False, **env: str
    ) -> subprocess.Popen[bytes]:
        """A Python of its own, that lives as long as the stage and is never started again."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = spawn(
                [sys.executable, *words],
                env=self._env | env,
                cwd=ROOT,
                stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipes else log,
                stderr=log,
            )
        self._interpreters.append(process)
        return process

    def ledger(self) -> list[dict[str, Any]]:
        """What the carrier accepted."""
        answer = http.get(f"{self.simulator_url}/ledger", timeout=60)
        listed: list[dict[str, Any]] = answer.raise_for_status().json()
        return listed

    # ── processes ──

    def start(self) -> None:
        """Start the whole cast, and wait until the API answers."""
        self.cast.start()
        wait_for(lambda: answers(f"{self.url}/health/live"), "the API", PATIENCE)

    # ── servers ──

    def flush_redis(self) -> None:
        from redis import Redis

        with Redis.from_url(self.redis.url) as connection:
            connection.flushall()

    @contextlib.contextmanager
    def redis_hangs(self) -> Iterator[None]:
        """Redis takes what it is sent but answers nothing; later it carries everything out."""
        assert self.redis.pid is not None
        os.kill(self.redis.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.redis.pid, signal.SIGCONT)

    def restart(self, server: EmbeddedPostgres | EmbeddedRedis, away: float) -> None:
        """`kill -9` of a server, and the same again after some seconds."""
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        wait_for(lambda: server.pid is None, f"{server.name} to be gone", PATIENCE)
        time.sleep(away)
        server.revive()

    def logs(self) -> str:
        return "\n".join(
            f"== {path.name}\n{path.read_text('utf-8', 'replace')[-6000:]}"
            for path in sorted(self.folder.glob("*.log"))
        )
