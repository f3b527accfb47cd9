"""Calls: refusals, ringing, progress callbacks, changes, and calls from people."""

from __future__ import annotations

from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.simulator.simulator_harness import (
    ALPHANUMERIC,
    LANDLINE,
    NUMBER,
    PHONE,
    SAY,
    TOKEN,
    Simulator,
    ended,
    eventually,
    if_state,
    place_call,
    rings,
)
from tests.simulator.simulator_service import Service

MENU = (
    '<Response><Gather numDigits="1" timeout="5" action="/key"><Say>Tapez un</Say></Gather>'
    "<Say>Rien</Say></Response>"
)


def test_a_call_is_spoken(simulator: Simulator, twilio: Client) -> None:
    simulator.behave(voice={"answer": "auto"})

    call = place_call(twilio)

    assert call.status == "queued"
    entry = ended(simulator, call)
    assert (entry["state"], entry["body"]) == ("completed", "Bonjour à tous")
    assert (entry["channel"], entry["extra"]["language"]) == ("voice", "fr-FR")
    fetched = call.fetch()
    assert (fetched.status, fetched.direction) == ("completed", "outbound-api")
    assert int(fetched.duration) >= 0
    assert [found.sid for found in twilio.calls.list(to=PHONE, status="completed")] == [call.sid]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"to": ""}, 21201),
        ({"to": "12"}, 21211),
        ({"from_": ""}, 21213),
        ({"from_": ALPHANUMERIC}, 21212),
        ({"from_": "+12025550199"}, 21210),
        ({"twiml": ""}, 21205),
        ({"twiml": "", "url": "nowhere"}, 21205),
        ({"twiml": "x" * 4001}, 20001),
        ({"status_callback": "nowhere"}, 21609),
        ({"status_callback_event": ["answred"]}, 21626),
        ({"method": "DELETE"}, 20001),
        ({"timeout": 0}, 20001),
    ],
)
def test_refusals(simulator: Simulator, twilio: Client, change: dict[str, Any], code: int) -> None:
    with pytest.raises(TwilioRestException) as refused:
        place_call(twilio, **change)

    assert refused.value.code == code
    assert simulator.ledger() == []


def test_a_landline_can_be_called(simulator: Simulator, twilio: Client) -> None:
    simulator.behave(voice={"answer": "auto"})

    assert ended(simulator, place_call(twilio, to=LANDLINE))["state"] == "completed"


@pytest.mark.parametrize("answer", ["busy", "failed"])
def test_nobody_is_reached(simulator: Simulator, twilio: Client, answer: str) -> None:
    simulator.behave(voice={"answer": answer})

    assert ended(simulator, place_call(twilio))["state"] == answer


def test_nobody_picks_up(simulator: Simulator, twilio: Client) -> None:
    assert ended(simulator, place_call(twilio, timeout=1))["state"] == "no-answer"


def test_picked_up_and_declined_by_hand(simulator: Simulator, twilio: Client) -> None:
    simulator.behave(voice={"pace": 0.2})
    declined = place_call(twilio)
    rings(simulator, declined)
    assert simulator.post(f"calls/{declined.sid}/decline").status_code == 204
    assert ended(simulator, declined)["state"] == "busy"

    answered = place_call(twilio)
    rings(simulator, answered)
    assert simulator.post(f"calls/{answered.sid}/answer").status_code == 204
    assert ended(simulator, answered)["state"] == "completed"
    assert simulator.post(f"calls/{answered.sid}/answer").status_code == 400


def test_progress_is_called_back_in_order_and_signed(
    simulator: Simulator, twilio: Client, service: Service
) -> None:
    simulator.behave(voice={"answer": "auto", "pace": 0.2})
    events = ["initiated", "ringing", "answered", "completed"]

    call = place_call(twilio, status_callback=service.url("/cb"), status_callback_event=events)

    eventually(lambda: len(service.at("/cb")) == 4)
    received = sorted(service.at("/cb"), key=lambda request: int(request.form["SequenceNumber"]))
    states = [request.form["CallStatus"] for request in received]
    assert states == ["initiated", "ringing", "in-progress", "completed"]
    last = received[-1]
    assert last.form["CallSid"] == call.sid
    assert last.form["CallbackSource"] == "call-progress-events"
    assert last.form["Timestamp"].endswith("+0000")
    assert int(last.form["CallDuration"]) >= 0
    assert last.form["ToCountry"] == "CM"
    signature = last.headers["X-Twilio-Signature"]
    assert RequestValidator(TOKEN).validate(last.url, last.form, signature)


