"""The service under measurement, started as users start it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2

from supervisor.ports import free_port

PASSWORD = "correct-horse-battery"
START_SECONDS = 60.0


@dataclass(frozen=True)
class Service:
    """A running service: the process of its supervisor, its port, and a staff token."""

    pid: int
    port: int
    token: str


@contextlib.contextmanager
def running_service(folder: Path, database_url: str, redis_url: str) -> Iterator[Service]:
    """Run `python -m supervisor` on a database and Redis that are given."""
    port = free_port()
    env = os.environ | {
        "PORT": str(port),
        "CARELOOP_DATA": str(folder / "data"),
        "CARELOOP_ADMIN_EMAIL": "admin@hospital.example",
        "CARELOOP_ADMIN_PASSWORD": PASSWORD,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        # One token stands here for a whole hospital; the limiter stays on.
        "RATE_LIMIT": "10000000/minute",
        "RATE_LIMIT_ANONYMOUS": "10000000/minute",
    }
    with (folder / "service.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "supervisor"], env=env, stdout=log, stderr=log
        )
        try:
            yield Service(process.pid, port, _token(port))
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(15)


def _token(port: int) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx2.TransportError):
            answer = httpx2.post(
                f"http://127.0.0.1:{port}/api/v1/auth/token",
                data={"username": "admin@hospital.example", "password": PASSWORD},
                timeout=5,
            )
            if answer.is_success:
                return str(answer.json()["access_token"])
        time.sleep(0.2)
    raise SystemExit(f"the service did not start within {START_SECONDS:.0f} s")
