"""A whole running service for a test: API, scheduler, worker and simulator as real processes.

Each process can be killed, restarted, or started with a point at which it kills itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from supervisor.ports import free_port
from tests import http
from tests.conftest import clone_database, with_database
from tests.nursery import Born, nursery
from tests.template import PASSWORD, SOUTH_NUMBER

START_SECONDS = 60.0


def wait_for(
    question: Callable[[], Any], what: str, seconds: float = 20.0, every: float = 0.05
) -> Any:
    """Ask until the answer is true, by and by three times as seldom; fails with `what` after
    `seconds`. (To answer costs the service more than most of what is waited for.)"""
    deadline, pause = time.monotonic() + seconds, every
    while time.monotonic() < deadline:
        answer = question()
        if answer:
            return answer
        time.sleep(pause)
        pause = min(1.2 * pause, 3 * every)
    raise AssertionError(f"waited {seconds} s for {what}")


@dataclass
class Tree:
    """The running processes, and a client for each end of the loop."""

    folder: Path
    env: dict[str, str]
    api_port: int
    simulator_port: int
    processes: dict[str, Born] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    """Of those who have logged in; forget them where a test ends their sign-ins."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def simulator_url(self) -> str:
        return f"http://127.0.0.1:{self.simulator_port}"

    def start(self, name: str, **more: str) -> None:
        """Start (again) one of api, scheduler, worker, simulator."""
        command = {
            "api": ["cli.py", "serve"],
            "scheduler": ["cli.py", "scheduler"],
            "worker": ["cli.py", "worker"],
            "simulator": [
                "simulator",
                "--port",
                str(self.simulator_port),
                "--smtp-port",
                self.env["SMTP_PORT"],
                "--ledger",
                str(self.folder / "ledger.db"),
            ],
        }[name]
        log = self.folder / f"{name}.log"
        self.processes[name] = nursery().start(command, self.env | more, log)

    def start_all(self) -> None:
        for name in ("simulator", "api", "scheduler", "worker"):
            self.start(name)
        self.wait_until_up()

    def wait_until_up(self) -> None:
        for url in (f"{self.url}/health/live", f"{self.simulator_url}/simulator/ledger"):
            wait_for(lambda url=url: answers(url), url, START_SECONDS)

    def kill(self, name: str) -> None:
        """`kill -9`."""
        process = self.processes[name]
        process.kill()
        process.wait(10)

    def died(self, name: str) -> bool:
        """True when a process has killed itself at its point."""
        return self.processes[name].poll() == -signal.SIGKILL

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(5)
            except TimeoutError:
                process.kill()
                process.wait(5)

    def token(self, who: str = "staff@north") -> dict[str, str]:
        """The headers of somebody who has logged in, once for the tree: it costs 0.2 s."""
        if who not in self.tokens:
            answer = http.post(
                f"{self.url}/api/v1/auth/token",
                data={"username": f"{who}.example", "password": PASSWORD},
                timeout=10,
            )
            self.tokens[who] = answer.json()["access_token"]
        return {"Authorization": f"Bearer {self.tokens[who]}"}

    def ledger(self, **filters: str) -> list[dict[str, Any]]:
        """What the simulated carrier accepted."""
        answer = http.get(f"{self.simulator_url}/simulator/ledger", params=filters, timeout=10)
        listed: list[dict[str, Any]] = answer.json()
        return listed

    def behave(self, **behaviour: Any) -> None:
        """Tell the simulated carrier to misbehave."""
        http.put(f"{self.simulator_url}/simulator/behaviour", json=behaviour, timeout=10)

    def logs(self) -> str:
        return "\n".join(
            f"== {path.name}\n{path.read_text('utf-8', 'replace')}"
            for path in sorted(self.folder.glob("*.log"))
        )


def answers(url: str) -> bool:
    """True when something answers there with success."""
    try:
        return http.get(url, timeout=2).is_success
    except httpx2.TransportError:
        return False


@contextlib.contextmanager
def running_tree(folder: Path, name: str, **more: str) -> Iterator[Tree]:
    """A tree on a database and a Redis database of its own, everything started."""
    api, simulator = free_port(), free_port()
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    number = int(worker.removeprefix("gw")) + 8 if worker.startswith("gw") else 14
    env = os.environ | {
        "DATABASE_URL": clone_database(f"careloop_tree_{name}_{os.getpid()}"),
        "REDIS_URL": with_database(os.environ["CARELOOP_TEST_REDIS"], str(number % 16)),
        "PORT": str(api),
        "PUBLIC_URL": f"http://127.0.0.1:{api}",
        "SIMULATOR_URL": f"http://127.0.0.1:{simulator}",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(free_port()),
        "SMTP_TLS": "false",
        "CARELOOP_DATA": str(folder / "data"),
        "SIMULATOR_ACCOUNT_SID": os.environ["TWILIO_ACCOUNT_SID"],
        "SIMULATOR_AUTH_TOKEN": os.environ["TWILIO_AUTH_TOKEN"],
        "SIMULATOR_NUMBERS": f"{os.environ['TWILIO_PHONE_NUMBER']},{SOUTH_NUMBER}",
        "SIMULATOR_SENDGRID_KEY": os.environ["SENDGRID_API_KEY"],
        "SIMULATOR_SMS_WEBHOOK": f"http://127.0.0.1:{api}/webhooks/twilio/sms",
        "SIMULATOR_VOICE_WEBHOOK": f"http://127.0.0.1:{api}/webhooks/twilio/voice",
        "SIMULATOR_VOICE_STATUS_WEBHOOK": f"http://127.0.0.1:{api}/webhooks/twilio/voice/status",
        "PYTHONUNBUFFERED": "1",
        # Short, so that a test sees within seconds what takes minutes in earnest.
        "ENGINE_CLAIM_LEASE": "3",
        "ENGINE_SWEEP": "0.5",
        "ENGINE_ASK_AFTER": "2",
        "ENGINE_SETTLE_AFTER": "5.5",
        "ENGINE_RECEIPT_AFTER": "2",
        "TWILIO_TIMEOUT": "2",
        "ANDROID_TIMEOUT": "2",
        "EMAIL_TIMEOUT": "2",
        **more,
    }
    tree = Tree(folder, env, api, simulator)
    try:
        tree.start_all()
        yield tree
    finally:
        tree.stop()
