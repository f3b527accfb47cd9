"""One SMS from POST to phone, and `kill -9` between every two steps of its way.

Seen to fail: with `sending` swept back to `scheduled` (sent twice after a kill that follows the
call), with `queued` left as it is by the sweep (lost after `scheduler.after_claim`), and with the
carrier's list left out of the reconciliation.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests import http
from tests.tree import Tree, running_tree, wait_for
from utils.failpoint import POINTS

PHONE = "+237650000001"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    folder: Path = tmp_path_factory.mktemp("one-sms")
    with running_tree(folder, "sms") as tree:
        yield tree


def reminder(message: str, **more: Any) -> dict[str, Any]:
    return {
        "message": message,
        "language": "french",
        "scheduled_time": (datetime.now(UTC) + timedelta(seconds=0.5)).isoformat(),
        "phone_number": PHONE,
        **more,
    }


def delivered(tree: Tree, headers: dict[str, str], reminder_id: int) -> bool:
    detail = http.get(f"{tree.url}/api/v1/reminders/{reminder_id}", headers=headers, timeout=10)
    (delivery,) = detail.json()["deliveries"]
    return bool(delivery["status"] == "delivered")


def copies(tree: Tree, message: str) -> int:
    return sum(entry["body"] == message for entry in tree.ledger(channel="sms"))


def test_a_reminder_arrives_once_and_is_seen_to(tree: Tree) -> None:
    headers = tree.token() | {"X-Correlation-Id": "one-sms-from-post-to-phone"}
    answer = http.post(
        f"{tree.url}/api/v1/reminders", json=reminder("Rappel : 10 h"), headers=headers, timeout=10
    )
    assert answer.status_code == 201, answer.text
    number = answer.json()["id"]
    wait_for(lambda: delivered(tree, headers, number), "the delivery receipt")
    assert copies(tree, "Rappel : 10 h") == 1
    detail = http.get(f"{tree.url}/api/v1/reminders/{number}", headers=headers, timeout=10).json()
    steps = [event["status"] for event in detail["deliveries"][0]["events"]]
    assert steps[:3] == ["scheduled", "queued", "sending"]
    assert steps[-1] == "delivered"
    assert detail["status"] == "done"
    for log, event in (("api", "request"), ("worker", "deliveries attempted"), ("api", "callback")):
        lines = (tree.folder / f"{log}.log").read_text().splitlines()
        followed = [line for line in lines if "one-sms-from-post-to-phone" in line]
        assert any(f'"event": "{event}"' in line for line in followed), event


_OWNER = {"reminder": "api", "scheduler": "scheduler", "worker": "worker", "callback": "api"}
# The others are reached when something has gone wrong before; tests/chaos reaches all.
_STRAIGHT_WAY = [
    point for point in POINTS if point.partition(".")[0] in _OWNER and "release" not in point
]


@pytest.mark.parametrize("point", _STRAIGHT_WAY)
def test_killed_at_every_step_it_arrives_once(tree: Tree, point: str) -> None:
    headers = tree.token()
    process = _OWNER[point.partition(".")[0]]
    message = f"Kill {point}"
    body = reminder(message, client_id=str(uuid4()))
    tree.kill(process)
    tree.start(process, CARELOOP_CRASH_AT=point)
    tree.wait_until_up()
    number = _submit(tree, headers, body)
    wait_for(lambda: tree.died(process), f"{process} to die at {point}")
    tree.start(process)
    tree.wait_until_up()
    number = number or _submit(tree, headers, body)
    assert number is not None
    # A carrier does not repeat the callback of an SMS: what came while the API was dead is lost,
    # and the carrier is asked.
    wait_for(lambda: delivered(tree, headers, number), f"delivery after {point}", 40)
    assert copies(tree, message) == 1


def _submit(tree: Tree, headers: dict[str, str], body: dict[str, Any]) -> int | None:
    """The reminder's number; None when the API died before it could answer."""
    try:
        answer = http.post(f"{tree.url}/api/v1/reminders", json=body, headers=headers, timeout=10)
    except httpx2.TransportError:
        return None
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


@pytest.mark.parametrize("kind", ["accept_then_drop", "drop", "status"])
def test_a_provider_that_answers_badly_gets_it_once(tree: Tree, kind: str) -> None:
    headers = tree.token()
    fault = {"on": "messages.create", "kind": kind, "times": 1}
    if kind == "status":
        fault["status"] = 503
    tree.behave(faults=[fault])
    message = f"Fault {kind}"
    number = _submit(tree, headers, reminder(message))
    assert number is not None
    wait_for(lambda: delivered(tree, headers, number), f"delivery after {kind}", 40)
    assert copies(tree, message) == 1


def test_killed_after_the_call_without_callbacks_it_is_found_in_the_list(tree: Tree) -> None:
    headers = tree.token()
    tree.behave(callbacks={"mode": "never"})
    tree.kill("worker")
    tree.start("worker", CARELOOP_CRASH_AT="worker.after_call")
    message = "Nobody knows but the carrier"
    number = _submit(tree, headers, reminder(message))
    assert number is not None
    wait_for(lambda: tree.died("worker"), "the worker to die after the call")
    tree.start("worker")
    wait_for(lambda: delivered(tree, headers, number), "the list to be asked", 40)
    tree.behave(callbacks={"mode": "normal"})
    assert copies(tree, message) == 1


@pytest.mark.parametrize("clock", [0, -120, 120])
def test_accepted_but_dropped_without_callbacks_is_found_in_the_list(
    tree: Tree, clock: int
) -> None:
    """Wherever their clock stands against ours: a hospital's server may have no time source."""
    headers = tree.token()
    tree.behave(
        clock_seconds=clock,
        faults=[{"on": "messages.create", "kind": "accept_then_drop", "times": 1}],
        callbacks={"mode": "never"},
    )
    message = f"Only the list knows {clock}"
    number = _submit(tree, headers, reminder(message))
    assert number is not None
    wait_for(lambda: delivered(tree, headers, number), "the list to be asked", 40)
    tree.behave(faults=[], callbacks={"mode": "normal"})
    assert copies(tree, message) == 1
