"""Events of an Android phone: signed, fresh and of its own hospital, each stored once.

Seen to fail: `_wrong` answering None (forged and old ones are taken); the establishment left out of
`store_status` (one hospital's phone speaks for another's deliveries); no `twin` (a webhook that was
registered twice stores everything twice); `written_to` answering the named sender (the other SIM's
messages go astray).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select, text

from models.address import Address
from models.message import Message
from tests.android import KEY, PATIENT, android_sender, as_body, event, received, signed
from tests.fixtures import NORTH, SOUTH, owned
from tests.services.deliveries import make

Tell = Callable[..., Any]


@pytest.fixture
def sender(client: Any, owner: Any) -> Iterator[int]:
    with android_sender(owner) as number:
        client.app.state.careloop.directory.forget()
        yield number
    client.app.state.careloop.directory.forget()


@pytest.fixture
def tell(client: Any, sender: int) -> Tell:
    """Posts an event as the phone would, or with something wrong with it."""

    def send(
        told: Any, *, to: object = sender, sign: bytes | None = None, key: str = KEY, age: float = 0
    ) -> Any:
        body = told if isinstance(told, bytes) else as_body(told)
        headers = signed(body if sign is None else sign, key, age)
        return client.post(f"/webhooks/android/{to}", content=body, headers=headers)

    return send


@pytest.fixture
def delivery(database: Any, sender: int) -> int:
    (number,) = make(database, due_in=60)
    return number


def kept(database: Any, establishment: int = NORTH) -> list[tuple[Message, Address | None]]:
    with database.establishment(establishment) as session:
        rows = session.execute(select(Message, Address).outerjoin(Address).order_by(Message.id))
        return [(message, address) for message, address in rows]


def stored(owner: Any, question: str) -> Any:
    with owned(owner) as connection:
        return connection.scalar(text(question))


def status(owner: Any) -> str:
    return str(stored(owner, "select status from deliveries"))


def test_what_a_patient_writes_is_kept(tell: Tell, database: Any, sender: int) -> None:
    assert tell(received("Très gentil 👍")).status_code == 200
    ((message, address),) = kept(database)
    assert (message.body, message.channel, message.provider) == ("Très gentil 👍", "sms", "android")
    assert (message.sender_id, message.handled_at) == (sender, None)
    assert address is not None
    assert address.value == PATIENT


NOW = datetime.now(UTC)
MESSAGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "an older app": ({"sender": None}, {"body": "Bonjour"}),
    "no SIM known": ({"simNumber": None, "recipient": None}, {"body": "Bonjour"}),
    "a SIM that is nobody's": ({"simNumber": 2}, {"body": "Bonjour"}),
    "NUL": ({"message": "a\0b"}, {"body": "a\ufffdb"}),
    "half a sign": ({"message": "a\ud800"}, {"body": "a?"}),
    "only spaces": ({"message": "   "}, {"body": "   "}),
    "no words": ({"message": None}, {"body": ""}),
    "right to left": ({"message": "\u202eشكرا\u202c"}, {"body": "\u202eشكرا\u202c"}),
    "1,600 signs": ({"message": "é" * 1600}, {"body": "é" * 1600}),
    "a company": ({"sender": "MTN", "phoneNumber": "MTN"}, {"written_from": "MTN"}),
    "nobody": ({"sender": "", "phoneNumber": ""}, {"written_from": ""}),
    "a picture's size": ({"size": 125684, "something": {"new": [1]}}, {"media": 0}),
}


@pytest.mark.parametrize(("more", "expected"), MESSAGES.values(), ids=MESSAGES)
def test_what_may_come_in(
    tell: Tell, database: Any, more: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert tell(received(**more)).status_code == 200
    ((message, _),) = kept(database)
    assert {name: getattr(message, name) for name in expected} == expected


def test_a_picture_is_a_message_too(tell: Tell, database: Any) -> None:
    told = received(subject="Photo", size=125684, contentClass="IMAGE_BASIC")
    assert tell(told | {"event": "mms:received"}).status_code == 200
    ((message, _),) = kept(database)
    assert (message.body, message.media) == ("Photo", 1)


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        ((NOW - timedelta(hours=5)).isoformat(), True),  # the phone had no network
        ((NOW - timedelta(days=9)).isoformat(), False),
        ((NOW + timedelta(days=1)).isoformat(), False),
        ("2024-06-22T15:46:11", False),
        ("yesterday", False),
    ],
    ids=["hours ago", "days ago", "tomorrow", "without a zone", "no time"],
)
def test_when_it_came_is_the_phones_word_within_reason(
    tell: Tell, database: Any, told: str, believed: bool
) -> None:
    tell(received(receivedAt=told))
    ((message, _),) = kept(database)
    assert (message.at.isoformat() == told) is believed
    assert believed or abs(message.at - datetime.now(UTC)) < timedelta(minutes=1)


def test_ten_at_once_are_one(tell: Tell, client: Any, database: Any, owner: Any) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: tell(received()).status_code, range(10)))
    assert answers == [200] * 10
    assert len(kept(database)) == 1
    assert stored(owner, "select count(*) from webhook_events") == 1
    assert client.app.state.careloop.door.spooled() == 0


def test_a_webhook_registered_twice_stores_once(tell: Tell, database: Any) -> None:
    at = datetime.now(UTC).isoformat()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: tell(received("1", n, receivedAt=at)), range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len(kept(database)) == 1
    tell(received("1", 5, receivedAt=(datetime.now(UTC) + timedelta(seconds=1)).isoformat()))
    tell(received("2", 6, receivedAt=at))
    assert [message.body for message, _ in kept(database)] == ["1", "1", "2"]


FORGED: dict[str, dict[str, Any]] = {
    "another body": {"sign": as_body(received("Bonsoir"))},
    "another key": {"key": "somebody-else"},
    "nobody's address": {"to": 999_999},
    "a sender that is no phone": {"to": 1},
    "an old one": {"age": 600},
    "one of tomorrow": {"age": -600},
}


@pytest.mark.parametrize("given", FORGED.values(), ids=FORGED)
def test_a_forged_one_is_refused_and_nothing_is_written(
    tell: Tell, delivery: int, database: Any, owner: Any, given: dict[str, Any]
) -> None:
    name, labels = "careloop_webhooks_refused_total", {"provider": "android"}
    before = REGISTRY.get_sample_value(name, labels) or 0
    expected = "signature_expired" if "age" in given else "signature_invalid"
    for told in (received(), event("sms:delivered"), event("system:ping")):
        answer = tell(told, **given)
        assert (answer.status_code, answer.json()["code"]) == (403, expected)
    assert REGISTRY.get_sample_value(name, labels) == before + 3
    assert kept(database) == []
    assert (status(owner), stored(owner, "select count(*) from webhook_events")) == ("scheduled", 0)


NO_SIGNATURE = ({}, {"X-Timestamp": ""}, {"X-Timestamp": "٣"}, {"X-Signature": "é"})


def test_what_is_not_signed_at_all(client: Any, sender: int) -> None:
    for headers in NO_SIGNATURE:
        given = {name: value.encode() for name, value in headers.items()}
        answer = client.post(f"/webhooks/android/{sender}", content=b"{}", headers=given)
        assert answer.status_code == 403, headers


def test_what_is_signed_and_no_event_is_told_so(tell: Tell, database: Any) -> None:
    for body in (b"", b"[]", b"{", b'{"id": "1"}', b'{"id": "\xff"}', b"[" * 9999):
        answer = tell(body)
        assert (answer.status_code, answer.json()["code"]) == (422, "json_invalid"), body
    assert kept(database) == []


def test_what_else_a_phone_tells_is_acknowledged(tell: Tell, database: Any) -> None:
    for kind in ("system:ping", "app:started", "sms:data-received", "sms:dreamt"):
        assert tell(event(kind)).status_code == 200
    assert kept(database) == []


NO_SERVICE = "Send result: RESULT_ERROR_NO_SERVICE (Failed because service is unavailable)"
GENERIC = "Send result: RESULT_ERROR_GENERIC_FAILURE (Generic failure cause)"
STORIES: dict[str, tuple[list[dict[str, Any]], str, str | None]] = {
    "sent": ([event("sms:sent", partsCount=1)], "sent", None),
    "delivered": ([event("sms:sent"), event("sms:delivered", 2)], "delivered", None),
    "each part": ([event("sms:delivered", n) for n in range(3)], "delivered", None),
    "the wrong way round": ([event("sms:delivered", 2), event("sms:sent")], "delivered", None),
    "failed on the phone": ([event("sms:failed", reason=GENERIC)], "failed", "generic_failure"),
    "not delivered": (
        [event("sms:sent"), event("sms:failed", 2, reason="Delivery result from SC +2376: 70")],
        "undelivered",
        "report_70",
    ),
    "taken back by hand": ([event("sms:cancelled")], "failed", None),
    "failed too late": ([event("sms:delivered"), event("sms:failed", 2)], "delivered", None),
}


@pytest.mark.parametrize(("told", "state", "code"), STORIES.values(), ids=STORIES)
def test_what_became_of_a_message(
    tell: Tell, delivery: int, owner: Any, told: list[Any], state: str, code: str | None
) -> None:
    for one in told:
        assert tell(one).status_code == 200
    assert (status(owner), stored(owner, "select error_code from deliveries")) == (state, code)
    assert stored(owner, "select provider || ' ' || provider_id from messages") == "android 1.1"


def test_ten_times_the_same_status_is_one(tell: Tell, delivery: int, owner: Any) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: tell(event("sms:sent")).status_code, range(10)))
    assert answers == [200] * 10
    assert stored(owner, "select count(*) from webhook_events") == 1
    assert stored(owner, "select count(*) from delivery_events where status = 'sent'") == 1


NOT_OURS = ("", "x", "PyDmBQZZXYmyxMwED8Fzy", "1.99", f"{SOUTH}.1", "1.1.1.1", None)


def test_a_message_that_is_none_of_ours_is_acknowledged(
    tell: Tell, delivery: int, owner: Any
) -> None:
    for number, reference in enumerate(NOT_OURS):
        told = event("sms:delivered", number, messageId=reference)
        assert tell(told).status_code == 200, reference
    assert status(owner) == "scheduled"


def test_a_phone_speaks_for_its_own_hospital_only(
    tell: Tell, delivery: int, client: Any, owner: Any
) -> None:
    """With a key that is good, for a delivery that is there."""
    with android_sender(owner, establishment=SOUTH, number="+237690000002") as southern:
        client.app.state.careloop.directory.forget()
        assert tell(event("sms:delivered"), to=southern).status_code == 200
    assert status(owner) == "scheduled"


def test_a_phone_with_two_sims_is_two_senders(
    tell: Tell, client: Any, owner: Any, database: Any, sender: int
) -> None:
    with (
        android_sender(owner, number="+237690000003", url="http://10.0.0.3", sim=1) as first,
        android_sender(owner, number="+237690000004", url="http://10.0.0.3", sim=2) as second,
    ):
        client.app.state.careloop.directory.forget()
        for number, sim in enumerate((1, 2, 3, None)):
            told = received(f"SIM {sim}", number, simNumber=sim)
            assert tell(told, to=first).status_code == 200
        assert [message.sender_id for message, _ in kept(database)] == [first, second, first, first]


def test_without_a_database_it_waits_on_the_disk(
    tell: Tell, client: Any, database: Any, owner: Any, delivery: int, no_database: Any
) -> None:
    assert tell(event("system:ping")).status_code == 200  # the phone is known
    with no_database():
        for number in range(2):
            assert tell(received(f"Message {number}", number)).status_code == 200
        assert tell(event("sms:delivered", 9)).status_code == 200
        assert tell(received(), key="somebody-else").status_code == 403
        client.app.state.careloop.directory.forget()  # as a process that was started just now
        assert tell(received("Message 2", 2)).status_code == 503  # the phone repeats it
    assert tell(received("Message 2", 2)).status_code == 200
    door = client.app.state.careloop.door
    while door.spooled():
        door.drain()
    bodies = [message.body for message, _ in kept(database) if message.direction == "in"]
    assert bodies == ["Message 0", "Message 1", "Message 2"]
    assert status(owner) == "delivered"
