"""The keys at the end of a reminder: named in its language, where the answer can come back.

Seen to fail: the line put into every message; counted but not sent, and sent but not counted; a
message with its keys taken for somebody else's in the carrier's list (sent twice).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from models.delivery import DeliveryStatus as S
from models.phrase import Phrase
from services.delivery.reconcile import Patience, questions, settle_unknown
from tests.fixtures import NORTH
from tests.services.deliveries import FakeSender, begun, claim, conclude, delivery, make, now
from utils.senders import Passed

KEYS_FR = "Répondez 1 pour confirmer, 2 pour annuler ou reporter."
KEYS_EN = "Reply 1 to confirm, 2 to cancel or reschedule."
Headers = dict[str, str]


@pytest.fixture
def phone(database: Any) -> Iterator[FakeSender]:
    """What the worker's code sends by SMS."""
    from workers.context import get_context

    context = get_context()
    context.directory.forget()
    row = context.directory.sender(NORTH, "sms")
    assert row is not None
    fake = context.senders["sms", row.address] = FakeSender()
    yield fake
    context.senders.pop(("sms", row.address), None)
    context.directory.forget()


@pytest.fixture
def deaf(owner: Any, database: Any) -> Iterator[None]:
    """The hospital's SMS number takes in no answers."""
    from workers.context import get_context

    change = text(
        "update shared.senders set can_receive = :whether"
        " where establishment_id = 1 and channel = 'sms'"
    )
    with owner.begin() as connection:
        connection.execute(change, {"whether": False})
    get_context().directory.forget()
    yield
    with owner.begin() as connection:
        connection.execute(change, {"whether": True})
    get_context().directory.forget()


def sent_text(database: Any, phone: FakeSender, **more: Any) -> str:
    from workers.delivery import finish, send

    (number,) = make(database, **more)
    claim(database)
    send(NORTH, [number])
    finish()
    (message,) = phone.given
    return message.text


def test_a_reminder_that_asks_names_its_keys(database: Any, phone: FakeSender) -> None:
    said = sent_text(database, phone, expects_reply=True, message="Rappel : demain à 10 h")
    assert said == f"Rappel : demain à 10 h\n{KEYS_FR}"


def test_in_its_own_language(database: Any, phone: FakeSender) -> None:
    said = sent_text(database, phone, expects_reply=True, language="eng", message="Tomorrow")
    assert said == f"Tomorrow\n{KEYS_EN}"


def test_or_not_at_all(database: Any, phone: FakeSender) -> None:
    assert sent_text(database, phone, expects_reply=True, language="dua", message="-") == "-"


def test_in_the_establishments_own_words(database: Any, phone: FakeSender) -> None:
    with database.establishment(NORTH) as session:
        session.add(
            Phrase(
                key="reminder.keys", language="fra", text="1 oui, 2 non",
                written_by="user:1", approved_by="user:2",
            )
        )  # fmt: skip
    assert sent_text(database, phone, expects_reply=True, message="x") == "x\n1 oui, 2 non"


def test_one_that_asks_nothing_does_not(database: Any, phone: FakeSender) -> None:
    assert sent_text(database, phone, message="Rappel") == "Rappel"


@pytest.mark.parametrize(("expects_reply", "segments"), [(False, 1), (True, 2)])
def test_what_is_shown_is_what_goes_out(
    client: Any,
    staff: Headers,
    database: Any,
    phone: FakeSender,
    expects_reply: bool,
    segments: int,
) -> None:
    from workers.delivery import finish, send

    body = {
        "message": "R" * 130,
        "language": "french",
        "phone_number": "+237650000001",
        "channels": ["sms"],
        "scheduled_time": (now() + timedelta(milliseconds=1)).isoformat(),
        "expects_reply": expects_reply,
    }
    shown = client.post("/api/v1/reminders/preview", json=body, headers=staff).json()
    stored = client.post("/api/v1/reminders", json=body, headers=staff).json()
    assert shown["segments"] == stored["segments"] == segments
    assert stored["message"] == body["message"]
    send(NORTH, list(claim(database).to_send))
    finish()
    (message,) = phone.given
    assert message.text.endswith(KEYS_FR) == expects_reply


def test_a_number_that_takes_in_no_answer_is_never_used_to_ask(
    client: Any, staff: Headers, deaf: None
) -> None:
    body = {
        "message": "Rappel",
        "phone_number": "+237650000001",
        "scheduled_time": (now() + timedelta(hours=1)).isoformat(),
        "expects_reply": True,
    }
    client.app.state.careloop.directory.forget()
    answer = client.post("/api/v1/reminders/preview", json=body, headers=staff)
    assert (answer.status_code, answer.json()["field"]) == (422, "expects_reply")


@pytest.mark.parametrize(
    ("listed", "status"),
    [
        (f"Rappel\n{KEYS_FR}", S.delivered),
        ("Rappel\nRépondez 1 ou 2", S.delivered),  # the phrase was changed since
        ("Rappel bis", S.scheduled),
    ],
)
def test_it_is_recognised_in_the_carriers_list_with_its_keys(
    database: Any, listed: str, status: S
) -> None:
    number = begun(database, expects_reply=True, message="Rappel")
    conclude(database, number, S.unknown, code="timeout")
    with database.establishment(NORTH) as session:
        (question,) = questions(session, [number])
        passed = Passed("SM1", "delivered", listed)
        settle_unknown(session, question, [passed], Patience(settle_after=0, give_up_after=3600))
    assert delivery(database, number).status == status
