"""The simulator's Android phones, against what the app's makers publish.

Sources: https://docs.sms-gate.app/features/{sending-messages,webhooks,status-tracking}/ and the
app's own routes. Seen to fail: with a second message taken under one id; with a repeat signed with
the first one's time; with a receipt for the whole message instead of each part.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests import http
from tests.simulator.simulator_harness import PHONE, Simulator, eventually
from tests.simulator.simulator_service import Received, Service

NUMBER, KEY = "+237690000001", "a-signing-key"
ID = "1.17"


@pytest.fixture
def phone(simulator: Simulator, service: Service) -> Iterator[httpx2.Client]:
    """A client of one phone, whose events go to the service's stand-in."""
    wired = {"name": "ward", "number": NUMBER, "password": "secret", "signing_key": KEY}
    wired |= {"retry_ms": 50, "webhook": service.url(hook(service))}
    assert simulator.http.put("/simulator/phones", json=[wired]).status_code == 200
    base = f"{simulator.base}/phones/ward"
    with httpx2.Client(base_url=base, auth=("sms", "secret"), timeout=10) as client:
        yield client


def message(**more: Any) -> dict[str, Any]:
    return {"id": ID, "phoneNumbers": [PHONE], "textMessage": {"text": "Bonjour"}} | more


def hook(service: Service) -> str:
    """Another path for each test: what the one before it was told late is not this one's."""
    return f"/phone/{service.turn}"


def told(service: Service) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in service.at(hook(service))]


def events(service: Service) -> list[str]:
    """What was told; two requests at a time may overtake each other."""
    return sorted(event["event"] for event in told(service))


def one(service: Service, kind: str) -> dict[str, Any]:
    return next(event for event in told(service) if event["event"] == kind)


def test_a_message_is_taken_and_its_way_is_told(
    phone: httpx2.Client, service: Service, simulator: Simulator
) -> None:
    answer = phone.post("/messages", json=message())
    assert answer.status_code == 202, answer.text
    taken = answer.json()
    assert (taken["id"], taken["state"], taken["isEncrypted"]) == (ID, "Pending", False)
    assert taken["recipients"] == [{"phoneNumber": PHONE, "state": "Pending"}]
    eventually(lambda: events(service) == ["sms:delivered", "sms:sent"])
    sent, delivered = one(service, "sms:sent"), one(service, "sms:delivered")
    assert sent["payload"]["partsCount"] == 1
    assert {event["payload"]["messageId"] for event in (sent, delivered)} == {ID}
    assert (sent["payload"]["sender"], sent["payload"]["recipient"]) == (NUMBER, PHONE)
    assert sent["id"] != delivered["id"]
    found = phone.get(f"/messages/{ID}").json()
    assert (found["state"], found["textMessage"]) == ("Delivered", {"text": "Bonjour"})
    assert list(found["states"]) == ["Pending", "Processed", "Sent", "Delivered"]
    (entry,) = simulator.ledger(channel="sms")
    assert (entry["from"], entry["to"], entry["state"]) == (NUMBER, PHONE, "Delivered")
    assert simulator.client().messages.list() == []  # not Twilio's


def test_an_id_is_taken_once(phone: httpx2.Client, simulator: Simulator) -> None:
    assert phone.post("/messages", json=message()).status_code == 202
    again = phone.post("/messages", json=message(textMessage={"text": "Autre"}))
    assert (again.status_code, again.json()) == (
        409,
        {"message": "Message with the same ID already exists"},
    )
    assert len(simulator.ledger(channel="sms")) == 1


REFUSED = {
    "no text": ({"textMessage": None}, 400),
    "an empty one": ({"textMessage": {"text": ""}}, 400),
    "two": ({"message": "Salut"}, 400),
    "nobody": ({"phoneNumbers": []}, 400),
    "a SIM that no phone has": ({"simNumber": 9}, 400),
    "another phone": ({"deviceId": "somebody-else"}, 400),
    "an id that is too long": ({"id": "x" * 37}, 400),
    "no time to live": ({"ttl": 0}, 400),
}


