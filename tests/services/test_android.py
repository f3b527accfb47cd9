"""Whole ways through a phone: worker, client, simulated phone, its signed events and the engine.

Only the sockets of the API are left out: what the phone tells is handed on to the application as it
was signed. Seen to fail: without `ByReference` in `workers.delivery._ask` (an unknown is never
settled); without the code's table (`no_service` uses the message up); with Twilio for `provider_of`
(what a phone says when it is asked is another's word); with `sent` no proof that a phone works (it
stays shut out); without `android` among `ASKABLE` (a lost receipt is never asked for).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from models.delivery import DeliveryStatus as S
from models.establishment import Sender
from models.message import Message
from tests.android import (
    KEY,
    NUMBER,
    PASSWORD,
    PATIENT,
    android_sender,
    as_body,
    event,
    signed,
)
from tests.fixtures import NORTH, owned
from tests.services.deliveries import (
    FakeSender,
    ask_now,
    causes,
    claim,
    delivery,
    make,
    states,
    tasks,
)
from tests.simulator.simulator_harness import Simulator, eventually
from tests.simulator.simulator_service import Service


@dataclass
class Ward:
    """The phone in the ward, the hospital's sender that it is, and all around it."""

    database: Any
    client: Any
    simulator: Simulator
    service: Service
    sender: int
    owner: Any
    told: int = field(default=0)

    def run(self) -> None:
        """What scheduler and worker do with what is due."""
        from workers.context import get_context
        from workers.delivery import finish, send

        get_context().directory.forget()
        ready = claim(self.database).to_send
        send(NORTH, list(ready))
        finish()

    def relay(self, *events: str) -> None:
        """Wait for the phone's next events, in any order, and hand them to the application."""
        wanted = self.told + len(events)
        requests = eventually(
            lambda: found if len(found := self.service.at("/phone")) >= wanted else None
        )[self.told : wanted]
        for request in requests:
            answer = self.client.post(
                f"/webhooks/android/{self.sender}", content=request.body, headers=request.headers
            )
            assert answer.status_code == 200, answer.text
        assert sorted(json.loads(request.body)["event"] for request in requests) == sorted(events)
        self.told = wanted

    def writes(self, body: str) -> None:
        """A patient texts the phone, and that is heard."""
        from workers.conversation import hear

        self.simulator.post("inbound/sms", {"from": PATIENT, "to": NUMBER, "body": body})
        self.relay("sms:received")
        with self.database.establishment(NORTH) as session:
            unheard = select(Message.id).where(Message.handled_at.is_(None))
            ids = list(session.scalars(unheard.where(Message.direction == "in")))
        hear(NORTH, ids)

    def texts(self) -> list[str]:
        """What went out from the phone, the oldest first."""
        entries = self.simulator.ledger(channel="sms")
        assert {entry["from"] for entry in entries if entry["direction"] != "inbound"} <= {NUMBER}
        return [entry["body"] for entry in entries if entry["direction"] != "inbound"]

    def reconcile(self, number: int, *, ago: float = 100) -> None:
        """Ask about a delivery that was attempted so many seconds ago."""
        from workers.delivery import reconcile

        with owned(self.owner) as connection:
            for statement in (
                "update deliveries set attempted_at = now() - :ago where id = :number",
                "update delivery_events set at = now() - :ago where delivery_id = :number",
            ):
                aged = {"ago": timedelta(seconds=ago), "number": number}
                connection.execute(text(statement), aged)
        reconcile(NORTH, [number])

    def row(self) -> Sender:
        with self.database.service() as session:
            found: Sender = session.get_one(Sender, self.sender)
            return found

    def status(self, number: int) -> S:
        return delivery(self.database, number).status


@pytest.fixture
def ward(
    database: Any, client: Any, owner: Any, simulator: Simulator, service: Service
) -> Iterator[Ward]:
    from workers.context import get_context

    wired = {"name": "ward", "number": NUMBER, "password": PASSWORD, "signing_key": KEY}
    wired |= {"webhook": service.url("/phone")}
    assert simulator.http.put("/simulator/phones", json=[wired]).status_code == 200
    with ExitStack() as stack:
        url = f"{simulator.base}/phones/ward"
        sender = stack.enter_context(android_sender(owner, url=url))
        for directory in (get_context().directory, client.app.state.careloop.directory):
            directory.forget()
            stack.callback(directory.forget)
        yield Ward(database, client, simulator, service, sender, owner)


