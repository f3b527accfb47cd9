"""Redis and PostgreSQL go away and come back: nothing accepted is lost, nobody restarts anything.

To see it fail: make `JobQueue.put` raise instead of answering False (Redis), or let the scheduler
end on a lost connection (PostgreSQL). For the days without scheduler and worker: leave
`occurrence + self.validity <= now` out of `Series._turn` (what is too late goes out), or do not cut
the validity at the next message in `notices` (two messages before one appointment).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import psycopg2
import pytest
from psycopg2.errors import DeadlockDetected

from supervisor.embedded import EmbeddedPostgres, EmbeddedRedis
from tests import http
from tests.conftest import ROOT
from tests.tree import Tree, running_tree, wait_for


@dataclass
class Outage:
    tree: Tree
    postgres: EmbeddedPostgres
    redis: EmbeddedRedis


@pytest.fixture(scope="module")
def outage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outage]:
    folder = tmp_path_factory.mktemp("outages")
    with (
        EmbeddedPostgres(folder / "postgres") as postgres,
        EmbeddedRedis(folder / "redis") as redis,
    ):
        subprocess.run(
            [sys.executable, "-m", "tests.template"],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": postgres.url},
            check=True,
            timeout=60,
        )
        with running_tree(
            folder, "outages", DATABASE_URL=postgres.url, REDIS_URL=redis.url
        ) as tree:
            yield Outage(tree, postgres, redis)


def kill_server(server: EmbeddedPostgres | EmbeddedRedis) -> None:
    """`kill -9` of a server's own process, and wait until its port is closed."""
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    wait_for(lambda: server.pid is None, "the server to be gone")


def post(tree: Tree, path: str, body: dict[str, Any], headers: dict[str, str]) -> httpx2.Response:
    return http.post(f"{tree.url}/api/v1/{path}", json=body, headers=headers, timeout=30)


def reminder(message: str) -> dict[str, Any]:
    soon = datetime.now(UTC) + timedelta(seconds=0.2)
    return {
        "message": message,
        "language": "en",
        "scheduled_time": soon.isoformat(),
        "phone_number": "+237650000002",
    }


def arrived(tree: Tree, message: str) -> bool:
    return [entry["body"] for entry in tree.ledger(channel="sms")].count(message) == 1


FEEDBACK = {"language": "french", "content": "Malgré la panne", "rating": 5}


def test_without_redis_everything_is_accepted_and_goes_out_later(outage: Outage) -> None:
    tree, headers = outage.tree, outage.tree.token()
    kill_server(outage.redis)
    try:
        assert post(tree, "feedback", FEEDBACK, headers).status_code == 201
        assert post(tree, "reminders", reminder("Redis was away"), headers).status_code == 201
        ready = http.get(f"{tree.url}/health/ready", timeout=10)
        assert ready.status_code == 200
        assert "queue_unreachable" in ready.json()["reasons"]
    finally:
        outage.redis.revive()
    wait_for(lambda: arrived(tree, "Redis was away"), "the SMS after Redis came back", 30)


def test_a_flushed_redis_loses_nothing(outage: Outage) -> None:
    from redis import Redis

    tree, headers = outage.tree, outage.tree.token()
    tree.kill("worker")
    assert post(tree, "reminders", reminder("Redis was flushed"), headers).status_code == 201
    connection = Redis.from_url(outage.redis.url)
    wait_for(lambda: connection.llen("rq:queue:careloop"), "the job to be queued")
    connection.flushall()
    connection.close()
    tree.start("worker")
    wait_for(lambda: arrived(tree, "Redis was flushed"), "the SMS after the flush", 30)


SERIES, EVENT = "Prenez vos comprimés", "Votre rendez-vous approche"
_BACK = """
    update est_1.reminders set scheduled_time = scheduled_time - %(by)s,
        event_time = event_time - %(by)s;
    update est_1.deliveries set occurrence = occurrence - %(by)s, due_at = due_at - %(by)s,
        valid_until = valid_until - %(by)s, attempted_at = attempted_at - %(by)s;
    update shared.due set due_at = due_at - %(by)s
"""


