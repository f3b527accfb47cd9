"""An Android phone as carrier: what its answers mean, and that repeating a message is safe.

Seen to fail: without the look at what stands under a taken id (another's message counts as ours);
without the second id (what failed is never tried again); with the id made anew for each try (a
broken line sends twice); with any 404 believed (`accepted`); a list read without its second page,
the number of a message taken as it stands, the other SIM's messages taken too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from schemas.sender_credentials import AndroidCredentials
from tests.simulator.simulator_harness import PHONE, Simulator, eventually
from tests.tree import free_port
from tests.utils.test_twilio_client import answering, with_body
from tests.utils.tls import tls_before
from utils.android_client import AndroidSms, Gateway
from utils.android_inbox import received
from utils.android_status import word_of
from utils.senders import Outbound, Outcome, Passed, Verdict

NUMBER = "+237690000001"
REFERENCE = "1.17"
PASSWORD = "clé ✓:1"  # what people think of


def outbound(**more: Any) -> Outbound:
    given = {"to": PHONE, "text": "Rappel", "language": "fra", "reference": REFERENCE}
    return Outbound(**given | {"callback": "", "seconds_valid": 60} | more)


def client(url: str, **more: Any) -> AndroidSms:
    return AndroidSms(Gateway(url, "sms", PASSWORD, **more), timeout=1, connections=2)


@pytest.fixture
def gateway(simulator: Simulator) -> AndroidSms:
    """The client of a simulated phone."""
    wired = {"name": "ward", "number": NUMBER, "password": PASSWORD}
    assert simulator.http.put("/simulator/phones", json=[wired]).status_code == 200
    return client(f"{simulator.base}/phones/ward")


def bodies(simulator: Simulator) -> list[tuple[str, str]]:
    """What the phone sends: its ids and texts."""
    entries = simulator.ledger(channel="sms")
    return [(entry["extra"]["message_id"], entry["body"]) for entry in entries]


def ended(simulator: Simulator, state: str) -> None:
    eventually(lambda: simulator.ledger()[-1]["state"] == state)


ANSWERS = {
    "taken": (with_body("202 Accepted", '{"id": "1.17"}'), Verdict.accepted, None),
    "another id": (with_body("202 Accepted", '{"id": "7"}'), Verdict.unknown, "unreadable"),
    "no JSON": (with_body("202 Accepted", "<html>"), Verdict.unknown, "unreadable"),
    "a portal's yes": (with_body("200 OK", "<html>"), Verdict.unknown, "unreadable"),
    "a portal's no": (with_body("400 Bad Request", "<html>"), Verdict.unknown, "unreadable"),
    "elsewhere": (with_body("302 Found", ""), Verdict.unreachable, "302"),
    "bad": (with_body("400 Bad Request", '{"message": "no"}'), Verdict.refused, "400"),
    "no log-in": (with_body("401 Unauthorized", ""), Verdict.unreachable, "401"),
    "no gateway": (with_body("404 Not Found", ""), Verdict.unreachable, "404"),
    "too fast": (with_body("429 Slow Down", ""), Verdict.throttled, "429"),
    "full": (with_body("503 Full", ""), Verdict.unknown, "503"),
    "broken": (with_body("500 Error", '{"message": "no"}'), Verdict.unknown, "500"),
}


@pytest.mark.parametrize(("said", "verdict", "code"), ANSWERS.values(), ids=ANSWERS)
def test_what_a_phone_says_becomes_an_outcome(
    said: bytes, verdict: Verdict, code: str | None
) -> None:
    with answering(said, until=b'"ttl": 60') as url:
        outcome = client(url.rstrip("/")).send(outbound())
    assert (outcome.verdict, outcome.code) == (verdict, code)


def test_a_phone_that_is_away_is_unreachable() -> None:
    outcome = client(f"http://127.0.0.1:{free_port()}").send(outbound())
    assert outcome.verdict is Verdict.unreachable


def test_what_is_said_to_the_phone(gateway: AndroidSms, simulator: Simulator) -> None:
    for seconds in (1, 3600):
        message = outbound(reference=f"1.{seconds}", seconds_valid=seconds)
        assert gateway.send(message).verdict is Verdict.accepted
    assert [entry["extra"]["ttl"] for entry in simulator.ledger()] == [5, 3600]
    other = client(f"{simulator.base}/phones/ward", sim=2)
    assert other.send(outbound()).provider_id == REFERENCE
    assert simulator.ledger()[-1]["extra"]["sim"] == 2


def test_the_same_again_is_the_same_message(gateway: AndroidSms, simulator: Simulator) -> None:
    outcomes = [gateway.send(outbound(attempt=attempt)) for attempt in (1, 1, 2)]
    assert {(one.verdict, one.provider_id) for one in outcomes} == {(Verdict.accepted, REFERENCE)}
    assert bodies(simulator) == [(REFERENCE, "Rappel")]


@pytest.mark.parametrize("kind", ["drop", "accept_then_drop"])
def test_a_line_that_breaks_is_tried_once_more(
    gateway: AndroidSms, simulator: Simulator, kind: str
) -> None:
    fault = {"on": "phone.create", "kind": kind}
    simulator.behave(faults=[{**fault, "times": 1}])
    assert gateway.send(outbound()).verdict is Verdict.accepted
    simulator.behave(faults=[fault])
    lost = gateway.send(outbound(reference="1.18"))
    assert (lost.verdict, lost.code) == (Verdict.unknown, "cut")
    simulator.behave()
    taken = [REFERENCE] if kind == "drop" else [REFERENCE, "1.18"]
    assert [own for own, _ in bodies(simulator)] == taken
    found = gateway.accepted("1.18", 1, PHONE)
    assert found is not None
    assert [one.provider_id for one in found] == taken[1:]


def test_what_failed_on_the_phone_goes_out_under_the_next_id(
    gateway: AndroidSms, simulator: Simulator
) -> None:
    simulator.behave(outcome="failed")
    gateway.send(outbound())
    ended(simulator, "Failed")
    simulator.behave()
    assert gateway.accepted(REFERENCE, 2, PHONE) == ()  # the first attempt's is not the second's
    assert gateway.send(outbound(attempt=2)).provider_id == "1.17.2"
    assert gateway.send(outbound(attempt=2)).provider_id == "1.17.2"
    assert len(bodies(simulator)) == 2


@pytest.mark.parametrize("more", [{"text": "Autre"}, {"to": "+237677000000"}])
def test_an_id_that_another_message_has_taken_is_left_to_it(
    gateway: AndroidSms, simulator: Simulator, more: dict[str, str]
) -> None:
    """As after a database was put back to an older day: its numbers are given again."""
    gateway.send(outbound(**more))
    assert gateway.send(outbound()).provider_id == "1.17.1"
    assert [text for _, text in bodies(simulator)] == [more.get("text", "Rappel"), "Rappel"]
    gateway.send(outbound(reference="1.18", **more))
    gateway.send(outbound(reference="1.18.1", **more))
    taken = gateway.send(outbound(reference="1.18"))
    assert (taken.verdict, taken.code) == (Verdict.refused, "409")


def test_what_stands_under_a_taken_id_is_asked_before_it_counts(
    gateway: AndroidSms, simulator: Simulator
) -> None:
    gateway.send(outbound())
    simulator.behave(faults=[{"on": "phone.read", "kind": "status", "status": 500}])
    again = gateway.send(outbound())
    assert (again.verdict, again.code) == (Verdict.unknown, "500")


WORDS: list[tuple[str, str | None, tuple[str, str | None]]] = [
    ("Pending", None, ("queued", None)),
    ("Processed", None, ("sending", None)),
    ("Sent", None, ("sent", None)),
    ("Delivered", "Delivery result from SC +237: 1", ("delivered", None)),
    ("Cancelled", None, ("canceled", None)),
    ("Dreamt", None, ("Dreamt", None)),
    ("Failed", None, ("failed", "unnamed")),
    ("Failed", "TTL expired", ("failed", "ttl_expired")),
    ("Failed", "Can't send message: No SIMs found", ("failed", "no_sim")),
    ("Failed", "sendSMS: SIM 2 not found", ("failed", "no_sim")),
    ("Failed", "sendSMS: Invalid phone number", ("failed", "invalid_number")),
    ("Failed", "Send result: RESULT_ERROR_NO_SERVICE (Failed)", ("failed", "no_service")),
    ("Failed", "Send result: RESULT_RIL_SIM_ABSENT (The", ("failed", "ril_sim_absent")),
    ("Failed", "Send result: Unknown error code: 133404.", ("failed", "unnamed")),
    ("Failed", "Delivery result from SC +2376: 70", ("undelivered", "report_70")),
    ("Failed", "Delivery result: 3", ("undelivered", "report_3")),
    (
        "Failed",
        "Send result: RESULT_RIL_SIMULTANEOUS_SMS_AND_CALL_NOT_ALLOWED (1X",
        ("failed", "ril_simultaneous_sms_and"),
    ),
]


@pytest.mark.parametrize(("state", "reason", "expected"), WORDS)
def test_a_state_in_our_words(
    state: str, reason: str | None, expected: tuple[str, str | None]
) -> None:
    assert word_of(state, reason) == expected


def test_what_became_of_a_message_is_told_by_its_id(
    gateway: AndroidSms, simulator: Simulator
) -> None:
    simulator.behave(outcome="undelivered")
    gateway.send(outbound())
    ended(simulator, "Failed")
    told = Passed(REFERENCE, "undelivered", "Rappel", code="report_70")
    assert gateway.receipt(REFERENCE) == told
    assert gateway.accepted(REFERENCE, 1, PHONE) == (told,)
    assert gateway.accepted(REFERENCE, 1, "+237677000000") == ()
    assert gateway.receipt("1.18") is None
    now = datetime.now(UTC)
    listed = gateway.receipts(now - timedelta(minutes=5), now + timedelta(minutes=5))
    assert [(one.provider_id, one.status) for one in listed] == [(REFERENCE, "undelivered")]


def test_a_phone_that_cannot_be_asked_says_nothing(
    gateway: AndroidSms, simulator: Simulator
) -> None:
    simulator.behave(faults=[{"kind": "drop"}])
    now = datetime.now(UTC)
    assert gateway.receipt(REFERENCE) is None
    assert gateway.accepted(REFERENCE, 1, PHONE) is None
    assert gateway.receipts(now, now) == ()


class Printer(BaseHTTPRequestHandler):
    """What answers at a phone's old address by now."""

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def printer() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Printer) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def test_not_found_is_believed_of_the_gateway_only(gateway: AndroidSms) -> None:
    assert gateway.accepted("1.18", 1, PHONE) == ()
    with printer() as url:
        assert client(url).accepted("1.18", 1, PHONE) is None


