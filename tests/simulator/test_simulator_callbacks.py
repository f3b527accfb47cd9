"""Status callbacks: their parameters, their signature, and every manner of going astray."""

from __future__ import annotations

import time
from typing import Any

import pytest
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.simulator.simulator_harness import (
    NUMBER,
    PHONE,
    SERVICE,
    SID,
    TOKEN,
    Simulator,
    eventually,
)
from tests.simulator.simulator_service import Received, Service


def _send(twilio: Client, service: Service, **more: Any) -> str:
    url = service.url("/status?delivery=42&x=a%20b")
    fields = {"to": PHONE, "from_": NUMBER, "body": "x", "status_callback": url, **more}
    return str(twilio.messages.create(**fields).sid)


def _states(service: Service) -> list[str]:
    """In the order of their arrival. Each callback is a request of its own, so that one may
    overtake another: only a mode that promises an order may be asked about it."""
    return [request.form["MessageStatus"] for request in service.at("/status")]


def _callback(service: Service, state: str) -> Received:
    (request,) = (each for each in service.at("/status") if each.form["MessageStatus"] == state)
    return request


def _signed(request: Received) -> bool:
    validator = RequestValidator(TOKEN)
    return bool(
        validator.validate(request.url, request.form, request.headers["X-Twilio-Signature"])
    )


def test_the_published_parameters_signed(simulator: Simulator, service: Service) -> None:
    sid = _send(simulator.client(), service)

    eventually(lambda: len(service.at("/status")) == 2)
    sent, delivered = _callback(service, "sent"), _callback(service, "delivered")
    assert sent.form == {
        "ApiVersion": "2010-04-01",
        "AccountSid": SID,
        "From": NUMBER,
        "To": PHONE,
        "MessageSid": sid,
        "MessageStatus": "sent",
        "SmsSid": sid,
        "SmsStatus": "sent",
    }
    assert len(delivered.form.pop("RawDlrDoneDate")) == 10
    assert delivered.form == {**sent.form, "MessageStatus": "delivered", "SmsStatus": "delivered"}
    assert sent.query == {"delivery": "42", "x": "a b"}
    assert _signed(sent)


def test_every_parameter_is_under_the_signature(simulator: Simulator, service: Service) -> None:
    _send(simulator.client(), service)
    eventually(lambda: len(service.at("/status")) == 2)
    delivered = _callback(service, "delivered")

    assert _signed(delivered)
    delivered.form["To"] += "1"
    assert not _signed(delivered)


def test_a_messaging_service_calls_back_queued_too(simulator: Simulator, service: Service) -> None:
    _send(simulator.client(), service, from_="", messaging_service_sid=SERVICE)

    eventually(lambda: len(service.at("/status")) == 3)
    assert sorted(_states(service)) == ["delivered", "queued", "sent"]
    assert {request.form["MessagingServiceSid"] for request in service.at("/status")} == {SERVICE}


@pytest.mark.parametrize(
    ("behaviour", "states", "code"),
    [
        ({"outcome": "undelivered", "error_code": 30005}, ["sent", "undelivered"], "30005"),
        ({"outcome": "undelivered"}, ["sent", "undelivered"], "30003"),
        ({"outcome": "failed", "error_code": 30007}, ["failed"], "30007"),
        ({"outcomes": {PHONE: {"outcome": "failed", "error_code": 30006}}}, ["failed"], "30006"),
    ],
)
def test_failures_carry_their_code(
    simulator: Simulator, service: Service, behaviour: dict[str, Any], states: list[str], code: str
) -> None:
    simulator.behave(**behaviour)
    sid = _send(simulator.client(), service)

    eventually(lambda: len(service.at("/status")) == len(states))
    assert sorted(_states(service)) == states
    assert _callback(service, states[-1]).form["ErrorCode"] == code
    assert simulator.client().messages(sid).fetch().error_code == int(code)


def test_late(simulator: Simulator, service: Service) -> None:
    simulator.behave(callbacks={"mode": "late", "delay_ms": 400})
    sid = _send(simulator.client(), service)
    eventually(lambda: simulator.entry(sid)["state"] == "delivered")

    assert service.at("/status") == []
    eventually(lambda: len(service.at("/status")) == 2)


def test_twice(simulator: Simulator, service: Service) -> None:
    simulator.behave(callbacks={"mode": "twice", "delay_ms": 50})
    _send(simulator.client(), service)

    eventually(lambda: len(service.at("/status")) == 4)
    assert sorted(_states(service)) == ["delivered", "delivered", "sent", "sent"]
    bodies = {request.body for request in service.at("/status")}
    assert len(bodies) == 2  # a repeat is the same to the byte


def test_shuffled(simulator: Simulator, service: Service) -> None:
    simulator.behave(callbacks={"mode": "shuffled", "delay_ms": 300})
    _send(simulator.client(), service)

    eventually(lambda: len(service.at("/status")) == 2)
    assert _states(service) == ["delivered", "sent"]


def test_never(simulator: Simulator, service: Service) -> None:
    simulator.behave(callbacks={"mode": "never"})
    sid = _send(simulator.client(), service)
    eventually(lambda: simulator.entry(sid)["state"] == "delivered")

    time.sleep(0.1)
    assert service.at("/status") == []


def test_a_refused_callback_is_not_repeated(simulator: Simulator, service: Service) -> None:
    service.answer("/status", "no", status=500)
    sid = _send(simulator.client(), service)
    eventually(lambda: simulator.entry(sid)["state"] == "delivered")
    eventually(lambda: len(service.at("/status")) == 2)

    time.sleep(0.2)
    assert len(service.at("/status")) == 2
    made = simulator.http.get("/simulator/webhooks").json()["requests"]
    assert [request["status"] for request in made[-2:]] == [500, 500]
