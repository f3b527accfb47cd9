"""What reaches Sentry: types and frames, and nobody's data. Sent for real to a local listener."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import sentry_sdk

from config.settings import OperationsSettings, Settings
from utils.body import expand
from utils.sentry import configure_sentry

SECRETS = ("+237650000003", "ngo.biyick@example.cm", "Ngo Biyick", "PAT-SECRET")


@pytest.fixture
def received() -> Iterator[tuple[int, list[bytes]]]:
    bodies: list[bytes] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            encoding = self.headers.get("Content-Encoding", "identity")
            bodies.append(expand(encoding, [raw], 1024 * 1024))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, bodies
    server.shutdown()
    thread.join(5)
    server.server_close()


def test_a_report_carries_no_person(received: tuple[int, list[bytes]]) -> None:
    port, bodies = received
    settings = Settings(operations=OperationsSettings(SENTRY_DSN=f"http://key@127.0.0.1:{port}/1"))
    configure_sentry(settings, "test")
    try:
        phone = SECRETS[0]
        sentry_sdk.set_user({"email": SECRETS[1]})
        try:
            raise ValueError(f"cannot reach {phone} of {SECRETS[2]}: {SECRETS[3]}")
        except ValueError as error:
            sentry_sdk.capture_exception(error)
        sentry_sdk.flush(5)
    finally:
        sentry_sdk.init()
    report = b"".join(bodies)
    assert b"ValueError" in report
    assert b"test_sentry" in report
    for secret in SECRETS:
        assert secret.encode() not in report
