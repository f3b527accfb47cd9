"""Conversations as staff read them: what was said in order, and who has read it.

Seen to fail: the audit of a reading left out; the turns in the order of their tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text

from models.audit import AuditEntry
from models.conversation import Conversation
from models.delivery import DeliveryStatus as S
from models.message import Message
from tests.conversation.inbox import came_in
from tests.fixtures import NORTH
from tests.services.deliveries import sent
from workers.conversation import hear

Headers = dict[str, str]


@pytest.fixture
def some(client: Any, database: Any) -> None:
    """A feedback in two messages; a reminder that cannot be kept; one that asks for help."""
    sent(database, phone="+237650000002", expects_reply=True, message="Rappel : demain à 10 h")
    for words in ("bon service", "4"):
        hear(NORTH, came_in(database, words))
    hear(NORTH, came_in(database, "2", phone="+237650000002"))
    hear(NORTH, came_in(database, "AIDE", phone="+237650000003"))


def listed(client: Any, headers: Headers, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/api/v1/conversations{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3), ("?flow=feedback_by_sms", 1), ("?channel=sms", 3), ("?channel=voice", 0),
        ("?open=true", 0), ("?open=false", 3), ("?reminder_id=1", 1), ("?feedback_id=1", 1),
        ("?patient_id=PAT9", 0), ("?since=2999-01-01T00:00:00Z", 0),
        ("?until=2999-01-01T00:00:00Z", 3), ("?limit=2", 2),
    ],
)  # fmt: skip
def test_a_list_without_words_and_addresses(
    client: Any, some: None, staff: Headers, query: str, count: int
) -> None:
    answer = client.get(f"/api/v1/conversations{query}", headers=staff)
    assert len(answer.json()["items"]) == count
    assert "+237" not in answer.text
    assert "bon service" not in answer.text


def test_pages_go_on(client: Any, some: None, staff: Headers) -> None:
    first = client.get("/api/v1/conversations?limit=2", headers=staff).json()
    rest = client.get(f"/api/v1/conversations?cursor={first['cursor']}", headers=staff).json()
    ids = [item["id"] for item in first["items"] + rest["items"]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 3
    assert rest["cursor"] is None


def test_a_conversation_is_read_in_order_and_that_is_noted(
    client: Any, database: Any, some: None, staff: Headers
) -> None:
    (item,) = listed(client, staff, "?flow=feedback_by_sms")
    detail = client.get(f"/api/v1/conversations/{item['id']}", headers=staff).json()
    assert [(turn["direction"], turn["text"][:11]) for turn in detail["turns"]] == [
        ("in", "bon service"),
        ("out", "Merci de vo"),
        ("in", "4"),
        ("out", "Merci. Votr"),
    ]
    assert detail["turns"][1]["status"] == S.scheduled
    assert detail["phone_number"] == "+237650000001"
    assert (detail["feedback_id"], detail["language"], detail["waits_for"]) == (1, "french", None)
    feedback = client.get("/api/v1/feedback/1", headers=staff).json()
    assert feedback["conversation_id"] == detail["id"]
    assert (feedback["content"], feedback["rating"], feedback["channel"]) == (
        "bon service",
        4,
        "sms",
    )
    with database.establishment(NORTH) as session:
        read = session.scalars(select(AuditEntry).where(AuditEntry.kind == "conversation")).one()
        assert (read.action, read.row_id) == ("read", str(detail["id"]))
        assert read.actor.startswith("user:")


def test_a_task_leads_to_the_conversation_and_that_to_the_reminder(
    client: Any, some: None, staff: Headers
) -> None:
    (task,) = client.get("/api/v1/tasks", headers=staff).json()["items"]
    assert (task["kind"], task["reminder_id"], task["subject"]) == ("reschedule", 1, None)
    assert task["due_at"] is not None
    detail = client.get(f"/api/v1/conversations/{task['conversation_id']}", headers=staff).json()
    assert [(turn["direction"], turn["text"][:6]) for turn in detail["turns"]] == [
        ("out", "Rappel"),
        ("in", "2"),
        ("out", "C'est "),
    ]
    reminder = client.get("/api/v1/reminders/1", headers=staff).json()
    assert reminder["deliveries"][0]["reply"] == "reschedule"
    assert reminder["deliveries"][0]["replied_at"] is not None
    assert reminder["deliveries"][0]["status"] == "delivered"


def test_what_the_patient_says_to_an_answer_belongs_to_the_feedback(
    client: Any, database: Any, some: None, staff: Headers
) -> None:
    answer = client.post(
        "/api/v1/feedback/1/answer", json={"text": "Merci, passez nous voir."}, headers=staff
    )
    assert answer.status_code == 201, answer.text
    with database.establishment(NORTH) as session:  # the next day
        session.execute(text("update conversations set last_at = last_at - interval '1 day'"))
    hear(NORTH, came_in(database, "Quand puis-je venir"))
    feedback = client.get("/api/v1/feedback/1", headers=staff).json()
    assert feedback["content"] == "bon service\nQuand puis-je venir"
    assert feedback["state"] == "open"
    detail = client.get(f"/api/v1/conversations/{feedback['conversation_id']}", headers=staff)
    assert [turn["text"][:5] for turn in detail.json()["turns"]][-3:] == ["Merci", "Quand", "Nous "]


def test_replies_stand_among_no_reminders(client: Any, some: None, staff: Headers) -> None:
    assert len(client.get("/api/v1/reminders", headers=staff).json()["items"]) == 1


def test_another_hospitals_conversation_is_not_there(
    client: Any, some: None, staff: Headers, log_in: Callable[[str], Headers]
) -> None:
    (item,) = listed(client, staff, "?flow=feedback_by_sms")
    south = log_in("staff@south")
    assert client.get(f"/api/v1/conversations/{item['id']}", headers=south).status_code == 404
    assert listed(client, south) == []


@pytest.mark.parametrize("path", ["", "/1"])
def test_nobody_reads_without_a_token(client: Any, some: None, path: str) -> None:
    assert client.get(f"/api/v1/conversations{path}").status_code == 401


@pytest.mark.parametrize("query", ["?channel=fax", "?open=maybe", "?cursor=x", "?limit=0"])
def test_a_bad_filter_is_named(client: Any, staff: Headers, query: str) -> None:
    answer = client.get(f"/api/v1/conversations{query}", headers=staff)
    assert answer.status_code == 422
    name = query[1:].partition("=")[0]
    assert name in answer.text


def test_what_was_said_is_sealed_at_rest(some: None, database: Any, owner: Any) -> None:
    with owner.connect() as connection:
        for table, column in (
            ("messages", "body"),
            ("feedbacks", "content"),
            ("reminders", "message"),
        ):
            for (raw,) in connection.execute(
                text(f"select {column} from est_1.{table} where {column} is not null")
            ):
                assert b"bon service" not in bytes(raw)
    with database.establishment(NORTH) as session:
        written = select(Message.body).where(Message.direction == "in").order_by(Message.id)
        assert session.scalars(written).first() == "bon service"
        assert session.scalars(select(Conversation)).first() is not None