WIRED = {"name": "ward", "number": NUMBER, "password": PASSWORD}
BEHIND = {
    "the phone itself": "/phones/ward",
    "a server": "/phones/ward/3rdparty/v1",
    "an address with a slash": "/phones/ward/3rdparty/v1/",
}


@pytest.mark.parametrize("path", BEHIND.values(), ids=BEHIND)
def test_a_server_before_the_phone_is_spoken_to_as_the_phone_itself(
    simulator: Simulator, path: str
) -> None:
    """A server keeps hashes of what its phone has taken: ours is known by them all the same."""
    assert simulator.http.put("/simulator/phones", json=[WIRED]).status_code == 200
    url = AndroidCredentials(
        url=f"{simulator.base}{path}", username="sms", password=PASSWORD, signing_key="12345678"
    ).url
    wrong = AndroidSms(Gateway(url, "sms", "another"), timeout=1, connections=1)
    assert wrong.send(outbound()) == Outcome(Verdict.unreachable, code="401")
    phone = client(url)
    assert phone.send(outbound()).provider_id == REFERENCE
    ended(simulator, "Delivered")
    assert phone.send(outbound()).provider_id == REFERENCE  # the same again, by its hashes
    assert len(bodies(simulator)) == 1
    found = phone.accepted(REFERENCE, 1, PHONE)
    assert found is not None
    assert [(one.provider_id, one.status) for one in found] == [(REFERENCE, "delivered")]
    assert phone.accepted(REFERENCE, 1, "+237677000000") == ()
    assert phone.accepted("1.18", 1, PHONE) == ()
    told = phone.receipt(REFERENCE)
    assert told is not None
    assert told.status == "delivered"
    assert phone.send(outbound(text="Autre")).provider_id == "1.17.1"  # not the same
    now = datetime.now(UTC)
    span = now - timedelta(minutes=5), now + timedelta(minutes=5)
    assert {one.provider_id for one in phone.receipts(*span)} == {REFERENCE, "1.17.1"}
    assert phone.received(*span) == (None if "3rdparty" in path else [])


