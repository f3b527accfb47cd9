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
# A token is taken after the transaction of the attempt has begun and before the carrier is called.
TAKEN_AFTER = """
    select d.provider_id, extract(epoch from max(e.at))::float8
    from est_1.deliveries d join est_1.delivery_events e on e.delivery_id = d.id
    where e.status = 'sending' and d.provider_id is not null and d.channel = 'sms'
    group by d.provider_id
"""


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
    wait_for(lambda: len(sql(tree, TAKEN_AFTER)) == COUNT, "every answer of the carrier", 60)
    after = dict(sql(tree, TAKEN_AFTER))
    taken = [
        (after[entry["id"]], datetime.fromisoformat(entry["time"]).timestamp()) for entry in entries
    ]
    for since, _ in taken:
        for _, until in taken:
            within = sum(since <= earliest and latest <= until for earliest, latest in taken)
            passed = max(0.0, until - since)
            assert within <= RATE * passed + RATE, (within, passed)
    looks = sql(
        tree,
        "select max(looks) from (select count(*) filter (where status = 'scheduled') as looks"
        " from est_1.delivery_events group by delivery_id) each",
    )
    assert looks[0][0] <= 2  # when it was made, and when it came into the line
