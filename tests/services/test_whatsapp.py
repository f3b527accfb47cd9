"""WhatsApp goes out only inside a conversation: the window, and a whole one over the carrier.

Seen to fail: `out_of_conversation` taken out of `_held`; `m.sender_id = r.sender_id` and the time
out of `_LOCK`; the channel left out of `_fitting`; `bare` answering its argument; `_own_token`
answering None; `media_of` answering the settings' account.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from models.delivery import Delivery
from models.delivery import DeliveryStatus as S
from models.message import Message
from models.reminder import Purpose, Reminder
from models.voice_message import VoiceMessage
from services.contact.address import address_for
from services.conversation.reply import reply
from tests.conversation.phrases import PHRASES
from tests.fixtures import NORTH
from tests.services.deliveries import FakeSender, begin, causes, claim, delivery, make
from tests.simulator.simulator_harness import NUMBER, PHONE, SID, TOKEN, Simulator, eventually
from tests.simulator.simulator_service import Received, Service
from utils.audio_telephone import wav

OTHER = "+237690000009"
CAUSE = "no WhatsApp message from them in a day"


@pytest.fixture
def numbers(database: Any, owner: Any) -> Iterator[tuple[int, int]]:
    """Two numbers of the northern hospital on WhatsApp."""
    from workers.context import get_context

    with owner.begin() as connection:
        made = [
            connection.scalar(
                text(
                    "insert into shared.senders (establishment_id, channel, address, provider,"
                    " can_receive, gives_receipts) values"
                    " (1, 'whatsapp', :address, 'twilio', true, false) returning id"
                ),
                {"address": address},
            )
            for address in (NUMBER, OTHER)
        ]
    get_context().directory.forget()
    yield made[0], made[1]
    with owner.begin() as connection:
        connection.execute(text("delete from shared.senders where id = any(:made)"), {"made": made})
    get_context().directory.forget()


def wrote(database: Any, phone: str, sender_id: int, ago: timedelta, channel: str) -> None:
    with database.establishment(NORTH) as session:
        session.add(
            Message(
                direction="in",
                channel=channel,
                provider="twilio",
                provider_id=f"SM{uuid4().hex}",
                address_id=address_for(session, "phone", phone).id,
                sender_id=sender_id,
                body="Bonjour",
                at=session.now() - ago,
                handled_at=session.now(),
            )
        )


def test_only_the_number_that_was_written_to_answers_and_only_for_a_day(
    database: Any, numbers: tuple[int, int]
) -> None:
    from workers.context import get_context

    ours, another = numbers
    hour, day = timedelta(hours=1), timedelta(hours=24)
    cases = {
        "an hour ago": [(ours, hour, "whatsapp")],
        "long ago, and again": [(ours, 9 * day, "whatsapp"), (ours, 23 * hour, "whatsapp")],
        "never": [],
        "a day ago": [(ours, day, "whatsapp")],
        "so late that the answer would come too late": [
            (ours, day - timedelta(seconds=30), "whatsapp")
        ],
        "to another number of ours": [(another, hour, "whatsapp")],
        "by SMS": [(ours, hour, "sms")],
    }
    made = {}
    for place, (case, written) in enumerate(cases.items()):
        phone = f"+23765000010{place}"
        for sender_id, ago, channel in written:
            wrote(database, phone, sender_id, ago, channel)
        (made[case],) = make(
            database, channels=["whatsapp"], phone=phone, sender_id=ours, purpose=Purpose.reply
        )
    claim(database)
    from services.dispatch import Routes

    routes = Routes(get_context().directory.senders(NORTH))
    went = {one.delivery_id: one for one in begin(database, list(made.values()), routes=routes)}
    assert set(went) == {made["an hour ago"], made["long ago, and again"]}
    assert {one.sender_id for one in went.values()} == {ours}
    for case in list(cases)[2:]:
        assert delivery(database, made[case]).status == S.failed, case
        assert causes(database, made[case])[-1] == CAUSE


def test_no_other_number_stands_in_for_the_one_that_was_written_to(
    database: Any, numbers: tuple[int, int], owner: Any
) -> None:
    """Out of use, it leaves its patients without an answer, visibly: another would be refused."""
    from workers.context import get_context
    from workers.delivery import finish, send

    ours, _ = numbers
    context = get_context()
    stand_in = context.senders["whatsapp", OTHER] = FakeSender()
    with owner.begin() as connection:
        connection.execute(
            text("update shared.senders set active = false where id = :n"), {"n": ours}
        )
    context.directory.forget()
    wrote(database, PHONE, ours, timedelta(hours=1), "whatsapp")
    (number,) = make(
        database, channels=["whatsapp"], phone=PHONE, sender_id=ours, purpose=Purpose.reply
    )
    send(NORTH, list(claim(database).to_send))
    finish()
    context.senders.pop(("whatsapp", OTHER))
    found = delivery(database, number)
    assert (found.status, found.error_code, stand_in.given) == (S.failed, "no_sender", [])


@pytest.fixture
def carry(
    client: Any, simulator: Simulator, service: Service, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[Any]]:
    """Brings what the carrier told the stand-in of the service to the service itself."""
    from config.settings import get_settings

    settings = get_settings()
    monkeypatch.setattr(settings.twilio, "api_url", simulator.base)
    monkeypatch.setattr(settings.web, "public_url", service.url(""))
    number = {"value": NUMBER, "sms_url": service.url("/webhooks/twilio/sms")}
    assert simulator.http.put("/simulator/numbers", json=[number]).status_code == 200
    brought: list[Received] = []

    def bring(path: str, **headers: str) -> list[Any]:
        new = [one for one in service.at(f"/webhooks/twilio/{path}") if one not in brought]
        brought.extend(new)
        return [
            client.post(
                f"{one.path}?{urlsplit(one.url).query}",
                content=urlencode(one.form),
                headers={
                    "Content-Type": "application/x-www-form-urlencoded",
                    "X-Twilio-Signature": one.headers["X-Twilio-Signature"],
                }
                | headers,
            )
            for one in new
        ]

    return bring


def test_a_conversation_from_the_first_word_to_the_end_of_its_window(
    client: Any, log_in: Any, database: Any, owner: Any, simulator: Simulator,
    carry: Callable[..., list[Any]],
) -> None:  # fmt: skip
    """By an account that the hospital has of its own, which alone may sign what it tells."""
    from workers.context import get_context
    from workers.conversation import hear
    from workers.delivery import finish, send
    from workers.voice_message import fetch as fetch_voice

    admin = log_in("admin@north")
    body = {"channel": "whatsapp", "address": NUMBER, "label": "WhatsApp"}
    body |= {"credentials": {"account_sid": SID, "auth_token": TOKEN}}
    made = client.post("/api/v1/senders", json=body, headers=admin)
    assert made.status_code == 201, made.text
    context = get_context()
    written = {"from": f"whatsapp:{PHONE}", "to": f"whatsapp:{NUMBER}"}

    def says(words: str) -> None:
        simulator.post("inbound/sms", written | {"body": words})
        assert [answer.status_code for answer in carry("sms")] == [200]
        with database.establishment(NORTH) as session:
            unheard = session.scalars(select(Message.id).where(Message.handled_at.is_(None))).all()
        hear(NORTH, list(unheard))

    def answered() -> list[dict[str, Any]]:
        context.directory.forget()
        send(NORTH, list(claim(database).to_send))
        finish()
        return [
            one
            for one in simulator.ledger(channel="whatsapp")
            if one["direction"] == "outbound-api"
        ]

    try:
        simulator.post("inbound/sms", written | {"body": "forged"})
        (forged,) = carry("sms", **{"X-Twilio-Signature": "x"})
        assert forged.status_code == 403
        says("Bon service")
        (question,) = answered()
        assert (question["from"], question["to"]) == (written["to"], written["from"])
        assert question["body"].startswith(PHRASES["RATING"][0].removesuffix("…"))
        eventually(lambda: simulator.entry(question["id"])["state"] == "delivered")
        eventually(lambda: carry("status") and _status(database) == S.delivered)
        assert client.get(f"/api/v1/senders/{made.json()['id']}", headers=admin).json()[
            "gives_receipts"
        ]
        says("4")
        assert len(answered()) == 2
        spoken = {"content_type": "audio/wav", "data": b64encode(wav(b"\x10\x20" * 800)).decode()}
        simulator.post("inbound/sms", written | {"body": "", "media": [spoken]})
        carry("sms")
        fetch_voice(NORTH, [1])
        with database.establishment(NORTH) as session:
            voice = session.scalars(select(VoiceMessage)).one()
            assert (voice.fetched_at is None, voice.deleted_at is None) == (False, False)
        with owner.begin() as connection:
            connection.execute(text("update est_1.messages set at = at - interval '1 day'"))
        with database.establishment(NORTH) as session:
            said = reply(
                session,
                address=address_for(session, "phone", PHONE),
                sender_id=made.json()["id"],
                text="Trop tard",
                language="fra",
                channel="whatsapp",
            )
        assert len(answered()) == 2
        trace = client.get(f"/api/v1/reminders/{said.id}", headers=admin).json()
        assert (trace["status"], trace["deliveries"][0]["status"]) == ("failed", "failed")
        assert trace["deliveries"][0]["events"][-1]["cause"] == CAUSE
    finally:
        with owner.begin() as connection:
            connection.execute(text("delete from shared.senders where channel = 'whatsapp'"))
        context.directory.forget()


def _status(database: Any) -> str:
    with database.establishment(NORTH) as session:
        last = select(Delivery.status).join(Reminder, Reminder.id == Delivery.reminder_id)
        return str(session.scalars(last.order_by(Delivery.id.desc())).first())


def test_staff_cannot_begin_a_conversation(client: Any, staff: Any) -> None:
    body = {"message": "Rappel", "language": "fr", "phone_number": PHONE}
    body |= {"scheduled_time": "2030-01-01T10:00:00Z"}
    answer = client.post("/api/v1/reminders", json=body | {"channels": ["whatsapp"]}, headers=staff)
    assert answer.status_code == 422
    assert answer.json()["field"] == "channels"
    assert "only as a reply" in answer.json()["detail"]
