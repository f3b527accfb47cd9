"""PostgreSQL is killed while patients write: every message that was answered is there afterwards.

Real processes: two APIs that share a folder, a scheduler, a worker, PostgreSQL and the carrier.

To see it fail: answer without `_keep` in `services/webhook/door.py` (messages are lost), take the
unique key out of `services/inbound/messages.py` (some are there twice), let `take` store although
the spool is not empty (order), let `ClaimGate.is_open` answer True (the one who said stop gets a
message).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import psycopg2
import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session
from twilio.request_validator import RequestValidator

from models.address import Address
from models.message import Message
from simulator.signature import EventSigner
from supervisor.embedded import EmbeddedPostgres
from supervisor.ports import free_port
from tests import http
from tests.conftest import ROOT, execute
from tests.nursery import nursery
from tests.tree import Tree, answers, running_tree, wait_for

NUMBERS, EACH = 25, 20
OURS = os.environ.get("TWILIO_PHONE_NUMBER", "+15005550006")

SIGNER = EventSigner()


@dataclass
class Place:
    """A hospital with two API processes."""

    tree: Tree
    postgres: EmbeddedPostgres
    other_port: int
    answered: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    client: httpx2.Client = field(default_factory=httpx2.Client)  # one: each costs a TLS context

    def kill_postgres(self) -> None:
        assert self.postgres.pid is not None
        os.kill(self.postgres.pid, signal.SIGKILL)
        wait_for(lambda: self.postgres.pid is None, "PostgreSQL to be gone")

    def api(self, which: int) -> str:
        return self.tree.url if which == 0 else f"http://127.0.0.1:{self.other_port}"

    def ready(self, which: int = 0) -> Any:
        answer = http.get(f"{self.api(which)}/health/ready", timeout=20)
        return answer.status_code, answer.json()

    def receive(self, which: int, sid: str, phone: str, body: str, **more: str) -> int:
        """One signed webhook; its status, 0 without an answer."""
        fields = {"MessageSid": sid, "From": phone, "To": OURS, "Body": body, "NumMedia": "0"}
        fields |= more
        url = f"{self.tree.url}/webhooks/twilio/sms"  # the public one, whoever takes it
        signature = RequestValidator(os.environ["TWILIO_AUTH_TOKEN"]).compute_signature(url, fields)
        try:
            answer = self.client.post(
                f"{self.api(which)}/webhooks/twilio/sms",
                data=fields,
                headers={"X-Twilio-Signature": signature},
                timeout=15,  # Twilio's own patience
            )
        except httpx2.TransportError:
            return 0
        if answer.status_code == 200:
            with self.lock:
                self.answered += 1
        return answer.status_code

    def stored(self) -> list[tuple[str, str]]:
        """Who wrote what, in the order in which it will be heard."""
        engine = create_engine(self.postgres.url.replace("postgresql://", "postgresql+psycopg2://"))
        try:
            with Session(engine) as session:
                session.execute(text("set search_path to est_1"))
                rows = session.execute(
                    select(Address.value, Message.body)
                    .join(Message, Message.address_id == Address.id)
                    .where(Message.direction == "in")
                    .order_by(Message.id)
                )
                return [(phone, body or "") for phone, body in rows]
        finally:
            engine.dispose()

    def ask(self, question: str) -> list[Any]:
        connection = psycopg2.connect(self.postgres.url)
        try:
            with connection.cursor() as cursor:
                cursor.execute(question)
                return cursor.fetchall()
        finally:
            connection.close()

    def tell(self, statement: str) -> None:
        execute(self.postgres.url, statement)

    def count(self) -> int:
        """How many messages came in."""
        return int(self.ask("select count(*) from est_1.messages where direction = 'in'")[0][0])

    def states(self, reminder: int) -> list[str]:
        shown = http.get(
            f"{self.tree.url}/api/v1/reminders/{reminder}", headers=self.tree.token(), timeout=15
        )
        return [one["status"] for one in shown.json()["deliveries"]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("spool")
    with EmbeddedPostgres(folder / "postgres") as postgres:
        subprocess.run(
            [sys.executable, "-m", "tests.template"],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": postgres.url},
            check=True,
            timeout=60,
        )
        key = SIGNER.public_key()
        with running_tree(
            folder, "spool", DATABASE_URL=postgres.url, SENDGRID_WEBHOOK_KEY=key
        ) as tree:
            # One that does not see the spool's folder: it must believe the heartbeats.
            tree.kill("scheduler")
            tree.start("scheduler", WEBHOOK_SPOOL=str(folder / "elsewhere"))
            other = Place(tree, postgres, free_port())
            start_other(other)
            with other.client:
                yield other


def start_other(place: Place) -> None:
    env = place.tree.env | {"PORT": str(place.other_port)}
    log = place.tree.folder / "api2.log"
    place.tree.processes["api2"] = nursery().start(["cli.py", "serve"], env, log)
    wait_for(lambda: answers(f"{place.api(1)}/health/live"), "the second API", 60)


def test_who_said_stop_during_an_outage_gets_nothing_after_it(place: Place) -> None:
    tree, phone = place.tree, "+237650000099"
    due = datetime.now(UTC) + timedelta(seconds=2)
    reminder = {
        "message": "after a stop",
        "language": "en",
        "scheduled_time": due.isoformat(),
        "phone_number": phone,
    }
    headers = tree.token()
    answer = http.post(f"{tree.url}/api/v1/reminders", json=reminder, headers=headers, timeout=15)
    assert answer.status_code == 201
    place.kill_postgres()
    assert place.receive(0, "SMstop", phone, "STOP", OptOutType="STOP") == 200
    status, said = place.ready()
    assert (status, said["status"]) == (200, "degraded")
    assert {"database_unavailable", "webhooks_spooled"} <= set(said["reasons"])
    # PostgreSQL comes back, and the processes that know of the stop are late.
    for name in ("api", "api2"):
        tree.processes[name].send_signal(signal.SIGSTOP)
    place.postgres.revive()
    log = tree.folder / "scheduler.log"
    wait_for(lambda: "nothing is claimed yet" in log.read_text(), "the scheduler to wait", 30)
    wait_for(lambda: datetime.now(UTC) > due + timedelta(seconds=2), "the reminder to be due")
    for name in ("api", "api2"):
        tree.processes[name].send_signal(signal.SIGCONT)
    wait_for(lambda: place.count() == 1, "the stop to be stored")
    wait_for(lambda: "claiming again" in log.read_text(), "the scheduler to go on", 30)
    number = answer.json()["id"]
    wait_for(lambda: place.states(number) == ["suppressed"], "it to be suppressed", 30)
    assert not [entry for entry in tree.ledger(channel="sms") if entry["body"] == "after a stop"]


def test_a_message_that_never_reached_us_is_found_in_the_carriers_list(place: Place) -> None:
    tree, phone, before = place.tree, "+237650007001", place.count()
    tree.kill("simulator")
    closed = f"http://127.0.0.1:{free_port()}/"
    tree.start("simulator", SIMULATOR_SMS_WEBHOOK=closed)
    tree.wait_until_up()
    for turn in range(3):
        typed = {"from": phone, "to": OURS, "body": f"lost {turn}"}
        answer = http.post(f"{tree.simulator_url}/simulator/inbound/sms", json=typed, timeout=15)
        assert answer.json()["error"].startswith("11200")
    assert place.count() == before
    soon = {"ENGINE_INBOUND": "0.5", "ENGINE_INBOUND_AFTER": "0"}
    for name in ("scheduler", "worker"):
        tree.kill(name)
        tree.start(name, **soon)
    place.tell("update shared.inbound_looks set look_at = now()")  # set when a look took minutes
    wait_for(lambda: place.count() == before + 3, "the messages to be found", 30)
    assert [body for who, body in place.stored() if who == phone] == ["lost 0", "lost 1", "lost 2"]
    positions = "select complete_until from shared.inbound_looks"
    (until,) = place.ask(positions)[0]
    wait_for(lambda: place.ask(positions)[0][0] > until, "the next look")  # and finds nothing new
    assert place.count() == before + 3


def test_an_email_is_delivered_by_the_carriers_own_event(place: Place) -> None:
    tree = place.tree
    reminder = {
        "message": "by e-mail",
        "language": "en",
        "scheduled_time": datetime.now(UTC).isoformat(),
        "email": "patient@example.org",
        "channels": ["email"],
    }
    tree.kill("simulator")
    tree.start(
        "simulator",
        SIMULATOR_SENDGRID_WEBHOOK=f"{tree.url}/webhooks/sendgrid/events",
        SIMULATOR_SENDGRID_SIGNING_KEY=SIGNER.private_key(),
    )
    tree.wait_until_up()
    answer = http.post(
        f"{tree.url}/api/v1/reminders", json=reminder, headers=tree.token(), timeout=15
    )
    assert answer.status_code == 201, answer.text
    wait_for(lambda: place.states(answer.json()["id"]) == ["delivered"], "the mail's receipt", 30)


def test_an_api_that_cannot_spool_does_not_start(place: Place) -> None:
    in_the_way = place.tree.folder / "file"
    in_the_way.write_text("not a folder")
    env = place.tree.env | {"PORT": str(free_port()), "WEBHOOK_SPOOL": str(in_the_way / "spool")}
    log = place.tree.folder / "unfit.log"
    process = nursery().start(["cli.py", "serve"], env, log)
    assert process.wait(60) != 0
    (line,) = [line for line in log.read_text().splitlines() if "must not serve" in line]
    assert "WEBHOOK_SPOOL" in line


def test_a_burst_in_which_postgresql_and_an_api_are_killed_is_whole(place: Place) -> None:
    tree = place.tree
    tree.kill("worker")  # what is heard and answered is told elsewhere
    before = place.count()
    place.answered = 0

    def write(number: int) -> None:
        """A person who writes the next message once the last one was taken in."""
        for turn in range(EACH):
            sid, phone = f"SM{number:04d}{turn:04d}", f"+23765000{number:04d}"
            which = (number + turn) % 2
            while place.receive(which, sid, phone, f"{turn}") != 200:
                which = 1  # the first API was killed: nothing was promised

    total = NUMBERS * EACH
    with ThreadPoolExecutor(NUMBERS) as people:
        writing = [people.submit(write, number) for number in range(1, NUMBERS + 1)]
        wait_for(lambda: place.answered > total * 0.3, "some to be stored")
        place.kill_postgres()
        wait_for(lambda: place.answered > total * 0.6, "some to be spooled", 60)
        tree.kill("api")
        for person in writing:
            person.result(120)
    assert list((tree.folder / "data" / "spool").glob("*.spool"))
    place.postgres.revive()
    wait_for(lambda: place.count() == before + total, "all to be stored", 60)
    wait_for(lambda: place.ready(1)[1]["reasons"].count("webhooks_spooled") == 0, "an empty spool")
    stored = place.stored()
    assert len(stored) == before + total
    for number in range(1, NUMBERS + 1):
        own = [body for phone, body in stored if phone == f"+23765000{number:04d}"]
        assert own == [f"{turn}" for turn in range(EACH)]