def test_a_reminder_its_receipt_the_answer_and_the_reply(ward: Ward) -> None:
    (number,) = make(ward.database, expects_reply=True, message="Rappel : demain à 10 h")
    ward.run()
    assert delivery(ward.database, number).provider == "android"
    ward.relay("sms:sent", "sms:delivered")
    assert ward.status(number) == S.delivered
    assert ward.row().gives_receipts
    ward.writes("1")
    ward.run()
    asked, thanked = ward.texts()
    assert asked.startswith("Rappel : demain à 10 h\nRépondez 1")
    assert thanked.startswith("Merci, c'est noté")
    assert delivery(ward.database, number).reply == "confirmed"
    assert delivery(ward.database, number + 1).sender_id == ward.sender


def test_the_database_holds_no_secret_of_a_phone(ward: Ward, owner: Any) -> None:
    with owner.begin() as connection:
        kept = connection.scalar(text("select credentials from shared.senders where priority = 1"))
    assert bytes(kept)
    assert all(word.encode() not in bytes(kept) for word in (KEY, PASSWORD, "127.0.0.1"))


@dataclass
class Day:
    """How the phone behaves at first, what is then known, and what it holds in the end."""

    faults: list[dict[str, Any]]
    at_once: S
    asked: S
    copies: int = 1


CREATE = {"on": "phone.create"}
READ = {"on": "phone.read"}
DAYS = {
    "nothing wrong": Day([], S.sent, S.sent),
    "cut once, not taken": Day([CREATE | {"kind": "drop", "times": 1}], S.sent, S.sent),
    "cut once, taken": Day([CREATE | {"kind": "accept_then_drop", "times": 1}], S.sent, S.sent),
    "cut, not taken": Day([CREATE | {"kind": "drop", "times": 2}], S.unknown, S.sent),
    "cut, taken": Day([CREATE | {"kind": "accept_then_drop"}], S.unknown, S.sent),
    "broken, not taken": Day(
        [CREATE | {"kind": "status", "status": 500, "times": 1}], S.unknown, S.sent
    ),
    "broken, taken": Day(
        [CREATE | {"kind": "status", "status": 500, "after_accept": True}], S.unknown, S.sent
    ),
    "taken, and cannot be asked": Day(
        [CREATE | {"kind": "accept_then_drop"}, READ | {"kind": "drop"}], S.unknown, S.unknown
    ),
    "not taken, and the list is broken": Day(
        [CREATE | {"kind": "drop"}, {"on": "phone.list", "kind": "drop"}], S.unknown, S.unknown, 0
    ),
    "too fast": Day(
        [CREATE | {"kind": "status", "status": 429, "times": 1}], S.scheduled, S.scheduled, 0
    ),
    "refused": Day([CREATE | {"kind": "status", "status": 400}], S.failed, S.failed, 0),
}


@pytest.mark.parametrize("day", DAYS.values(), ids=DAYS)
def test_bad_days_send_nothing_twice_and_lose_nothing(ward: Ward, day: Day) -> None:
    ward.simulator.behave(faults=day.faults, queued_ms=60_000)
    (number,) = make(ward.database)
    ward.run()
    assert ward.status(number) == day.at_once
    if day.at_once == S.unknown:
        ward.reconcile(number)
        if ward.status(number) == S.scheduled:  # surely not taken: once more
            ward.run()
    assert ward.status(number) == day.asked
    assert len(ward.texts()) == day.copies
    assert ("unknown_delivery", number) not in tasks(ward.database)


def test_an_unknown_that_may_be_on_its_way_waits(ward: Ward) -> None:
    """The phone has nothing of it yet: that proves nothing before the time is over."""
    ward.simulator.behave(faults=[CREATE | {"kind": "drop"}])
    (number,) = make(ward.database)
    ward.run()
    ward.reconcile(number, ago=20)
    assert ward.status(number) == S.unknown


