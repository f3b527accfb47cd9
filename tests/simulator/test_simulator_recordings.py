"""What a carrier tells of a recording, of who picked up, and of a person's call that ends."""

from __future__ import annotations

from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.simulator.simulator_harness import (
    FAST,
    NUMBER,
    PHONE,
    Simulator,
    ended,
    eventually,
    if_state,
    place_call,
)
from tests.simulator.simulator_service import Service


def record(service: Service, **attributes: str) -> None:
    asked = {"action": "/done", "recordingStatusCallback": "/rec", "timeout": "60"} | attributes
    written = " ".join(f'{name}="{value}"' for name, value in asked.items())
    service.answer("/voice", f"<Response><Record {written}/><Say>Rien</Say></Response>")
    service.answer("/done", "<Response><Say>Merci</Say></Response>")


def called(simulator: Simulator) -> str:
    """A person calls and is asked to speak."""
    call = simulator.post("inbound/calls", {"from": PHONE, "to": NUMBER}).json()["id"]
    eventually(lambda: simulator.entry(call)["extra"]["waiting_for"] == "recording")
    return str(call)


def over(simulator: Simulator, call: str) -> dict[str, Any]:
    return eventually(lambda: if_state(simulator.entry(call), {"completed"}))


@pytest.fixture(autouse=True)
def _slowly(simulator: Simulator) -> None:
    simulator.behave(voice={"pace": 0.3})


def test_who_hangs_up_while_they_speak_was_recorded_until_then(
    simulator: Simulator, service: Service
) -> None:
    record(service)
    call = called(simulator)
    simulator.post(f"calls/{call}/speak", {"start": True})
    simulator.post(f"calls/{call}/hangup")
    assert over(simulator, call)["body"].endswith(" s")
    (asked,) = eventually(lambda: service.at("/done"))
    assert (asked.form["Digits"], asked.form["CallStatus"]) == ("hangup", "completed")
    assert int(asked.form["RecordingDuration"]) >= 1
    (told,) = eventually(lambda: service.at("/rec"))
    assert told.form["RecordingSid"] == asked.form["RecordingSid"]
    assert "Merci" not in simulator.entry(call)["body"]


def test_who_hangs_up_without_a_word_was_not(simulator: Simulator, service: Service) -> None:
    record(service, recordingStatusCallbackEvent="completed absent")
    call = called(simulator)
    simulator.post(f"calls/{call}/hangup")
    over(simulator, call)
    (told,) = eventually(lambda: service.at("/rec"))
    assert (told.form["RecordingStatus"], told.form["RecordingDuration"]) == ("absent", "0")
    assert service.at("/done") == []


def test_the_closing_key_ends_what_is_being_said(simulator: Simulator, service: Service) -> None:
    record(service, finishOnKey="#")
    call = called(simulator)
    simulator.post(f"calls/{call}/speak", {"start": True})
    simulator.post(f"calls/{call}/digits", {"digits": "5"})  # not a closing key
    simulator.post(f"calls/{call}/digits", {"digits": "#"})
    over(simulator, call)
    (asked,) = service.at("/done")
    assert (asked.form["Digits"], asked.form["CallStatus"]) == ("#", "in-progress")


def test_the_closing_key_alone_records_nothing(simulator: Simulator, service: Service) -> None:
    record(service, finishOnKey="#")
    call = called(simulator)
    simulator.post(f"calls/{call}/digits", {"digits": "#"})
    assert over(simulator, call)["body"] == "Rien"
    assert service.at("/done") == []
    assert service.at("/rec") == []  # `absent` was not asked for


def test_a_deleted_recording_is_gone(
    simulator: Simulator, service: Service, twilio: Client
) -> None:
    record(service)
    call = called(simulator)
    simulator.post(f"calls/{call}/speak", {"text": "Je vais mieux"})
    over(simulator, call)
    (listed,) = twilio.recordings.list(call_sid=call)
    assert listed.delete()
    assert twilio.recordings.list(call_sid=call) == []
    with pytest.raises(TwilioRestException) as gone:
        listed.fetch()
    assert gone.value.status == 404
    media = simulator.http.get(listed.uri.replace(".json", ".wav"), auth=twilio.auth)
    assert media.status_code == 404


def test_the_end_of_a_persons_call_is_told_where_the_number_says(
    simulator: Simulator, service: Service
) -> None:
    number = {
        "value": NUMBER,
        "voice_url": service.url("/voice"),
        "voice_status_url": service.url("/ended"),
    }
    assert simulator.http.put("/simulator/numbers", json=[number]).status_code == 200
    service.answer("/voice", "<Response><Say>Bonjour</Say></Response>")
    call = simulator.post("inbound/calls", {"from": PHONE, "to": NUMBER}).json()["id"]
    (told,) = eventually(lambda: service.at("/ended"))
    assert (told.form["CallSid"], told.form["CallStatus"]) == (call, "completed")
    assert told.form["Direction"] == "inbound"


@pytest.mark.parametrize(
    ("mode", "answer", "expected"),
    [
        ("Enable", "machine", "machine_start"),
        ("DetectMessageEnd", "machine", "machine_end_beep"),
        ("DetectMessageEnd", "auto", "human"),
    ],
)
def test_who_picked_up(
    simulator: Simulator, twilio: Client, service: Service, mode: str, answer: str, expected: str
) -> None:
    simulator.behave(voice=FAST["voice"] | {"answer": answer})  # type: ignore[operator]
    service.answer("/voice", "<Response><Hangup/></Response>")
    call = place_call(twilio, twiml="", url=service.url("/voice"), machine_detection=mode)
    ended(simulator, call)
    assert service.at("/voice")[0].form["AnsweredBy"] == expected