@pytest.mark.parametrize(("more", "status"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(phone: httpx2.Client, more: dict[str, Any], status: int) -> None:
    answer = phone.post("/messages", json=message(**more))
    assert answer.status_code == status
    assert answer.json()["message"]


def test_who_may_ask(phone: httpx2.Client, simulator: Simulator) -> None:
    assert phone.get(f"/messages/{ID}").status_code == 404
    assert phone.get(f"/messages/{ID}").content == b""
    assert phone.get("/messages", auth=("sms", "wrong")).status_code == 401
    assert http.get(f"{simulator.base}/phones/ward/messages").status_code == 401
    assert http.get(f"{simulator.base}/phones/ward/health").json()["status"] == "pass"
    assert http.get(f"{simulator.base}/phones/other/health").status_code == 404
    assert phone.post("/messages", content=b"{").status_code == 415


OUTCOMES = {
    "no service": (
        {"outcome": "failed", "reason": "Send result: RESULT_ERROR_NO_SERVICE (Failed …)"},
        ["sms:failed"],
        "Failed",
    ),
    "not delivered": ({"outcome": "undelivered"}, ["sms:failed", "sms:sent"], "Failed"),
    "no report": ({"outcome": "sent"}, ["sms:sent"], "Sent"),
    "stale": ({"queued_ms": 90_000}, ["sms:failed"], "Failed"),
}


@pytest.mark.parametrize(("how", "expected", "state"), OUTCOMES.values(), ids=OUTCOMES)
def test_how_a_message_may_end(
    phone: httpx2.Client,
    service: Service,
    simulator: Simulator,
    how: dict[str, Any],
    expected: list[str],
    state: str,
) -> None:
    simulator.behave(**how)
    phone.post("/messages", json=message(ttl=1 if "queued_ms" in how else 60))
    eventually(lambda: events(service) == expected)
    found = eventually(lambda: phone.get(f"/messages/{ID}").json())
    assert found["state"] == state
    reason = one(service, expected[0])["payload"].get("reason")
    assert found["recipients"][0].get("error") == reason


def test_each_part_is_reported(phone: httpx2.Client, service: Service) -> None:
    phone.post("/messages", json=message(textMessage={"text": "a" * 400}))
    eventually(lambda: events(service) == ["sms:delivered"] * 3 + ["sms:sent"])
    assert one(service, "sms:sent")["payload"]["partsCount"] == 3
    assert len({event["id"] for event in told(service)}) == 4


def test_what_comes_in_is_told_signed_and_repeated(
    phone: httpx2.Client, service: Service, simulator: Simulator
) -> None:
    service.answers[hook(service)] = [(500, "", b""), (200, "", b"")]
    answer = simulator.post("inbound/sms", {"from": PHONE, "to": NUMBER, "body": "Ça va ? 👍"})
    assert (answer.status_code, answer.json()["webhook_status"]) == (201, 500)
    eventually(lambda: len(service.at(hook(service))) == 2)
    first, second = told(service)
    assert first == second  # the same id, too
    payload = first["payload"]
    assert (payload["sender"], payload["recipient"]) == (PHONE, NUMBER)
    assert (payload["message"], payload["simNumber"]) == ("Ça va ? 👍", 1)
    for request in service.at(hook(service)):
        assert signed(request)


def signed(request: Received) -> bool:
    stamp = request.headers["X-Timestamp"]
    assert abs(time.time() - int(stamp)) < 60
    expected = hmac.new(KEY.encode(), request.body + stamp.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, request.headers["X-Signature"])


def test_the_list(phone: httpx2.Client) -> None:
    for number in range(3):
        phone.post("/messages", json=message(id=f"1.{number}"))
    answer = phone.get("/messages", params={"limit": 2})
    assert answer.headers["X-Total-Count"] == "3"
    assert [listed["id"] for listed in answer.json()] == ["1.2", "1.1"]
    assert "textMessage" not in answer.json()[0]
    assert phone.get("/messages", params={"to": "2020-01-01T00:00:00Z"}).json() == []
    assert phone.get("/messages", params={"state": "Lost"}).status_code == 400


def test_a_pending_message_can_be_taken_back(
    phone: httpx2.Client, service: Service, simulator: Simulator
) -> None:
    simulator.behave(queued_ms=60_000)
    phone.post("/messages", json=message())
    assert phone.delete(f"/messages/{ID}").json()["state"] == "Cancelled"
    assert phone.delete(f"/messages/{ID}").status_code == 400
    assert phone.delete("/messages/none").status_code == 404
    eventually(lambda: events(service) == ["sms:cancelled"])


def test_webhooks_are_registered_one_for_each_event(phone: httpx2.Client, service: Service) -> None:
    def ids() -> set[str]:
        return {webhook["id"] for webhook in phone.get("/webhooks").json()}

    before = ids()
    asked = {"url": service.url("/more"), "event": "sms:received"}
    named = phone.post("/webhooks", json={"id": "ours", **asked})
    assert (named.status_code, named.json()["id"]) == (201, "ours")
    phone.post("/webhooks", json={"id": "ours", **asked})  # replaces it
    assert ids() == before | {"ours"}
    phone.post("/webhooks", json=asked)  # without an id there is one more
    assert len(ids()) == len(before) + 2
    assert phone.delete("/webhooks/ours").status_code == 204
    for wrong in ({"url": "http://192.168.1.2/x"}, {"event": "sms:dreamt"}):
        assert phone.post("/webhooks", json=asked | wrong).status_code == 400
