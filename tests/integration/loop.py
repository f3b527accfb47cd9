"""What every test of a whole loop does: post a reminder, follow it, look behind the service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2

from tests import http
from tests.tree import Tree, wait_for

PHONE, EMAIL = "+237650000001", "patient@example.com"


class Loop:
    """One member of staff, and the reminders they post."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.headers = tree.token()

    def remind(self, message: str, *channels: str, **more: Any) -> int:
        """Post a reminder that is due in half a second; returns its number."""
        body = {
            "message": message,
            "language": "french",
            "scheduled_time": (datetime.now(UTC) + timedelta(seconds=0.5)).isoformat(),
            "phone_number": PHONE,
            "email": EMAIL,
            "channels": list(channels),
            "expects_reply": channels == ("voice",),  # a call with the keys 1 and 2
            **more,
        }
        answer = http.post(
            f"{self.tree.url}/api/v1/reminders", json=body, headers=self.headers, timeout=10
        )
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Post anything else as this member of staff; returns the answer."""
        answer = http.post(
            f"{self.tree.url}/api/v1/{path}", json=body, headers=self.headers, timeout=10
        )
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def detail(self, number: int) -> dict[str, Any]:
        answer = http.get(
            f"{self.tree.url}/api/v1/reminders/{number}", headers=self.headers, timeout=10
        )
        assert answer.status_code == 200, answer.text
        detail: dict[str, Any] = answer.json()
        return detail

    def states(self, number: int) -> list[tuple[str, str]]:
        """Each delivery's channel and state, in the order in which they were opened."""
        return [(d["channel"], d["status"]) for d in self.detail(number)["deliveries"]]

    def wait_until(self, number: int, *states: tuple[str, str], seconds: float = 30) -> None:
        """Wait until a reminder's deliveries are exactly these."""
        wanted = list(states)
        try:
            wait_for(lambda: self.states(number) == wanted, f"{wanted}", seconds, every=0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}; there are {self.detail(number)}") from None

    def tasks(self, number: int) -> list[tuple[str, str]]:
        """The tasks that a reminder's deliveries made: kind and state."""
        connection = psycopg2.connect(self.tree.env["DATABASE_URL"])
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "select t.kind, t.state from est_1.tasks t"
                    " join est_1.deliveries d on d.id = t.delivery_id where d.reminder_id = %s",
                    (number,),
                )
                return cursor.fetchall()
        finally:
            connection.close()

    def wait_for_task(self, number: int) -> None:
        wait_for(lambda: self.tasks(number), "a task for staff", every=0.1)
        assert self.tasks(number) == [("unknown_delivery", "open")]

    def copies(self, channel: str, message: str) -> int:
        """How many messages with this text the carrier accepted."""
        return sum(message in entry["body"] for entry in self.tree.ledger(channel=channel))

    def restart_worker(self, **env: str) -> None:
        self.tree.kill("worker")
        self.tree.start("worker", **env)

    def killed_at(self, point: str, message: str, channel: str) -> int:
        """Post a reminder to a worker that kills itself at a point, then start another."""
        self.restart_worker(CARELOOP_CRASH_AT=point)
        number = self.remind(message, channel)
        wait_for(lambda: self.tree.died("worker"), f"the worker to die at {point}")
        self.tree.start("worker")
        return number


WORKER_POINTS = (
    "worker.after_begin",
    "worker.after_call",
    "worker.before_outcome",
    "worker.after_outcome",
)