@pytest.mark.timeout(300)
def test_days_without_scheduler_and_worker_are_one_message_each(outage: Outage) -> None:
    """A pill a day, and three messages before one appointment. Nobody catches up in a burst."""
    tree, headers = outage.tree, outage.tree.token()
    daily = reminder(SERIES) | {"rrule": "FREQ=DAILY"}
    visit = reminder(EVENT) | {
        "event_time": (datetime.now(UTC) + timedelta(days=3, hours=3)).isoformat(),
        "before": ["P3D", "P1D", "PT4H"],
    }
    del visit["scheduled_time"]
    series, event = (post(tree, "reminders", body, headers).json()["id"] for body in (daily, visit))

    def states(number: int) -> list[str]:
        read = http.get(f"{tree.url}/api/v1/reminders/{number}", headers=headers, timeout=30)
        went = {"sent": "delivered"}  # its receipt comes a moment later
        return [went.get(d["status"], d["status"]) for d in read.json()["deliveries"]]

    def until(number: int, *wanted: str) -> None:
        wait_for(lambda: states(number) == list(wanted), f"{wanted}, not {states(number)}", 30)

    until(series, "delivered", "scheduled")
    _days_pass(outage, timedelta(days=3, hours=1))  # within four hours of today's pill
    until(series, "delivered", "expired", "delivered", "scheduled")
    until(event, "expired", "expired", "delivered")
    _days_pass(outage, timedelta(days=2, hours=6))  # too late for that day's
    until(series, "delivered", "expired", "delivered", "expired", "scheduled")
    bodies = [entry["body"] for entry in tree.ledger(channel="sms")]
    assert (bodies.count(SERIES), bodies.count(EVENT)) == (2, 1)
    read = http.get(f"{tree.url}/api/v1/reminders/{series}", headers=headers, timeout=30).json()
    assert [(run["reason"], run["count"]) for run in read["omissions"]] == [
        ("missed", 1),
        ("missed", 1),
    ]
    assert _due_at(read) > datetime.now(UTC) + timedelta(hours=10)


def _days_pass(outage: Outage, how_long: timedelta) -> None:
    """Scheduler and worker are dead for so long: all that is stored becomes so much older."""
    for name in ("scheduler", "worker"):
        outage.tree.kill(name)
    try:
        wait_for(lambda: _back(outage, how_long), "all that is stored to become older")
    finally:
        for name in ("scheduler", "worker"):
            outage.tree.start(name)


def _back(outage: Outage, how_long: timedelta) -> bool:
    """False where the API was storing a receipt meanwhile: it locks in another order than this."""
    connection = psycopg2.connect(outage.postgres.url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(_BACK, {"by": how_long})
    except DeadlockDetected:
        return False
    finally:
        connection.close()
    return True


def _due_at(read: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(read["deliveries"][-1]["due_at"])


def test_without_postgresql_it_says_503_and_recovers_by_itself(outage: Outage) -> None:
    tree, headers = outage.tree, outage.tree.token()
    kill_server(outage.postgres)
    try:
        for path, body in (("feedback", FEEDBACK), ("reminders", reminder("refused"))):
            answer = post(tree, path, body, headers)
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["Retry-After"]) > 0
            assert answer.json()["code"] == "database_unavailable"
        ready = http.get(f"{tree.url}/health/ready", timeout=10)
        assert ready.status_code == 200  # webhooks are still taken in: they are spooled
        assert ready.json()["status"] == "degraded"
        # Beside it `webhooks_spooled`, where a receipt came in meanwhile.
        assert "database_unavailable" in ready.json()["reasons"]
        assert http.get(f"{tree.url}/health/live", timeout=10).status_code == 200
    finally:
        outage.postgres.revive()
    wait_for(
        lambda: post(tree, "feedback", FEEDBACK, headers).status_code == 201, "the API to recover"
    )
    message = "PostgreSQL was away"
    assert post(tree, "reminders", reminder(message), tree.token()).status_code == 201
    wait_for(lambda: arrived(tree, message), "scheduler and worker to recover", 30)
    assert not any(entry["body"] == "refused" for entry in tree.ledger(channel="sms"))
