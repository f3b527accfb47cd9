"""The ledger's filters, its live stream, and the page's files."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from twilio.rest import Client

from tests.simulator.simulator_harness import NUMBER, PHONE, Simulator, eventually


def test_filters(simulator: Simulator, twilio: Client) -> None:
    for body in ("a", "b", "c"):
        twilio.messages.create(to=PHONE, from_=NUMBER, body=body)
    simulator.post("inbound/sms", {"from": PHONE, "to": NUMBER, "body": "d"})

    def bodies(**filters: object) -> str:
        return "".join(entry["body"] for entry in simulator.ledger(**filters))

    now = datetime.now(UTC)
    assert bodies() == "abcd"
    assert bodies(to=PHONE) == "abc"
    assert bodies(direction="inbound") == "d"
    assert bodies(direction="outbound") == "abc"
    assert bodies(channel="sms", limit=2) == "cd"
    assert bodies(channel="email") == ""
    assert bodies(since=(now - timedelta(minutes=1)).isoformat()) == "abcd"
    assert bodies(since=(now + timedelta(minutes=1)).isoformat()) == ""


@pytest.mark.parametrize("query", ["since=yesterday", "limit=-1", "since=2026-01-01T00:00:00"])
def test_a_wrong_filter_is_refused(simulator: Simulator, query: str) -> None:
    assert simulator.http.get(f"/simulator/ledger?{query}").status_code == 400


def test_it_is_emptied(simulator: Simulator, twilio: Client) -> None:
    twilio.messages.create(to=PHONE, from_=NUMBER, body="a")

    assert simulator.http.delete("/simulator/ledger").status_code == 204

    assert simulator.ledger() == []
    assert twilio.messages.list() == []


def test_events_tell_what_happens(simulator: Simulator, twilio: Client) -> None:
    seen: list[dict[str, str]] = []
    ready = threading.Event()

    def listen() -> None:
        with (
            httpx2.Client(base_url=simulator.base, timeout=5) as http,
            http.stream("GET", "/simulator/events") as stream,
        ):
            for line in stream.iter_lines():
                ready.set()
                if line.startswith("data: "):
                    seen.append(json.loads(line.removeprefix("data: ")))
                    if seen[-1]["state"] == "delivered":
                        return

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    assert ready.wait(5)
    twilio.messages.create(to=PHONE, from_=NUMBER, body="a")

    listener.join(5)
    assert [event["state"] for event in seen] == ["queued", "sent", "delivered"]
    assert eventually(lambda: not listener.is_alive())


def test_the_page_needs_nothing_from_elsewhere(simulator: Simulator) -> None:
    page = simulator.http.get("/simulator/")

    assert page.status_code == 200
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for text in ("http://", "https://", "<style", " style=", "onclick", 'src="/', 'href="/'):
        assert text not in page.text
    assets = [part.split('"')[0] for part in page.text.split('"assets/')[1:]]
    assert len(assets) >= 2
    for asset in assets:
        assert simulator.http.get(f"/simulator/assets/{asset}").status_code == 200
    moved = simulator.http.get("/simulator")
    assert (moved.status_code, moved.headers["Location"]) == (307, "simulator/")


@pytest.mark.parametrize("path", ["assets/../app.py", "assets/%2e%2e/app.py", "assets/none.js"])
def test_nothing_else_is_served(simulator: Simulator, path: str) -> None:
    assert simulator.http.get(f"/simulator/{path}").status_code == 404
