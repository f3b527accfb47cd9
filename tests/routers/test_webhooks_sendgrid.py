"""SendGrid's events: signed and recent ones count, each once, and one bad one harms no other.

The counterpart that signs is the simulator's; the events are written as the published reference
shows them.

Seen to fail: `_genuine` answering True (forged, old and altered batches are taken), the unique key
left out of `apply_event` (repeats), the `except` around one event (a bad one stops the batch).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from services.contact.address import address_for, opt_in
from simulator.signature import EventSigner
from tests.fixtures import NORTH, owned
from tests.routers.test_reminders import body

PATIENT = "patient@example.org"
SIGNER = EventSigner()
Tell = Callable[..., Any]


@pytest.fixture
def delivery(client: Any, staff: dict[str, str]) -> int:
    reminder = body() | {"channels": ["email"], "email": PATIENT}
    answer = client.post("/api/v1/reminders", json=reminder, headers=staff)
    assert answer.status_code == 201, answer.text
    return 1


@pytest.fixture
def tell(client: Any, monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Posts events as SendGrid would, or with something wrong with them."""
    settings = client.app.state.careloop.settings.email
    monkeypatch.setattr(settings, "sendgrid_webhook_key", SIGNER.public_key())

    def send(
        *events: Any,
        age: float = 0,
        sign: bytes | None = None,
        signer: EventSigner = SIGNER,
        raw: bytes | None = None,
    ) -> int:
        payload = raw if raw is not None else json.dumps(events).encode() + b"\r\n"
        stamp = str(int(time.time() - age))
        headers = {
            "Content-Type": "application/json;charset=utf-8",
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
            "X-Twilio-Email-Event-Webhook-Signature": signer.sign(stamp, sign or payload),
        }
        answer = client.post("/webhooks/sendgrid/events", content=payload, headers=headers)
        status: int = answer.status_code
        return status

    return send


def event(kind: str, number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "email": PATIENT,
        "timestamp": 1513299569,
        "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
        "event": kind,
        "category": ["rappel"],
        "sg_event_id": f"event-{number}",
        "sg_message_id": "14c5d75ce93dfd64b469.recvd-1-2-3.0",
        "delivery": "1.1",
        "something-new": {"of": ["next year"]},
    } | more


def stored(owner: Any, question: str) -> Any:
    with owned(owner) as connection:
        return connection.scalar(text(question))


def status(owner: Any) -> str:
    return str(stored(owner, "select status from deliveries"))


BOUNCE = {"type": "bounce", "status": "5.1.1", "reason": f"550 5.1.1 no {PATIENT} here"}
BLOCKED = {"type": "blocked", "status": "4.7.1", "reason": "greylisted"}
STORIES: dict[str, tuple[list[dict[str, Any]], str, str | None, bool]] = {
    "taken in": ([event("processed")], "sent", None, False),
    "tried again later": ([event("deferred", attempt="5")], "sent", None, False),
    "delivered": ([event("delivered", response="250 OK")], "delivered", None, False),
    "no such mailbox": ([event("bounce", **BOUNCE)], "undelivered", None, True),
    "not taken today": ([event("bounce", **BLOCKED)], "undelivered", None, False),
    "bounced before": ([event("dropped", reason="Bounced Address")], "failed", None, True),
    "dropped for a stop": (
        [event("dropped", reason="Unsubscribed Address")],
        "failed",
        "unsubscribed",
        False,
    ),
    "dropped for spam": (
        [event("dropped", reason="Spam Reporting Address")],
        "failed",
        "spam report",
        False,
    ),
    "reported as spam": (
        [event("delivered"), event("spamreport", 2)],
        "delivered",
        "spam report",
        False,
    ),
    "unsubscribed": ([event("unsubscribe")], "scheduled", "unsubscribed", False),
    "left a group": ([event("group_unsubscribe")], "scheduled", "unsubscribed", False),
    "came back to a group": (
        [event("unsubscribe"), event("group_resubscribe", 2)],
        "scheduled",
        "unsubscribed",
        False,
    ),
    "opened and clicked": ([event("open"), event("click", 2)], "scheduled", None, False),
    "in the wrong order": (
        [event("delivered", 2), event("processed", 1)],
        "delivered",
        None,
        False,
    ),
    "an event of next year": ([event("dreamt")], "scheduled", None, False),
}


