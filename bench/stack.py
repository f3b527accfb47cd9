"""The engine under measurement: real servers, and the processes that users start.

`cli.py scheduler` and `cli.py worker` run with everything on (encryption, traces, logs into a
file); the API does not run, as nothing calls it.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from supervisor.embedded import EmbeddedPostgres, EmbeddedRedis
from utils.crypto import Cipher

ROOT = Path(__file__).resolve().parent.parent
KEY_ID = "k1"
START_SECONDS = 30.0
STOP_SECONDS = 15.0
_NOT_OURS = ("DATABASE_OWNER_URL", "SIMULATOR_URL", "SENTRY_DSN", "SENDGRID_API_KEY", "SMTP_HOST")


@dataclass(frozen=True)
class Stack:
    """PostgreSQL and Redis of the bench's own, migrated, with one establishment (number 1)."""

    folder: Path
    database_url: str
    redis_url: str
    key: bytes
    env: dict[str, str]

    @property
    def cipher(self) -> Cipher:
        """Seals as the processes do."""
        return Cipher({KEY_ID: self.key})

    @contextlib.contextmanager
    def owner(self) -> Iterator[Any]:
        """A cursor of the database's owner, each statement its own transaction."""
        connection = psycopg2.connect(self.database_url)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute("set search_path to est_1, shared")
                yield cursor
        finally:
            connection.close()

    @contextlib.contextmanager
    def engine(self, workers: int, **settings: str) -> Iterator[list[subprocess.Popen[bytes]]]:
        """One scheduler and some workers, ready; ended with SIGTERM, as by a service manager."""
        kinds = ["scheduler"] + ["worker"] * workers
        with self.owner() as cursor:
            cursor.execute("delete from shared.processes")
        with contextlib.ExitStack() as ending:
            running = [ending.enter_context(self._process(kind, settings)) for kind in kinds]
            self._wait_for_signs_of_life(len(kinds))
            yield running

    @contextlib.contextmanager
    def _process(self, kind: str, settings: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
        command = [sys.executable, "cli.py", kind]
        with (
            (self.folder / f"{kind}.log").open("ab") as log,
            started(command, self.env | settings, log) as process,
        ):
            yield process

    def _wait_for_signs_of_life(self, count: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        with self.owner() as cursor:
            while time.monotonic() < deadline:
                cursor.execute("select count(*) from shared.processes")
                if cursor.fetchone()[0] >= count:
                    return
                time.sleep(0.1)
        raise SystemExit(f"the engine did not start; see {self.folder}/*.log")


@contextlib.contextmanager
def started(command: list[str], env: dict[str, str], log: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process in the project's folder, ended with SIGTERM, killed when that takes too long."""
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)


@contextlib.contextmanager
def running_stack(*, durable: bool = True) -> Iterator[Stack]:
    """Start both servers and make the first establishment."""
    with (
        tempfile.TemporaryDirectory(prefix="careloop-bench-", ignore_cleanup_errors=True) as name,
        EmbeddedPostgres(Path(name) / "postgres", durable=durable) as postgres,
        EmbeddedRedis(Path(name) / "redis", durable=durable) as redis,
    ):
        key = secrets.token_bytes(32)
        stack = Stack(
            folder=Path(name),
            database_url=postgres.url,
            redis_url=redis.url,
            key=key,
            env=_environment(Path(name), postgres.url, redis.url, key),
        )
        subprocess.run(
            [sys.executable, "cli.py", "prepare"],
            cwd=ROOT, env=stack.env, check=True, stdout=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
        yield stack


def _environment(folder: Path, database: str, redis: str, key: bytes) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
    return ours | {
        "ENVIRONMENT": "development",
        "DATABASE_URL": database,
        "REDIS_URL": redis,
        "SECRET_KEY": secrets.token_hex(32),
        "ENCRYPTION_KEYS": f"{KEY_ID}:{base64.b64encode(key).decode()}",
        "BLIND_INDEX_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "CARELOOP_DATA": str(folder / "data"),
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "a-token-for-the-bench",
        "TWILIO_PHONE_NUMBER": "+15005550006",
        "PYTHONUNBUFFERED": "1",
        # The stand-in for a provider gives no receipts, so it is not asked for any.
        "ENGINE_RECEIPT_AFTER": "86400",
    }
