"""Twilio's status callbacks: only signed ones count, each counts once, and none moves it back.

Seen to fail: `_genuine` answering True (forged ones are taken), the unique key of `webhook_events`
left out of the insert (repeats are stored twice), `may_move` answering True (states go back).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text
from twilio.request_validator import RequestValidator

from config.settings import get_settings
from tests.fixtures import owned
from tests.routers.test_reminders import body

SID = "SM" + "0" * 32
Call = Callable[..., Any]


@pytest.fixture
def delivery(client: Any, staff: dict[str, str]) -> int:
    assert client.post("/api/v1/reminders", json=body(), headers=staff).status_code == 201
    return 1


@pytest.fixture
def call(client: Any) -> Call:
    """Sends a callback as Twilio would, or with something wrong with it."""

    def send(
        status: str, *, reference: str = "1.1", sign: dict[str, str] | None = None, **more: str
    ) -> Any:
        fields = {"MessageSid": SID, "MessageStatus": status, "To": "+237650000001"} | more
        settings = get_settings()
        url = f"{settings.web.base_url}/webhooks/twilio/status?delivery={reference}"
        token = settings.twilio.auth_token.get_secret_value()
        signature = RequestValidator(token).compute_signature(url, sign or fields)
        parts = urlsplit(url)
        return client.post(
            f"{parts.path}?{parts.query}", data=fields, headers={"X-Twilio-Signature": signature}
        )

    return send


def stored(owner: Any, question: str) -> Any:
    with owned(owner) as connection:
        return connection.scalar(text(question))


def test_a_signed_receipt_moves_the_delivery(call: Call, delivery: int, owner: Any) -> None:
    assert call("delivered").status_code == 200
    assert stored(owner, "select status from deliveries") == "delivered"
    assert stored(owner, "select count(*) from shared.due") == 0
    assert stored(owner, "select status from reminders") == "done"


def test_a_forged_one_is_refused_and_changes_nothing(call: Call, delivery: int, owner: Any) -> None:
    assert call("delivered", sign={"MessageSid": "SM1"}).status_code == 403
    assert stored(owner, "select status from deliveries") == "scheduled"
    assert stored(owner, "select count(*) from webhook_events") == 0


def test_a_body_changed_on_the_way_is_refused(call: Call, delivery: int) -> None:
    signed = {"MessageSid": SID, "MessageStatus": "sent", "To": "+237650000001"}
    assert call("delivered", sign=signed).status_code == 403


def test_unknown_parameters_are_signed_too_and_tolerated(
    call: Call, delivery: int, owner: Any
) -> None:
    assert call("delivered", SomethingNew="2027").status_code == 200
    assert stored(owner, "select status from deliveries") == "delivered"


def test_ten_at_once_are_one(call: Call, delivery: int, owner: Any) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: call("sent").status_code, range(10)))
    assert answers == [200] * 10
    assert stored(owner, "select count(*) from webhook_events") == 1
    assert stored(owner, "select count(*) from messages") == 1
    assert stored(owner, "select count(*) from delivery_events where status = 'sent'") == 1


def test_the_same_word_of_another_message_moves_nothing_again(
    call: Call, delivery: int, owner: Any
) -> None:
    for sid in (SID, "SM" + "1" * 32):
        assert call("undelivered", MessageSid=sid, ErrorCode="30003").status_code == 200
    assert stored(owner, "select count(*) from webhook_events") == 2
    moved = "select count(*) from delivery_events where status = 'undelivered'"
    assert stored(owner, moved) == 1


def test_a_late_one_never_moves_it_back(call: Call, delivery: int, owner: Any) -> None:
    for status in ("delivered", "sent", "queued", "undelivered", "failed"):
        assert call(status).status_code == 200
    assert stored(owner, "select status from deliveries") == "delivered"


@pytest.mark.parametrize(
    "reference", ["", "x", "1", "0.1", "1.1.0", "1.1.1.1", "1.99999999999999999999"]
)
def test_a_callback_that_names_no_delivery_is_acknowledged(
    call: Call, delivery: int, owner: Any, reference: str
) -> None:
    assert call("delivered", reference=reference).status_code == 200
    assert stored(owner, "select count(*) from webhook_events") == 0


def test_another_hospitals_delivery_is_not_reached(call: Call, delivery: int, owner: Any) -> None:
    assert call("delivered", reference="2.1").status_code == 404
    assert stored(owner, "select status from deliveries") == "scheduled"


def test_without_a_signature_it_is_refused(client: Any, delivery: int) -> None:
    answer = client.post("/webhooks/twilio/status?delivery=1.1", data={"MessageSid": SID})
    assert answer.status_code == 403
    assert answer.json()["code"] == "signature_invalid"
