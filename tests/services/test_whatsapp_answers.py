"""The hospital's answer to what was said on WhatsApp: there while it may, else the ordinary way.

Seen to fail: `thread` left out of `_way_back`; the window, the conversation's channel or the
sender's being in use not asked for in `open_thread`; staff's own choice overridden; `ahead` put
behind the ordinary channels; `escalate` false for a reply, on any channel, and true for a stop's.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from models.conversation import Conversation
from models.delivery import DeliveryStatus as S
from models.feedback import Feedback
from models.reminder import Purpose, Reminder
from models.task import Task
from services.contact.address import address_for
from services.conversation.reply import reply
from tests.fixtures import NORTH
from tests.services.deliveries import begin, claim, states, tell
from tests.services.test_whatsapp import numbers, wrote  # noqa: F401 - a fixture
from tests.simulator.simulator_harness import PHONE

HOUR = timedelta(hours=1)


def said(client: Any, database: Any, *, channel: str = "whatsapp", sender: int | None) -> None:
    """A feedback that was given in a conversation."""
    body = {"language": "french", "content": "Trop d'attente", "rating": 2}
    assert client.post("/api/v1/feedback", json=body).status_code == 201
    with database.establishment(NORTH) as session:
        session.get_one(Feedback, 1).conversation_id = conversation(session, channel, sender)


def conversation(session: Any, channel: str, sender: int | None) -> int:
    address = None if channel == "voice" else address_for(session, "phone", PHONE).id
    made = Conversation(
        channel=channel, address_id=address, sender_id=sender, flow="feedback_by_sms", step=""
    )
    session.add(made)
    session.flush()
    return made.id


def answer(client: Any, staff: Any, **more: Any) -> Any:
    return client.post("/api/v1/feedback/1/answer", json={"text": "Merci"} | more, headers=staff)


def start(database: Any) -> list[tuple[str, int | None]]:
    """What goes out now: channel and sender of each."""
    from services.dispatch import Routes
    from workers.context import get_context

    get_context().directory.forget()
    routes = Routes(get_context().directory.senders(NORTH))
    due = list(claim(database).to_send)
    return [(one.channel, one.sender_id) for one in begin(database, due, routes=routes)]


def test_it_is_answered_where_it_was_said(
    client: Any, staff: Any, database: Any, numbers: tuple[int, int]  # noqa: F811
) -> None:  # fmt: skip
    ours, _ = numbers
    wrote(database, PHONE, ours, 23 * HOUR, "whatsapp")
    said(client, database, sender=ours)
    made = answer(client, staff)
    assert (made.status_code, made.json()["channels"]) == (201, ["whatsapp", "sms"])
    assert start(database) == [("whatsapp", ours)]
    assert tell(database, 1, "undelivered", code="63016")  # the carrier counts for itself
    assert states(database, 1) == [("whatsapp", S.undelivered), ("sms", S.scheduled)]
    ((channel, sender),) = start(database)
    assert (channel, sender in (None, *numbers)) == ("sms", False)
    with database.establishment(NORTH) as session:
        reminder = session.get_one(Reminder, 1)
        assert (reminder.conversation_id, reminder.receipt_window_seconds) == (1, 24 * 3600)


def test_a_window_that_closes_while_it_waits_leads_to_an_sms(
    client: Any, staff: Any, database: Any, owner: Any, numbers: tuple[int, int]  # noqa: F811
) -> None:  # fmt: skip
    wrote(database, PHONE, numbers[0], 23 * HOUR, "whatsapp")
    said(client, database, sender=numbers[0])
    answer(client, staff)
    with owner.begin() as connection:
        connection.execute(text("update est_1.messages set at = at - interval '1 hour'"))
    assert start(database) == []
    assert states(database, 1) == [("whatsapp", S.failed), ("sms", S.scheduled)]
    assert [channel for channel, _ in start(database)] == ["sms"]


ELSEWHERE: dict[str, dict[str, Any]] = {
    "a day ago": {"ago": 24 * HOUR},
    "by SMS": {"channel": "sms"},
    "to another number of ours": {"to": 1},
    "staff choose": {"asked": ["sms"]},
    "out of use": {"active": False},
}


@pytest.mark.parametrize("case", ELSEWHERE.values(), ids=ELSEWHERE)
def test_else_it_goes_the_ordinary_way(
    client: Any, staff: Any, database: Any, owner: Any, numbers: tuple[int, int],  # noqa: F811
    case: dict[str, Any],
) -> None:  # fmt: skip
    wrote(database, PHONE, numbers[case.get("to", 0)], case.get("ago", HOUR), "whatsapp")
    said(client, database, channel=case.get("channel", "whatsapp"), sender=numbers[0])
    with owner.begin() as connection:
        changed = {"active": case.get("active", True), "id": numbers[0]}
        connection.execute(
            text("update shared.senders set active = :active where id = :id"), changed
        )
    made = answer(client, staff, channels=case.get("asked"))
    assert (made.status_code, made.json()["channels"]) == (201, ["sms"]), made.text


def test_who_hid_their_number_cannot_be_answered(client: Any, staff: Any, database: Any) -> None:
    said(client, database, channel="voice", sender=None)
    refused = answer(client, staff)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_address")


@pytest.mark.parametrize(
    ("channel", "purpose", "seen"),
    [
        ("whatsapp", Purpose.reply, True),
        ("whatsapp", Purpose.opt_out, False),  # they want to be left alone
        ("sms", Purpose.reply, True),
        ("sms", Purpose.opt_out, False),
    ],
)
def test_staff_see_a_reply_that_the_carrier_refused(
    database: Any, numbers: tuple[int, int], channel: str, purpose: Purpose, seen: bool  # noqa: F811
) -> None:  # fmt: skip
    wrote(database, PHONE, numbers[0], HOUR, "whatsapp")
    with database.establishment(NORTH) as session:
        number = conversation(session, channel, numbers[0])
        reply(
            session,
            address=address_for(session, "phone", PHONE),
            sender_id=numbers[0],
            text="Merci",
            language="fra",
            channel=channel,
            purpose=purpose,
            conversation_id=number,
        )
    assert len(start(database)) == 1
    assert tell(database, 1, "undelivered", code="63016")
    with database.establishment(NORTH) as session:
        found = [(t.kind, t.conversation_id) for t in session.scalars(select(Task))]
    assert found == ([("not_reached", number)] if seen else [])