@pytest.mark.parametrize("count", [1, 6])
def test_a_lost_receipt_is_asked_for(ward: Ward, count: int) -> None:
    """One by one, or by the phone's list."""
    from workers.receipt import ask

    ward.simulator.behave(callbacks={"mode": "never"})
    numbers = make(ward.database, count)
    ward.run()
    eventually(lambda: all(one["state"] == "Delivered" for one in ward.simulator.ledger()))
    ask_now(ward.database, *numbers)
    assert len(claim(ward.database).to_ask) == count
    ask(NORTH, numbers)
    assert {ward.status(number) for number in numbers} == {S.delivered}


def test_a_receipt_that_was_asked_for_is_the_phones(ward: Ward, owner: Any) -> None:
    from workers.receipt import ask

    with owner.begin() as connection:
        connection.execute(text("update shared.senders set gives_receipts = false"))
    ward.simulator.behave(callbacks={"mode": "never"})
    (number,) = make(ward.database)
    ward.run()
    eventually(lambda: all(one["state"] == "Delivered" for one in ward.simulator.ledger()))
    ask_now(ward.database, number)
    claim(ward.database)
    ask(NORTH, [number])
    found = delivery(ward.database, number)
    assert (found.status, found.provider) == (S.delivered, "android")
    assert ward.row().gives_receipts
    with ward.database.establishment(NORTH) as session:
        passages = session.scalars(
            select(Message.provider).where(Message.delivery_id == number)
        ).all()
    assert passages == ["android"]  # one message passed, not another one by Twilio


def test_an_unknown_that_the_phone_has_is_the_phones(ward: Ward) -> None:
    ward.simulator.behave(faults=[CREATE | {"kind": "accept_then_drop"}], queued_ms=60_000)
    (number,) = make(ward.database)
    ward.run()
    ward.reconcile(number)
    found = delivery(ward.database, number)
    assert (found.status, found.provider) == (S.sent, "android")


@pytest.fixture
def twilio(ward: Ward) -> Iterator[FakeSender]:
    """The hospital's other sender, which keeps what it is given."""
    from workers.context import get_context

    context = get_context()
    (row,) = [one for one in context.directory.senders(NORTH).on("sms") if one.id != ward.sender]
    fake = FakeSender()
    context.senders[row.channel, row.address] = fake
    yield fake
    context.senders.pop((row.channel, row.address), None)


NO_SERVICE = "Send result: RESULT_ERROR_NO_SERVICE (Failed because service is unavailable)"


def test_a_phone_without_a_network_makes_way_and_comes_back(
    ward: Ward, twilio: FakeSender, database: Any
) -> None:
    ward.simulator.behave(outcome="failed", reason=NO_SERVICE)
    (number,) = make(database)
    ward.run()
    ward.relay("sms:failed")
    assert (ward.status(number), ward.row().suspended_code) == (S.scheduled, "no_service")
    make_due(database, number)
    ward.run()
    assert [given.attempt for given in twilio.given] == [2]  # the other sender took over
    ward.simulator.behave()
    age_suspension(database)
    (probe,) = make(database)
    ward.run()
    ward.relay("sms:sent")
    assert ward.row().suspended_at is None
    assert [ward.status(one) for one in (number, probe)] == [S.sent, S.sent]
    assert "given back by the carrier" in causes(database, number)


def test_a_phone_without_a_network_that_was_asked_makes_way(ward: Ward) -> None:
    """Its event was lost: the same word, asked for, means the same."""
    from workers.receipt import ask

    ward.simulator.behave(outcome="failed", reason=NO_SERVICE, callbacks={"mode": "never"})
    (number,) = make(ward.database)
    ward.run()
    eventually(lambda: all(one["state"] == "Failed" for one in ward.simulator.ledger()))
    ask_now(ward.database, number)
    claim(ward.database)
    ask(NORTH, [number])
    assert (ward.status(number), ward.row().suspended_code) == (S.scheduled, "no_service")
    assert delivery(ward.database, number).provider == "android"


