"""Whatever happens between a device and the service, the rows are those of one clean send.

Two devices that hold the same items send parts of them in any order, with repeats, at the same
time; requests are cut on the way in, answers on the way out. Each device then sends on until it
has heard of everything, as the app does.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.fixtures import owned
from tests.routers.test_sync import item, now
from tests.routers.test_sync_reminders import device, reminder
from utils.crypto import get_cipher

NEXT_YEAR = (datetime.now(UTC) + timedelta(days=365)).replace(microsecond=0).isoformat()
ITEMS = [
    *(item(content=f"numéro {number}", rating=number % 5 + 1) for number in range(6)),
    item(content=None, emoji="🙂", recorded_at=now(days=90)),
    reminder(scheduled_time=NEXT_YEAR),
    reminder(scheduled_time=NEXT_YEAR, phone_number="+237650000002", email="a@b.example"),
    reminder(scheduled_time=NEXT_YEAR, rrule="FREQ=DAILY;COUNT=4", phone_number="+237650000003"),
    reminder(scheduled_time=None, event_time=NEXT_YEAR, before=["P7D", "P1D"]),
    reminder(scheduled_time=now(days=30)),  # too late: stored as expired
    item(rating=9),  # never stored
    reminder(phone_number="+237123"),
]
STORED = ("created", "duplicate")


class Send(NamedTuple):
    """One request of one of two devices: which items, and where the link breaks."""

    who: int
    places: list[int]
    cut: str


sends = st.builds(
    Send,
    who=st.integers(0, 1),
    places=st.lists(st.integers(0, len(ITEMS) - 1), max_size=len(ITEMS)),
    cut=st.sampled_from(["nowhere", "request", "answer"]),
)
rounds = st.lists(st.lists(sends, min_size=1, max_size=2), max_size=4)


@dataclass
class Tablet:
    """A device: its token, and what it has not heard of yet."""

    post: Callable[..., Any]
    headers: dict[str, str]
    waiting: set[int] = field(default_factory=lambda: set(range(len(ITEMS))))

    def send(self, places: Sequence[int], cut: str = "nowhere") -> None:
        body = {"sent_at": now(), "items": [ITEMS[place] for place in places]}
        content = gzip.compress(json.dumps(body).encode())
        if cut == "request":
            content = content[: len(content) * 2 // 3]
        headers = self.headers | {
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
        }
        answer = self.post("/api/v1/sync", content=content, headers=headers)
        if cut == "request":
            assert answer.status_code == 400, answer.text
            return
        assert answer.status_code == 200, answer.text
        results = answer.json()["results"]
        assert [result["client_id"] for result in results] == [
            ITEMS[place]["client_id"] for place in places
        ]
        for place, result in zip(places, results, strict=True):
            bad = place >= len(ITEMS) - 2
            assert result["status"] in (("rejected",) if bad else STORED)
        if cut == "nowhere":
            self.waiting -= set(places)


def emptied(owner: Any) -> None:
    with owner.begin() as connection:
        connection.execute(
            text("truncate est_1.feedbacks, est_1.reminders, est_1.addresses, shared.due cascade")
        )


_ROWS = {
    "feedback": """
        select client_id, fingerprint, patient_id_index, language, rating, channel, recorded_at,
            date_submitted, state, content, emoji from feedbacks order by client_id
        """,
    "reminder": """
        select client_id, fingerprint, scheduled_time, rrule, event_time, before, channels,
            language, status, validity_seconds, message from reminders order by client_id
        """,
    "delivery": """
        select r.client_id, d.occurrence, d.before_seconds, d.channel, d.status, d.due_at,
            d.valid_until, a.kind, a.value_index,
            (select string_agg(e.status || ':' || e.cause, ',' order by e.id)
                from delivery_events e where e.delivery_id = d.id) as events,
            (select count(*) from shared.due where delivery_id = d.id) as due
        from deliveries d join reminders r on r.id = d.reminder_id
            join addresses a on a.id = d.address_id
        order by r.client_id, d.occurrence
        """,
    "address": "select kind, value_index from addresses order by value_index",
    "omission": """
        select r.client_id, o.reason, o.first, o.last from omissions o
            join reminders r on r.id = o.reminder_id order by r.client_id, o.first
        """,
}
_SEALED = {
    "content": "feedbacks.content",
    "emoji": "feedbacks.emoji",
    "message": "reminders.message",
}


def rows(owner: Any) -> dict[str, list[dict[str, Any]]]:
    """What is stored, opened: sealing the same words twice gives other bytes."""
    with owned(owner) as connection:
        return {
            name: [
                {
                    column: get_cipher().open(bytes(value), _SEALED[column])
                    if column in _SEALED and value is not None
                    else value
                    for column, value in row._mapping.items()
                }
                for row in connection.execute(text(statement))
            ]
            for name, statement in _ROWS.items()
        }


@pytest.fixture
def tokens(client: Any, staff: dict[str, str]) -> list[dict[str, str]]:
    """Those of two devices in the hands of staff."""
    return [device(client, staff, for_staff=True) for _ in range(2)]


@pytest.fixture
def clean(client: Any, owner: Any, tokens: list[dict[str, str]]) -> dict[str, Any]:
    """The rows of one clean send."""
    Tablet(client.post, tokens[0]).send(range(len(ITEMS)))
    found = rows(owner)
    counts = {name: len(listed) for name, listed in found.items()}
    assert counts == {"feedback": 7, "reminder": 5, "delivery": 6, "address": 4, "omission": 0}
    return found


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(story=rounds, last=st.permutations(range(len(ITEMS))))
def test_any_story_ends_with_the_rows_of_one_clean_send(
    client: Any,
    owner: Any,
    tokens: list[dict[str, str]],
    clean: dict[str, Any],
    story: list[list[Send]],
    last: list[int],
) -> None:
    emptied(owner)
    tablets = [Tablet(client.post, token) for token in tokens]
    with ThreadPoolExecutor(2) as pool:
        for together in story:
            list(pool.map(lambda one: tablets[one.who].send(one.places, one.cut), together))
        list(pool.map(lambda one: one.send([p for p in last if p in one.waiting]), tablets))
    assert rows(owner) == clean
    assert not any(tablet.waiting for tablet in tablets)
