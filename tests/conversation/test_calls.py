"""A conversation held by phone, as staff read it beside those by SMS."""

from __future__ import annotations

from typing import Any

from models.conversation import Conversation
from models.message import Call
from services.contact.address import address_for
from tests.fixtures import NORTH

Headers = dict[str, str]


def call(database: Any, phone: str | None) -> int:
    with database.establishment(NORTH) as session:
        conversation = Conversation(
            channel="voice",
            address_id=address_for(session, "phone", phone).id if phone else None,
            flow="feedback_by_phone",
            step="",
            language="fra",
        )
        session.add(conversation)
        session.flush()
        session.add(
            Call(
                direction="in",
                provider="twilio",
                provider_id=f"CA{conversation.id}",
                conversation_id=conversation.id,
                status="completed",
                seconds=42,
            )
        )
        return conversation.id


def test_a_call_is_a_turn(client: Any, database: Any, staff: Headers) -> None:
    number = call(database, "+237650000001")
    detail = client.get(f"/api/v1/conversations/{number}", headers=staff).json()
    (turn,) = detail["turns"]
    assert (turn["direction"], turn["status"], turn["seconds"]) == ("in", "completed", 42)
    assert turn["text"] is None


def test_somebody_who_hides_their_number_has_none(
    client: Any, database: Any, staff: Headers
) -> None:
    number = call(database, None)
    answer = client.get(f"/api/v1/conversations/{number}", headers=staff)
    assert (answer.status_code, answer.json()["phone_number"]) == (200, None)
