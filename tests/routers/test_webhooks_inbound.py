"""What patients write: each message once, kept as it was written, with whoever wrote it.

One harness, a table of what may come in.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from prometheus_client import REGISTRY
from redis import Redis
from sqlalchemy import select, text
from twilio.request_validator import RequestValidator

from config.settings import get_settings
from models.address import Address
from models.establishment import Sender
from models.message import Message
from tests.fixtures import NORTH

PHONE = "+237650000001"
SID = "SM" + "a" * 32
Receive = Callable[..., Any]


@pytest.fixture
def receive(client: Any) -> Receive:
    """Posts a message as Twilio would; `sign` is what is signed in its place, `token` by whom."""

    def send(sign: dict[str, str] | None = None, token: str | None = None, **more: str) -> Any:
        settings = get_settings()
        fields = {
            "MessageSid": SID,
            "AccountSid": settings.twilio.account_sid,
            "From": PHONE,
            "To": settings.twilio.phone_number,
            "Body": "Bonjour",
            "NumMedia": "0",
        } | more
        url = f"{settings.web.base_url}/webhooks/twilio/sms"
        token = token or settings.twilio.auth_token.get_secret_value()
        signature = RequestValidator(token).compute_signature(url, sign or fields)
        headers = {"X-Twilio-Signature": signature}
        return client.post("/webhooks/twilio/sms", data=fields, headers=headers)

    return send


def kept(database: Any, establishment_id: int = NORTH) -> list[tuple[Message, Address | None]]:
    """What is stored, in order, with who wrote it."""
    with database.establishment(establishment_id) as session:
        rows = session.execute(select(Message, Address).outerjoin(Address).order_by(Message.id))
        return [(message, address) for message, address in rows]


def counted(database: Any, table: str) -> int:
    with database.establishment(NORTH) as session:
        found: int = session.scalar(text(f"select count(*) from {table}"))
        return found


BODIES = {
    "1,600 characters": "é" * 1600,
    "emoji": "👍🏾 merci 😍",
    "right to left": "\u202eشكرا\u202c",
    "only spaces": "   ",
    "nothing": "",
    "line breaks": "un\r\ndeux\n",
    "a formula": "=HYPERLINK(1)",
    "plus and percent": "1+1=2 %41 &To=+1",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_text_is_kept_as_it_was_written(receive: Receive, database: Any, body: str) -> None:
    answer = receive(Body=body)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert answer.text == '<?xml version="1.0" encoding="UTF-8"?><Response />'
    ((message, address),) = kept(database)
    assert message.body == body
    assert (message.direction, message.channel, message.provider_id) == ("in", "sms", SID)
    assert address is not None
    assert (address.value, address.kind) == (PHONE, "phone")
    assert message.handled_at is None


def test_what_cannot_be_kept_is_marked(receive: Receive, database: Any) -> None:
    assert receive(Body="a\0b").status_code == 200
    ((message, _),) = kept(database)
    assert message.body == "a\ufffdb"


WRITERS = {
    "another country": ("+33612345678", "+33612345678"),
    "a number newer than our tables": ("+237599999999", "+237599999999"),
    "a short code": ("8080", None),
    "a company's name": ("MTN-Promo", None),
    "nobody": ("", None),
    "too many digits": ("+1" + "5" * 20, None),
    "an address": ("client:anna", None),
    "a very long name": ("x" * 300, None),
}


@pytest.mark.parametrize(("written", "number"), WRITERS.values(), ids=WRITERS)
def test_who_wrote_is_kept(
    receive: Receive, database: Any, written: str, number: str | None
) -> None:
    assert receive(From=written).status_code == 200
    ((message, address),) = kept(database)
    if number is None:
        assert address is None
        assert message.written_from == written[:64]
    else:
        assert address is not None
        assert (address.value, message.written_from) == (number, None)


MORE = {
    "media": ({"NumMedia": "3", "MediaUrl0": "https://example/1"}, {"media": 3}),
    "media that is no number": ({"NumMedia": "many"}, {"media": 0}),
    "more media than there is": ({"NumMedia": "9999"}, {"media": 100}),
    "a stop": ({"OptOutType": "STOP"}, {"opt_out_type": "STOP"}),
    "help": ({"OptOutType": "HELP"}, {"opt_out_type": "HELP"}),
    "a word that is none": ({"OptOutType": "MAYBE"}, {"opt_out_type": None}),
    "a parameter of next year": ({"SomethingNew": "2027"}, {"body": "Bonjour"}),
}


@pytest.mark.parametrize(("given", "expected"), MORE.values(), ids=MORE)
def test_what_else_is_said(
    receive: Receive, database: Any, given: dict[str, str], expected: dict[str, Any]
) -> None:
    assert receive(**given).status_code == 200
    ((message, _),) = kept(database)
    assert {name: getattr(message, name) for name in expected} == expected


def test_what_the_carrier_stopped_is_stopped_with_the_message(
    receive: Receive, database: Any
) -> None:
    receive(OptOutType="STOP", Body="STOP")
    ((_, address),) = kept(database)
    assert address is not None
    assert (address.opted_out_at is None, address.opt_out_cause) == (False, "carrier")


@pytest.mark.parametrize("kind", ["START", "HELP"])
def test_nothing_but_a_stop_changes_the_address(receive: Receive, database: Any, kind: str) -> None:
    receive(OptOutType="STOP", MessageSid="SM1")
    receive(OptOutType=kind, MessageSid="SM2")
    (_, address) = kept(database)[-1]
    assert address is not None
    assert address.opted_out_at is not None  # lifted where it is heard


def test_whatsapp_comes_the_same_way(receive: Receive, database: Any) -> None:
    number = get_settings().twilio.phone_number
    assert receive(From=f"whatsapp:{PHONE}", To=f"whatsapp:{number}").status_code == 200
    ((message, address),) = kept(database)
    assert message.channel == "whatsapp"
    assert address is not None
    assert address.value == PHONE


def test_ten_at_once_are_one(receive: Receive, client: Any, database: Any) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = [one.status_code for one in pool.map(lambda _: receive(), range(10))]
    assert answers == [200] * 10
    assert len(kept(database)) == 1
    assert counted(database, "addresses") == 1
    assert counted(database, "webhook_events") == 1
    assert client.app.state.careloop.door.spooled() == 0  # each was known, none was refused


def test_it_is_handed_over_to_be_heard_once(receive: Receive, database: Any, redis: Redis) -> None:
    for _ in range(3):
        receive()
    ((message, _),) = kept(database)
    (key,) = redis.lrange("rq:queue:careloop", 0, -1)
    job = redis.hgetall(f"rq:job:{key.decode()}")
    assert job[b"description"] == b"workers.conversation.hear"
    assert message.id == 1


REFUSED = {
    "another body": {"sign": {"MessageSid": SID, "Body": "Bonsoir"}},
    "another token": {"token": "somebody-else"},
    "nothing signed": {"sign": {"": ""}},
}


@pytest.mark.parametrize("given", REFUSED.values(), ids=REFUSED)
def test_a_forged_one_is_refused_and_nothing_is_written(
    receive: Receive, database: Any, given: dict[str, Any]
) -> None:
    def refused() -> float:
        return (
            REGISTRY.get_sample_value("careloop_webhooks_refused_total", {"provider": "twilio"})
            or 0
        )

    before = refused()
    answer = receive(**given)
    assert (answer.status_code, answer.json()["code"]) == (403, "signature_invalid")
    assert refused() == before + 1
    for table in ("messages", "addresses", "webhook_events"):
        assert counted(database, table) == 0


def test_another_hospitals_account_signs_nothing_that_is_told_of_ours(
    client: Any, database: Any, owner: Any
) -> None:
    """Its own account speaks for its own number, whatever else the address says."""
    token, theirs = "b" * 32, "+15005550007"
    own = {"account_sid": "AC" + "2" * 32, "auth_token": token}
    with database.establishment(2) as session:
        sender = session.scalars(select(Sender).where(Sender.address == theirs)).first()
        sender.credentials = own
    client.app.state.careloop.directory.forget()
    settings = get_settings()
    ours = str(settings.twilio.phone_number)
    try:
        for to, status in ((theirs, 200), (ours, 403)):
            for query in ("", "?delivery=2.1.1"):
                fields = {"MessageSid": SID, "From": theirs, "To": to, "Body": "STOP"}
                path = f"/webhooks/twilio/sms{query}"
                url = f"{settings.web.base_url}{path}"
                signature = RequestValidator(token).compute_signature(url, fields)
                headers = {"X-Twilio-Signature": signature}
                answer = client.post(path, data=fields, headers=headers)
                assert answer.status_code == status, (to, query)
    finally:
        with owner.begin() as connection:
            connection.execute(
                text("update shared.senders set credentials = null where address = :a"),
                {"a": theirs},
            )
        client.app.state.careloop.directory.forget()
    assert kept(database) == []


LED_NOWHERE = {
    "a number that is nobody's": {"To": "+15005559999"},
    "no number": {"To": ""},
    "no id": {"MessageSid": ""},
}


@pytest.mark.parametrize("given", LED_NOWHERE.values(), ids=LED_NOWHERE)
def test_what_leads_nowhere_is_acknowledged(
    receive: Receive, database: Any, given: dict[str, str]
) -> None:
    assert receive(**given).status_code == 200
    assert kept(database) == []


def test_a_number_that_is_out_of_use_still_takes_in(
    receive: Receive, database: Any, owner: Any, client: Any
) -> None:
    with owner.begin() as connection:
        connection.execute(text("update shared.senders set active = false where channel = 'sms'"))
    client.app.state.careloop.directory.forget()
    assert receive().status_code == 200
    assert len(kept(database)) == 1