def test_an_unknown_that_failed_without_a_network_makes_way(ward: Ward) -> None:
    ward.simulator.behave(
        faults=[CREATE | {"kind": "accept_then_drop"}],
        outcome="failed",
        reason=NO_SERVICE,
        callbacks={"mode": "never"},
    )
    (number,) = make(ward.database)
    ward.run()
    assert ward.status(number) == S.unknown
    eventually(lambda: all(one["state"] == "Failed" for one in ward.simulator.ledger()))
    ward.reconcile(number)
    assert (ward.status(number), ward.row().suspended_code) == (S.scheduled, "no_service")


def test_what_failed_on_the_phone_goes_out_from_it_again(ward: Ward, database: Any) -> None:
    """Where there is no other sender: under another id, and once."""
    with database.service() as session:
        session.execute(
            text("update shared.senders set active = false where id <> :id"), {"id": ward.sender}
        )
    ward.simulator.behave(outcome="failed", reason=NO_SERVICE)
    (number,) = make(database)
    ward.run()
    ward.relay("sms:failed")
    ward.simulator.behave()
    age_suspension(database)
    make_due(database, number)
    ward.run()
    ward.relay("sms:sent", "sms:delivered")
    assert ward.status(number) == S.delivered
    ids = [entry["extra"]["message_id"] for entry in ward.simulator.ledger()]
    assert ids == [f"{NORTH}.{number}", f"{NORTH}.{number}.2"]


def test_a_late_word_of_the_phones_is_about_the_phone(
    ward: Ward, twilio: FakeSender, database: Any, owner: Any
) -> None:
    """Another sender took over meanwhile: it is not that one which has given a receipt."""
    ward.simulator.behave(outcome="failed", reason=NO_SERVICE)
    (number,) = make(database)
    ward.run()
    ward.relay("sms:failed")
    make_due(database, number)
    ward.run()
    with owner.begin() as connection:
        connection.execute(text("update shared.senders set gives_receipts = false"))
    told = event("sms:delivered", messageId=f"{NORTH}.{number}")
    body = as_body(told)
    assert ward.client.post(
        f"/webhooks/android/{ward.sender}", content=body, headers=signed(body)
    ).is_success
    assert delivery(database, number).provider == "twilio"
    assert ward.status(number) == S.delivered
    with database.service() as session:
        proven = session.scalars(select(Sender.id).where(Sender.gives_receipts))
        assert list(proven) == [ward.sender]


def test_a_wrong_password_shuts_the_phone_out_alone(
    ward: Ward, twilio: FakeSender, database: Any
) -> None:
    ward.simulator.behave(faults=[{"kind": "status", "status": 401}])
    (number,) = make(database)
    ward.run()
    assert (ward.status(number), ward.row().suspended_code) == (S.scheduled, "401")
    with database.service() as session:
        shut_out = session.scalars(select(Sender.id).where(Sender.suspended_at.is_not(None)))
        assert list(shut_out) == [ward.sender]
    make_due(database, number)
    ward.run()
    assert (states(database, number), len(twilio.given)) == ([("sms", "sent")], 1)


def make_due(database: Any, number: int) -> None:
    with database.service() as session:
        session.execute(
            text("update shared.due set due_at = now() where delivery_id = :id"), {"id": number}
        )


def age_suspension(database: Any, seconds: int = 120) -> None:
    with database.service() as session:
        session.execute(
            text(
                "update shared.senders set suspended_at = suspended_at - make_interval(secs => :s),"
                " probe_at = now() - interval '1 second' where suspended_at is not null"
            ),
            {"s": seconds},
        )


WRONG: list[dict[str, Any] | None] = [None, {}, {"url": "ftp://x"}, {"url": "http://h", "sim": 9}]


@pytest.mark.parametrize("kept", WRONG)
def test_a_sender_that_leads_to_no_phone_has_no_client(kept: dict[str, Any] | None) -> None:
    from config.settings import get_settings
    from workers.clients import make_sender

    row = Sender(id=7, channel="sms", address=NUMBER, provider="android", credentials=kept)
    assert make_sender(get_settings(), row) is None
