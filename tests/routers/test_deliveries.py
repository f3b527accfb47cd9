"""Lists and counts of deliveries, and what a hospital sends from.

Seen to fail: `own_rows` of the senders' policy left open (another hospital's sender is changed);
`with_for_update` and the audit left out of `services/sender/senders.py`; the address shown in a
list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from models.delivery import DeliveryStatus as S
from services.sender.suspension import note_fault
from tests.fixtures import NORTH, SOUTH, owned
from tests.services.deliveries import begun, conclude, make

Headers = dict[str, str]


@pytest.fixture
def some(client: Any, database: Any) -> None:
    """One failed, one unknown, two waiting (one by e-mail), one of the southern hospital."""
    conclude(database, begun(database, patient_id="PAT123"), S.failed, code="21211")
    conclude(database, begun(database), S.unknown, code="timeout")
    make(database, due_in=-120)
    make(database, channels=("email",), due_in=3600)
    make(database, establishment=SOUTH)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 4), ("?status=failed", 1), ("?status=unknown&channel=sms", 1),
        ("?status=failed&status=unknown", 2), ("?status=failed&status=scheduled", 3),
        ("?channel=email", 1),
        ("?channel=voice", 0), ("?since=2999-01-01T00:00:00Z", 0), ("?limit=3", 3),
    ],
)  # fmt: skip
def test_a_list_without_addresses(
    client: Any, some: None, staff: Headers, query: str, count: int
) -> None:
    answer = client.get(f"/api/v1/deliveries{query}", headers=staff)
    assert len(answer.json()["items"]) == count
    assert "+237" not in answer.text
    assert "example.com" not in answer.text


def test_a_list_says_whose_and_why(client: Any, some: None, staff: Headers) -> None:
    (failed,) = client.get("/api/v1/deliveries?status=failed", headers=staff).json()["items"]
    assert (failed["patient_id"], failed["error_code"]) == ("PAT123", "21211")


def test_pages_go_on(client: Any, some: None, staff: Headers) -> None:
    seen: list[int] = []
    cursor = ""
    for _ in range(4):
        page = client.get(f"/api/v1/deliveries?limit=1{cursor}", headers=staff).json()
        seen += [item["id"] for item in page["items"]]
        cursor = f"&cursor={page['cursor']}"
    assert page["cursor"] is None
    assert sorted(seen) == [1, 2, 3, 4]
    assert seen[0] == 4  # the latest first


def test_the_summary(client: Any, some: None, staff: Headers) -> None:
    said = client.get("/api/v1/deliveries/summary", headers=staff).json()
    counts = {(c["channel"], c["status"]): c["count"] for c in said["counts"]}
    assert counts == {("sms", "failed"): 1, ("sms", "unknown"): 1, ("sms", "scheduled"): 1}
    assert said["unknown"] == [{"channel": "sms", "cause": "answer", "code": "timeout", "count": 1}]
    assert said["oldest_unknown_seconds"] >= 0
    assert 119 <= said["lag_seconds"] < 200


def test_the_summary_of_nothing(client: Any, staff: Headers) -> None:
    said = client.get("/api/v1/deliveries/summary", headers=staff).json()
    assert (said["counts"], said["unknown"], said["lag_seconds"]) == ([], [], 0)
    assert said["oldest_unknown_seconds"] is None


@pytest.mark.parametrize(
    "query",
    ["?since=2026-01-01T00:00:00Z&until=2026-03-01T00:00:00Z",
     "?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
     "?since=0001-01-01T00:00:00%2B14:00", "?since=never"],
)  # fmt: skip
def test_a_summary_is_bounded(client: Any, staff: Headers, query: str) -> None:
    assert client.get(f"/api/v1/deliveries/summary{query}", headers=staff).status_code == 422


def test_administrators_see_and_lift(
    client: Any, database: Any, log_in: Callable[[str], Headers], owner: Any
) -> None:
    admin = log_in("admin@north")
    with database.establishment(NORTH) as session:
        note_fault(session, "sms", "twilio", "30034", said_by="receipt", probe_after=60)
    listed = client.get("/api/v1/senders", headers=admin).json()
    (sms,) = [sender for sender in listed if sender["channel"] == "sms"]
    assert sms["suspended_code"] == "30034"
    assert sms["suspended_at"] is not None
    path = f"/api/v1/senders/{sms['id']}"
    lifted = client.patch(path, json={"suspended": False}, headers=admin)
    assert lifted.status_code == 200, lifted.text
    assert lifted.json()["suspended_at"] is None
    off = client.patch(path, json={"active": False}, headers=admin)
    assert off.json()["active"] is False
    with owned(owner) as connection:
        count = connection.scalar(text("select count(*) from audit_entries where kind = 'sender'"))
    assert count == 2


def test_senders_are_the_administrators_matter(
    client: Any, staff: Headers, log_in: Callable[[str], Headers]
) -> None:
    assert client.get("/api/v1/senders", headers=staff).status_code == 403
    assert client.patch("/api/v1/senders/1", json={}, headers=staff).status_code == 403
    admin = log_in("admin@north")
    refused = client.patch("/api/v1/senders/1", json={"suspended": True}, headers=admin)
    assert refused.status_code == 422


def test_another_hospitals_senders_are_out_of_reach(
    client: Any, database: Any, log_in: Callable[[str], Headers], owner: Any
) -> None:
    admin = log_in("admin@north")
    mine = {sender["id"] for sender in client.get("/api/v1/senders", headers=admin).json()}
    with owned(owner) as connection:
        theirs = connection.scalar(
            text("select min(id) from shared.senders where establishment_id = 2")
        )
    assert theirs not in mine
    refused = client.patch(f"/api/v1/senders/{theirs}", json={"active": False}, headers=admin)
    assert refused.status_code == 404
    with database.establishment(NORTH) as session:  # the database itself says no as well
        changed = session.execute(
            text("update shared.senders set active = false where id = :id"), {"id": theirs}
        )
        assert changed.rowcount == 0
