"""A simulator in a process of its own, and the providers' real libraries pointed at it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tests import http
from tests.simulator.simulator_service import Service

SAY = '<Response><Say language="fr-FR">Bonjour à tous</Say></Response>'
Found = TypeVar("Found")
SID = "AC" + "0123456789abcdef" * 2
TOKEN = "fedcba9876543210" * 2
SENDGRID_KEY = "SG.test.key"
NUMBER = "+12025550142"
VOICE_ONLY = "+12025550143"
ALPHANUMERIC = "HOPITAL"
SERVICE = "MG" + "0123456789abcdef" * 2
PHONE = "+237677123456"
LANDLINE = "+237222201234"
FAST = {"queued_ms": 20, "sent_ms": 20, "voice": {"pace": 0.01, "ring_ms": 10}}


class ToSimulator(TwilioHttpClient):
    """The library's own client, with scheme and host rewritten: it has no base URL option."""

    def __init__(self, base: str) -> None:
        super().__init__(timeout=10)
        self.base = base

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        return super().request(method, self.base + parts.path + query, *args, **kwargs)


class Simulator:
    """A handle on the process: levers, and clients of the providers' libraries."""

    def __init__(self, process: subprocess.Popen[str], base: str, smtp_port: int) -> None:
        self.process, self.base, self.smtp_port = process, base, smtp_port
        self.http = httpx2.Client(base_url=base, timeout=10)

    def client(self, sid: str = SID, token: str = TOKEN) -> Client:
        return Client(sid, token, http_client=ToSimulator(self.base))

    def behave(self, **behaviour: Any) -> None:
        document = {**FAST, **behaviour}
        if "voice" in behaviour:
            document["voice"] = {**FAST["voice"], **behaviour["voice"]}
        answer = self.http.put("/simulator/behaviour", json=document)
        assert answer.status_code == 200, answer.text

    def ledger(self, **filters: Any) -> list[dict[str, Any]]:
        answer = self.http.get("/simulator/ledger", params=filters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def entry(self, sid: str) -> dict[str, Any]:
        return next(entry for entry in self.ledger() if entry["id"] == sid)

    def post(self, path: str, document: Any = None) -> httpx2.Response:
        return self.http.post(f"/simulator/{path}", json={} if document is None else document)

    def wire(self, service: Service) -> None:
        numbers = [
            {"value": NUMBER, "sms_url": service.url("/sms"), "voice_url": service.url("/voice")},
            {"value": VOICE_ONLY, "sms": False},
            {"value": ALPHANUMERIC, "voice": False},
        ]
        assert self.http.put("/simulator/numbers", json=numbers).status_code == 200


def start(*options: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    variables = {"ENVIRONMENT": "test", "PATH": os.environ["PATH"], **(env or {})}
    return subprocess.Popen(
        [sys.executable, "-m", "simulator", "--port", "0", "--smtp-port", "0", *options],
        cwd=Path(__file__).parents[2],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ready(process: subprocess.Popen[str]) -> Simulator:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert "http://" in line, process.stderr.read() if process.stderr else ""
    base = line.split()[-1].removesuffix("/simulator/")
    health = eventually(lambda: _health(base))
    return Simulator(process, base, health["smtp_port"])


def _health(base: str) -> dict[str, Any] | None:
    try:
        return http.get(f"{base}/simulator/health", timeout=5).json()
    except httpx2.TransportError:
        return None


@contextmanager
def running(*options: str, env: dict[str, str] | None = None) -> Iterator[Simulator]:
    """A simulator of one's own; ended and closed afterwards."""
    child = start(*options, env=env)
    try:
        simulator = ready(child)
        with simulator.http:
            yield simulator
    finally:
        stop(child)


def refusal(*options: str, env: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Start what should not start: exit code, output, errors."""
    child = start(*options, env=env)
    try:
        out, error = child.communicate(timeout=20)
        return child.returncode, out, error
    finally:
        child.kill()
        child.communicate()


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(10)
    finally:
        process.kill()
        process.communicate()


def eventually(look: Callable[[], Found], seconds: float = 8.0) -> Found:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} s: {look()!r}")


def place_call(twilio: Client, **more: Any) -> Any:
    return twilio.calls.create(**{"to": PHONE, "from_": NUMBER, "twiml": SAY, **more})


def ended(simulator: Simulator, call: Any) -> dict[str, Any]:
    over = {"completed", "busy", "failed", "no-answer", "canceled"}
    return eventually(lambda: if_state(simulator.entry(call.sid), over))


def if_state(entry: dict[str, Any], states: set[str]) -> dict[str, Any] | None:
    return entry if entry["state"] in states else None


def rings(simulator: Simulator, call: Any) -> None:
    eventually(lambda: simulator.entry(call.sid)["state"] == "ringing")
