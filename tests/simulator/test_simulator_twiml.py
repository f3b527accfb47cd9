"""TwiML in all its branches: what is spoken, keyed, recorded, and what is refused."""

from __future__ import annotations

import io
import wave

import pytest
from twilio.rest import Client

from tests.simulator.simulator_harness import (
    SID,
    TOKEN,
    Simulator,
    ended,
    eventually,
    place_call,
    rings,
)
from tests.simulator.simulator_service import Service

MENU = (
    '<Response><Gather numDigits="1" timeout="5" action="/key"><Say>Tapez un</Say></Gather>'
    "<Say>Rien</Say></Response>"
)
RECORD = (
    '<Response><Record maxLength="20" timeout="2" action="/recorded"'
    ' recordingStatusCallback="/recording"/><Say>Vide</Say></Response>'
)


@pytest.mark.parametrize(
    ("digits", "spoken", "posted"),
    [
        (["1"], "Tapez un\nMerci", "1"),
        ([], "Tapez un\nRien", None),
        ([""], "Tapez un\nRien", None),
    ],
)
def test_gather(
    simulator: Simulator,
    twilio: Client,
    service: Service,
    digits: list[str],
    spoken: str,
    posted: str | None,
) -> None:
    simulator.behave(voice={"answer": "auto", "digits": digits})
    service.answer("/menu", MENU)
    service.answer("/key", "<Response><Say>Merci</Say></Response>")

    entry = ended(simulator, place_call(twilio, twiml="", url=service.url("/menu")))

    assert entry["body"] == spoken
    assert [request.form["Digits"] for request in service.at("/key")] == (
        [posted] if posted else []
    )


@pytest.mark.parametrize(
    ("attributes", "keyed", "digits", "key"),
    [
        ('finishOnKey="#"', "123#9", "123", "#"),
        ('finishOnKey="*"', "12#*", "12#", "*"),
        ('finishOnKey=""', "1#2", "1#2", ""),
        ('numDigits="2"', "1234", "12", ""),
    ],
)
def test_how_a_gather_ends(
    simulator: Simulator,
    twilio: Client,
    service: Service,
    attributes: str,
    keyed: str,
    digits: str,
    key: str,
) -> None:
    simulator.behave(voice={"answer": "auto", "digits": [keyed]})
    service.answer("/menu", f'<Response><Gather action="/key" {attributes}/></Response>')

    ended(simulator, place_call(twilio, twiml="", url=service.url("/menu")))

    [request] = service.at("/key")
    assert (request.form["Digits"], request.form["FinishedOnKey"]) == (digits, key)


def test_an_empty_gather_asks_if_it_is_told_to(
    simulator: Simulator, twilio: Client, service: Service
) -> None:
    simulator.behave(voice={"answer": "auto"})
    service.answer(
        "/menu", '<Response><Gather action="/key" actionOnEmptyResult="true"/></Response>'
    )

    ended(simulator, place_call(twilio, twiml="", url=service.url("/menu")))

    assert service.at("/key")[0].form["Digits"] == ""


def test_keys_by_hand_interrupt_the_prompt(
    simulator: Simulator, twilio: Client, service: Service
) -> None:
    simulator.behave(voice={"pace": 1.0})
    prompt = "un mot " * 60
    service.answer(
        "/menu",
        f'<Response><Gather numDigits="1" action="/key"><Say>{prompt}</Say></Gather></Response>',
    )
    call = place_call(twilio, twiml="", url=service.url("/menu"))
    rings(simulator, call)
    simulator.post(f"calls/{call.sid}/answer")
    eventually(lambda: simulator.entry(call.sid)["extra"]["waiting_for"] == "digits")

    assert simulator.post(f"calls/{call.sid}/digits", {"digits": "2"}).status_code == 204

    [request] = eventually(lambda: service.at("/key"))
    assert request.form["Digits"] == "2"
    assert ended(simulator, call)["extra"]["digits"] == "2"


def test_a_recording_can_be_fetched(simulator: Simulator, twilio: Client, service: Service) -> None:
    simulator.behave(voice={"answer": "auto", "speak": ["Je vais bien merci docteur"]})
    service.answer("/record", RECORD)

    call = place_call(twilio, twiml="", url=service.url("/record"))

    ended(simulator, call)
    [action] = service.at("/recorded")
    [status] = eventually(lambda: service.at("/recording"))
    [recording] = twilio.recordings.list()
    assert action.form["RecordingSid"] == status.form["RecordingSid"] == recording.sid
    assert action.form["RecordingDuration"] == recording.duration == "2"
    assert (status.form["RecordingStatus"], recording.source) == ("completed", "RecordVerb")
    assert [found.sid for found in twilio.calls(call.sid).recordings.list()] == [recording.sid]
    for url in (action.form["RecordingUrl"], action.form["RecordingUrl"] + ".wav"):
        audio = simulator.http.get(url, auth=(SID, TOKEN))
        with wave.open(io.BytesIO(audio.content)) as file:
            assert file.getnframes() / file.getframerate() == 2
    assert simulator.http.get(action.form["RecordingUrl"]).status_code == 401

    assert recording.delete() is True
    assert twilio.recordings.list() == []
    assert simulator.http.get(action.form["RecordingUrl"], auth=(SID, TOKEN)).status_code == 404


