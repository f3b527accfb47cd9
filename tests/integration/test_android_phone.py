"""An Android phone as the hospital's only SMS sender, from the outside and back, as real processes.

The phone is the simulated one; it tells the API over HTTP what it does. Seen to fail: with a new id
for each attempt (a worker killed after its call sends twice).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg2
import pytest

from services.establishment.directory import KNOWN_FOR
from tests import http
from tests.android import KEY, NUMBER, PASSWORD, credentials
from tests.integration.loop import Loop
from tests.tree import Tree, running_tree, wait_for
from utils.crypto import get_cipher

SENDER = 99
_phones = count(650000200)


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    folder: Path = tmp_path_factory.mktemp("android")
    phone = {"SIMULATOR_PHONES": f"ward={NUMBER}", "SIMULATOR_PHONE_PASSWORD": PASSWORD}
    with running_tree(folder, "android", **phone, ANDROID_TIMEOUT="2") as tree:
        set_up(tree)
        time.sleep(KNOWN_FOR)  # then every process has heard of it
        yield Loop(tree)


def set_up(tree: Tree) -> None:
    """What the hospital's IT person does: the phone is told where to, and becomes a sender."""
    wired = {"name": "ward", "number": NUMBER, "password": PASSWORD, "signing_key": KEY}
    wired |= {"retry_ms": 200, "webhook": f"{tree.url}/webhooks/android/{SENDER}"}
    http.put(f"{tree.simulator_url}/simulator/phones", json=[wired], timeout=10)
    sealed = seal(f"{tree.simulator_url}/phones/ward")
    connection = psycopg2.connect(tree.env["DATABASE_URL"])
    with connection, connection.cursor() as cursor:
        cursor.execute("update shared.senders set active = false where channel = 'sms'")
        cursor.execute(
            "insert into shared.senders (id, establishment_id, channel, address, provider,"
            " can_receive, gives_receipts, credentials) overriding system value"
            " values (%s, 1, 'sms', %s, 'android', true, false, %s)",
            (SENDER, NUMBER, sealed),
        )
    connection.close()


def seal(url: str) -> bytes:
    """As the column seals it, with the keys of the tests."""
    return get_cipher().seal(json.dumps(credentials(url)).encode(), "senders.credentials")


class Patient:
    """A patient and their own phone."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.number = f"+237{next(_phones)}"

    def remind(self, message: str) -> int:
        return self.loop.remind(
            message, "sms", phone_number=self.number, email=None, expects_reply=True
        )

    def write(self, body: str) -> None:
        answer = http.post(
            f"{self.loop.tree.simulator_url}/simulator/inbound/sms",
            json={"from": self.number, "to": NUMBER, "body": body},
            timeout=20,
        )
        assert answer.status_code == 201, answer.text

    def got(self) -> list[str]:
        """What arrived, the oldest first; all of it from the hospital's phone."""
        entries = self.loop.tree.ledger(channel="sms", to=self.number)
        assert {entry["from"] for entry in entries} <= {NUMBER}
        return [entry["body"] for entry in sorted(entries, key=lambda entry: entry["time"])]

    def wait_for(self, *beginnings: str) -> None:
        wait_for(lambda: len(self.got()) >= len(beginnings), f"{beginnings}; got {self.got()}", 40)
        got = self.got()
        assert len(got) == len(beginnings), got
        assert all(text.startswith(start) for text, start in zip(got, beginnings, strict=True)), got


def test_a_reminder_its_receipt_the_answer_and_the_reply(loop: Loop) -> None:
    patient = Patient(loop)
    number = patient.remind("Rappel : demain à 10 h")
    loop.wait_until(number, ("sms", "delivered"))
    patient.write("1")
    patient.wait_for("Rappel : demain à 10 h\nRépondez 1", "Merci, c'est noté")
    (found,) = loop.detail(number)["deliveries"]
    assert (found["reply"], found["status"]) == ("confirmed", "delivered")
    for log in loop.tree.folder.glob("*.log"):
        words = log.read_text()
        assert all(secret not in words for secret in (KEY, PASSWORD, "demain à 10 h"))
        assert log.name == "simulator.log" or patient.number not in words


POINTS = ("worker.after_begin", "worker.after_call")


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_dies_at_any_step_sends_once(loop: Loop, point: str) -> None:
    patient = Patient(loop)
    loop.restart_worker(CARELOOP_CRASH_AT=point)
    number = patient.remind(f"Une fois {point}")
    wait_for(lambda: loop.tree.died("worker"), f"the worker to die at {point}")
    loop.tree.start("worker")
    loop.wait_until(number, ("sms", "delivered"), seconds=40)
    assert len(patient.got()) == 1


def test_an_answer_while_the_api_is_away_comes_when_it_is_back(loop: Loop) -> None:
    """The phone keeps it, and repeats."""
    patient = Patient(loop)
    loop.tree.kill("api")
    patient.write("Accueil très gentil 5")
    loop.tree.start("api")
    loop.tree.wait_until_up()
    patient.wait_for("Merci. Votre avis nous aide")