@pytest.mark.parametrize(("events", "expected", "stop", "bounced"), STORIES.values(), ids=STORIES)
def test_what_an_event_changes(
    tell: Tell,
    delivery: int,
    owner: Any,
    events: list[dict[str, Any]],
    expected: str,
    stop: str | None,
    bounced: bool,
) -> None:
    assert tell(*events) == 204
    assert status(owner) == expected
    assert stored(owner, "select opt_out_cause from addresses where kind = 'email'") == stop
    noted = stored(owner, "select bounced_at is not null from addresses where kind = 'email'")
    assert noted == bounced


def test_the_code_is_the_servers_own_and_never_its_sentence(
    tell: Tell, delivery: int, owner: Any
) -> None:
    tell(event("bounce", **BOUNCE))
    code = "select code from delivery_events where status = 'undelivered'"
    assert stored(owner, code) == "5.1.1"
    assert stored(owner, "select provider_id from messages") == "14c5d75ce93dfd64b469"


BAD: dict[str, Any] = {
    "nothing": None,
    "a number": 7,
    "a list": [1],
    "no id": event("delivered", 9, sg_event_id=None),
    "no delivery": event("delivered", 9, delivery=None),
    "a delivery that is none": event("delivered", 9, delivery="x.y"),
    "another hospital's": event("delivered", 9, delivery="2.1"),
    "nobody's": event("delivered", 9, delivery="99.1"),
    "a number for a text": event("bounce", 9, status=5, type=1, delivery=1.1),
    "NUL": event("delivered", 9, sg_event_id="a\0b", delivery="1.99"),
    "far too long": event("x" * 10_000, 9),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_one_never_holds_up_the_others(
    tell: Tell, delivery: int, owner: Any, bad: Any
) -> None:
    assert tell(bad, event("delivered", 2), bad) == 204
    assert status(owner) == "delivered"


def test_ten_at_once_are_one(tell: Tell, delivery: int, owner: Any) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(
            pool.map(lambda _: tell(event("processed"), event("delivered", 2)), range(10))
        )
    assert answers == [204] * 10
    assert stored(owner, "select count(*) from webhook_events") == 2
    assert stored(owner, "select count(*) from messages") == 1


def test_a_repeat_does_not_stop_somebody_who_has_come_back(
    tell: Tell, delivery: int, database: Any, owner: Any
) -> None:
    stopped = "select opted_out_at is not null from addresses where kind = 'email'"
    assert tell(event("unsubscribe")) == 204
    assert stored(owner, stopped)
    with database.establishment(NORTH) as session:
        opt_in(address_for(session, "email", PATIENT))
    assert tell(event("unsubscribe")) == 204
    assert not stored(owner, stopped)
    assert tell(event("unsubscribe", 2)) == 204
    assert stored(owner, stopped)


REFUSED: dict[str, dict[str, Any]] = {
    "another key": {"signer": EventSigner()},
    "another body": {"sign": b"[]"},
    "older than a day of repeats": {"age": 27 * 3600},
    "of tomorrow": {"age": -3600},
}


@pytest.mark.parametrize("given", REFUSED.values(), ids=REFUSED)
def test_a_forged_one_is_refused_and_nothing_is_written(
    tell: Tell, delivery: int, owner: Any, given: dict[str, Any]
) -> None:
    assert tell(event("delivered"), **given) == 403
    assert status(owner) == "scheduled"
    assert stored(owner, "select count(*) from webhook_events") == 0


def test_a_repeat_within_the_day_is_taken(tell: Tell, delivery: int, owner: Any) -> None:
    assert tell(event("delivered"), age=23 * 3600) == 204
    assert status(owner) == "delivered"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Twilio-Email-Event-Webhook-Signature": "AAAA"},
        {
            "X-Twilio-Email-Event-Webhook-Signature": "é?",
            "X-Twilio-Email-Event-Webhook-Timestamp": "now",
        },
    ],
)
def test_without_a_signature_it_is_refused(
    client: Any, tell: Tell, headers: dict[str, str]
) -> None:
    encoded = {name: value.encode() for name, value in headers.items()}
    answer = client.post("/webhooks/sendgrid/events", content=b"[]", headers=encoded)
    assert (answer.status_code, answer.json()["code"]) == (403, "signature_invalid")


@pytest.mark.parametrize("raw", [b"", b"{}", b"[", b"7", b"[" * 100_000])
def test_what_is_no_list_names_the_body(tell: Tell, raw: bytes) -> None:
    assert tell(raw=raw) == 422


@pytest.mark.parametrize("key", ["", "not a key"])
def test_without_a_key_nothing_is_taken(
    client: Any, tell: Tell, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    settings = client.app.state.careloop.settings.email
    monkeypatch.setattr(settings, "sendgrid_webhook_key", key)
    assert tell(event("delivered")) == 403
