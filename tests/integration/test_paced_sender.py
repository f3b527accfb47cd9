"""Two workers share a sender that may send twenty a second.

Seen to fail: with the tokens left out of `services/dispatch/lines.py` (all at once), and with a
bucket of each worker's own (twice as many).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import psycopg2
import pytest

from tests.tree import Tree, running_tree, wait_for

RATE, COUNT = 20, 90
JITTER = 1.0
"""Seconds that a request may take from its token to the carrier, on a busy machine."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    folder: Path = tmp_path_factory.mktemp("paced")
    with running_tree(folder, "paced", ENGINE_CLAIM_LEASE="20", ENGINE_SETTLE_AFTER="30") as tree:
        tree.processes["second worker"] = tree.processes["worker"]
        tree.start("worker")
        yield tree


def sql(tree: Tree, statement: str) -> list[tuple[Any, ...]]:
    connection = psycopg2.connect(tree.env["DATABASE_URL"])
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def test_never_more_than_the_rate_and_a_burst(tree: Tree) -> None:
    sql(tree, f"update shared.senders set rate_per_second = {RATE} where channel = 'sms'")
    headers = tree.token()
    with httpx2.Client(base_url=tree.url, headers=headers, timeout=10) as client:
        tree.kill("scheduler")  # until all are stored
        start = datetime.now(UTC).isoformat()
        for number in range(COUNT):
            reminder = {
                "message": f"Rappel {number}",
                "language": "french",
                "scheduled_time": start,
                "phone_number": f"+23765{number:07}",
                "channels": ["sms"],
            }
            answer = client.post("/api/v1/reminders", json=reminder)
            assert answer.status_code == 201, answer.text
        mail = {
            **{"message": "Courriel", "language": "french", "scheduled_time": start},
            **{"email": "patient@example.com", "channels": ["email"]},
        }
        assert client.post("/api/v1/reminders", json=mail).status_code == 201
    tree.start("scheduler")
    wait_for(lambda: tree.ledger(channel="email"), "an e-mail that passes the line", 60)
    wait_for(lambda: len(tree.ledger(channel="sms")) >= COUNT, "every message", 60)
    entries = tree.ledger(channel="sms")
    assert len({entry["body"] for entry in entries}) == len(entries) == COUNT
    times = sorted(datetime.fromisoformat(entry["time"]).timestamp() for entry in entries)
    for first in range(COUNT):
        for last in range(first, COUNT):
            passed = times[last] - times[first] + JITTER
            assert last - first + 1 <= RATE * passed + RATE, (first, last, passed)
    looks = sql(
        tree,
        "select max(looks) from (select count(*) filter (where status = 'scheduled') as looks"
        " from est_1.delivery_events group by delivery_id) each",
    )
    assert looks[0][0] <= 2  # when it was made, and when it came into the line