def test_an_empty_recording_makes_no_request(
    simulator: Simulator, twilio: Client, service: Service
) -> None:
    simulator.behave(voice={"answer": "auto"})
    service.answer("/record", RECORD)

    entry = ended(simulator, place_call(twilio, twiml="", url=service.url("/record")))

    assert entry["body"] == "Vide"
    assert service.at("/recorded") == service.at("/recording") == []
    assert twilio.recordings.list() == []


def test_speaking_by_hand_and_hanging_up(
    simulator: Simulator, twilio: Client, service: Service
) -> None:
    simulator.behave(voice={"pace": 0.5})
    service.answer("/record", RECORD)
    call = place_call(twilio, twiml="", url=service.url("/record"))
    rings(simulator, call)
    simulator.post(f"calls/{call.sid}/answer")
    eventually(lambda: simulator.entry(call.sid)["extra"]["waiting_for"] == "recording")

    simulator.post(f"calls/{call.sid}/speak", {"text": "bonjour", "seconds": 3, "hang_up": True})

    [action] = eventually(lambda: service.at("/recorded"))
    assert (action.form["RecordingDuration"], action.form["Digits"]) == ("3", "hangup")


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        ("<Response><Shout>x</Shout></Response>", "text/xml", 12200),
        ("<Response><say>x</say></Response>", "text/xml", 12200),
        ('<Response><Say lang="fr-FR">x</Say></Response>', "text/xml", 12200),
        ("<Response><Say><Pause/></Say></Response>", "text/xml", 12200),
        ('<Response><Say language="fr-CM">x</Say></Response>', "text/xml", 13512),
        ("<Response><Say></Say></Response>", "text/xml", 13520),
        ('<Response><Gather numDigits="0"/></Response>', "text/xml", 13314),
        ('<Response><Gather timeout="-1"/></Response>', "text/xml", 13313),
        ('<Response><Gather finishOnKey="##"/></Response>', "text/xml", 13310),
        ('<Response><Gather input="telepathy"/></Response>', "text/xml", 13326),
        ('<Response><Record maxLength="0"/></Response>', "text/xml", 13612),
        ("<Response><Redirect/></Response>", "text/xml", 11100),
        ("<Reply/>", "text/xml", 12102),
        ("<Response>", "text/xml", 12100),
        ("<!DOCTYPE x><Response/>", "text/xml", 12100),
        ("{}", "application/json", 12300),
        ("<Response><Dial>+237677123456</Dial></Response>", "text/xml", 12200),
    ],
)
def test_what_the_schema_does_not_know_is_an_application_error(
    simulator: Simulator, twilio: Client, service: Service, body: str, kind: str, code: int
) -> None:
    simulator.behave(voice={"answer": "auto"})
    service.answer("/bad", body, kind=kind)

    entry = ended(simulator, place_call(twilio, twiml="", url=service.url("/bad")))

    assert entry["extra"]["error_code"] == code
    assert entry["body"] == "We are sorry, an application error has occurred. Goodbye."


def test_redirect_pause_play_and_hangup(
    simulator: Simulator, twilio: Client, service: Service
) -> None:
    simulator.behave(voice={"answer": "auto"})
    service.answer("/one", '<Response><Pause length="2"/><Redirect>two</Redirect></Response>')
    service.answer("/two", "<Response><Play>/audio.wav</Play><Hangup/><Say>Never</Say></Response>")
    service.answer("/audio.wav", "RIFF", kind="audio/wav")

    entry = ended(simulator, place_call(twilio, twiml="", url=service.url("/one")))

    assert entry["body"] == "♪ /audio.wav"
    assert len(service.at("/audio.wav")) == 1


def test_a_redirect_loop_ends(simulator: Simulator, twilio: Client, service: Service) -> None:
    simulator.behave(voice={"answer": "auto", "pace": 0})
    service.answer("/loop", "<Response><Redirect>/loop</Redirect></Response>")

    entry = ended(simulator, place_call(twilio, twiml="", url=service.url("/loop")))

    assert entry["extra"]["error_code"] == 12400