def test_only_completed_is_called_back_by_default(
    simulator: Simulator, twilio: Client, service: Service
) -> None:
    simulator.behave(voice={"answer": "auto"})

    ended(simulator, place_call(twilio, status_callback=service.url("/cb")))

    eventually(lambda: service.at("/cb"))
    assert [request.form["CallStatus"] for request in service.at("/cb")] == ["completed"]


def test_a_get_callback_carries_its_parameters_in_the_signed_url(
    simulator: Simulator, twilio: Client, service: Service
) -> None:
    simulator.behave(voice={"answer": "auto"})

    place_call(twilio, status_callback=service.url("/cb?a=1"), status_callback_method="GET")

    [request] = eventually(lambda: service.at("/cb"))
    assert (request.method, request.query["a"]) == ("GET", "1")
    assert request.query["CallStatus"] == "completed"
    signature = request.headers["X-Twilio-Signature"]
    assert RequestValidator(TOKEN).validate(request.url, {}, signature)


def test_the_fallback_url_is_asked(simulator: Simulator, twilio: Client, service: Service) -> None:
    simulator.behave(voice={"answer": "auto"})
    service.answer("/bad", "no", status=500)
    service.answer("/fallback", SAY)

    entry = ended(
        simulator,
        place_call(
            twilio, twiml="", url=service.url("/bad"), fallback_url=service.url("/fallback")
        ),
    )

    assert entry["body"] == "Bonjour à tous"
    assert service.at("/fallback")[0].form["ErrorCode"] == "11200"


def test_a_call_in_progress_is_changed(simulator: Simulator, twilio: Client) -> None:
    simulator.behave(voice={"answer": "auto", "pace": 1})
    call = place_call(twilio, twiml='<Response><Pause length="60"/></Response>')
    with pytest.raises(TwilioRestException) as early:
        call.update(twiml=SAY)
    assert early.value.code == 21220
    eventually(lambda: call.fetch().status == "in-progress")

    call.update(twiml="<Response><Say>Autre chose</Say><Pause length='60'/></Response>")
    eventually(lambda: simulator.entry(call.sid)["body"] == "Autre chose")
    call.update(status="completed")

    assert ended(simulator, call)["state"] == "completed"
    with pytest.raises(TwilioRestException):
        call.update(status="completed")
    assert call.delete() is True


def test_a_ringing_call_is_canceled(simulator: Simulator, twilio: Client) -> None:
    call = place_call(twilio)
    rings(simulator, call)

    call.update(status="canceled")

    assert ended(simulator, call)["state"] == "canceled"


def test_an_answering_machine(simulator: Simulator, twilio: Client, service: Service) -> None:
    simulator.behave(voice={"answer": "machine"})
    service.answer("/voice", SAY)

    url = service.url("/voice")
    ended(simulator, place_call(twilio, twiml="", url=url, machine_detection="Enable"))

    assert service.at("/voice")[0].form["AnsweredBy"] == "machine_start"


def test_a_person_is_rejected(simulator: Simulator, service: Service) -> None:
    service.answer("/voice", '<Response><Reject reason="busy"/></Response>')

    call = simulator.post("inbound/calls", {"from": PHONE, "to": NUMBER}).json()

    entry = eventually(lambda: if_state(simulator.entry(call["id"]), {"busy", "completed"}))
    assert (entry["state"], entry["extra"]["duration"]) == ("busy", None)


def test_a_person_calls(simulator: Simulator, service: Service, twilio: Client) -> None:
    simulator.behave(voice={"answer": "auto", "digits": ["9"]})
    service.answer("/voice", MENU)
    service.answer("/key", "<Response><Reject/></Response>")

    answer = simulator.post("inbound/calls", {"from": PHONE, "to": NUMBER})

    assert answer.status_code == 201
    eventually(lambda: simulator.entry(answer.json()["id"])["state"] == "no-answer")
    first = service.at("/voice")[0]
    assert (first.form["Direction"], first.form["From"], first.form["To"]) == (
        "inbound",
        PHONE,
        NUMBER,
    )
    assert RequestValidator(TOKEN).validate(
        first.url, first.form, first.headers["X-Twilio-Signature"]
    )
    assert first.form["CallStatus"] == "ringing"
    assert service.at("/key")[0].form["Digits"] == "9"
    assert service.at("/key")[0].form["CallStatus"] == "in-progress"
    assert [call.direction for call in twilio.calls.list()] == ["inbound"]