@pytest.mark.parametrize("trusted", [True, False])
def test_a_server_is_spoken_to_by_tls_and_must_prove_who_it_is(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    assert simulator.http.put("/simulator/phones", json=[WIRED]).status_code == 200
    with tls_before(simulator.base, tmp_path) as (url, authority):
        if trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        outcome = client(f"{url}/phones/ward/3rdparty/v1").send(outbound())
    assert outcome.verdict is (Verdict.accepted if trusted else Verdict.unreachable)
    assert len(simulator.ledger()) == trusted


def test_what_came_in_is_listed_as_the_events_told_it(
    gateway: AndroidSms, simulator: Simulator
) -> None:
    gateway.inbox_page = 2
    texts = ["1", "Très gentil 👍", "3"]
    for text in texts:
        simulator.post("inbound/sms", {"from": PHONE, "to": NUMBER, "body": text})
    gateway.send(outbound())  # what went out is not what came in
    now = datetime.now(UTC)
    found = gateway.received(now - timedelta(minutes=5), now + timedelta(minutes=5))
    assert found is not None
    assert sorted(one.text for one in found) == sorted(texts)  # two may have come at one moment
    assert {one.from_ for one in found} == {PHONE}
    assert all(re.fullmatch("[0-9a-f]{1,8}", one.provider_id) for one in found)
    assert gateway.received(now - timedelta(days=2), now - timedelta(days=1)) == []
    other = client(f"{simulator.base}/phones/ward", sim=2)
    assert other.received(now - timedelta(minutes=5), now + timedelta(minutes=5)) == []
    simulator.behave(faults=[{"on": "phone.inbox", "kind": "drop"}])
    assert gateway.received(now, now) is None


ROW = {"id": "text:-7", "sender": PHONE, "contentPreview": "", "createdAt": "2026-06-01T12:00:00Z"}


@pytest.mark.parametrize(
    ("more", "sim", "own"),
    [
        ({}, None, "fffffff9"),
        ({"id": "text:255"}, None, "ff"),
        ({"id": "mms:7"}, None, None),  # the second telling of one that was announced
        ({"id": "mms-header:-7"}, None, "mms:fffffff9"),
        ({"id": 7}, None, None),
        ({"contentPreview": None}, None, None),
        ({"createdAt": "2026-06-01T12:00:00"}, None, None),
        ({"createdAt": "noon"}, None, None),
        ({"simNumber": 2}, 2, "fffffff9"),
        ({"simNumber": 1}, 2, None),
        ({}, 2, None),  # of which SIM the phone does not know
    ],
)
def test_a_row_of_the_list(more: dict[str, Any], sim: int | None, own: str | None) -> None:
    assert [one.provider_id for one in received([ROW | more, None, "x"], sim)] == (
        [own] if own else []
    )
