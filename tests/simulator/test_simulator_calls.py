"""Calls: TwiML in all its branches, callbacks, recordings, and calls from people."""

from __future__ import annotations

import io
import wave
from typing import Any

import pytest
from simulator_harness import (
    ALPHANUMERIC,
    LANDLINE,
    NUMBER,
    PHONE,
    SID,
    TOKEN,
    Simulator,
    eventually,
)
from simulator_service import Service
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

SAY = '<Response><Say language="fr-FR">Bonjour à tous</Say></Response>'
MENU = (
    '<Response><Gather numDigits="1" timeout="5" action="/key"><Say>Tapez un</Say></Gather>'
    "<Say>Rien</Say></Response>"
)
RECORD = (
    '<Response><Record maxLength="20" timeout="2" action="/recorded"'
    ' recordingStatusCallback="/recording"/><Say>Vide</Say></Response>'
)


def _call(twilio: Client, **more: Any) -> Any:
    return twilio.calls.create(**{"to": PHONE, "from_": NUMBER, "twiml": SAY, **more})


def _ended(simulator: Simulator, call: Any) -> dict[str, Any]:
    over = {"completed", "busy", "failed", "no-answer", "canceled"}
    return eventually(lambda: _if(simulator.entry(call.sid), over))


def _if(entry: dict[str, Any], states: set[str]) -> dict[str, Any] | None:
    return entry if entry["state"] in states else None


def _rings(simulator: Simulator, call: Any) -> None:
    eventually(lambda: simulator.entry(call.sid)["state"] == "ringing")


def test_a_call_is_spoken(simulator: Simulator, twilio: Client) -> None:
    simulator.behave(voice={"answer": "auto"})

    call = _call(twilio)

    assert call.status == "queued"
    entry = _ended(simulator, call)
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
        _call(twilio, **change)

    assert refused.value.code == code
    assert simulator.ledger() == []


def test_a_landline_can_be_called(simulator: Simulator, twilio: Client) -> None:
    simulator.behave(voice={"answer": "auto"})

    assert _ended(simulator, _call(twilio, to=LANDLINE))["state"] == "completed"


@pytest.mark.parametrize("answer", ["busy", "failed"])
def test_nobody_is_reached(simulator: Simulator, twilio: Client, answer: str) -> None:
    simulator.behave(voice={"answer": answer})

    assert _ended(simulator, _call(twilio))["state"] == answer


def test_nobody_picks_up(simulator: Simulator, twilio: Client) -> None:
    assert _ended(simulator, _call(twilio, timeout=1))["state"] == "no-answer"


def test_picked_up_and_declined_by_hand(simulator: Simulator, twilio: Client) -> None:
    simulator.behave(voice={"pace": 0.2})
    declined = _call(twilio)
    _rings(simulator, declined)
    assert simulator.post(f"calls/{declined.sid}/decline").status_code == 204
    assert _ended(simulator, declined)["state"] == "busy"

    answered = _call(twilio)
    _rings(simulator, answered)
    assert simulator.post(f"calls/{answered.sid}/answer").status_code == 204
    assert _ended(simulator, answered)["state"] == "completed"
    assert simulator.post(f"calls/{answered.sid}/answer").status_code == 400


def test_progress_is_called_back_in_order_and_signed(
    simulator: Simulator, twilio: Client, service: Service
) -> None:
    simulator.behave(voice={"answer": "auto", "pace": 0.2})
    events = ["initiated", "ringing", "answered", "completed"]

    call = _call(twilio, status_callback=service.url("/cb"), status_callback_event=events)

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

    _ended(simulator, _call(twilio, status_callback=service.url("/cb")))

    eventually(lambda: service.at("/cb"))
    assert [request.form["CallStatus"] for request in service.at("/cb")] == ["completed"]


def test_a_get_callback_carries_its_parameters_in_the_signed_url(
    simulator: Simulator, twilio: Client, service: Service
) -> None:
    simulator.behave(voice={"answer": "auto"})

    _call(twilio, status_callback=service.url("/cb?a=1"), status_callback_method="GET")

    [request] = eventually(lambda: service.at("/cb"))
    assert (request.method, request.query["a"]) == ("GET", "1")
    assert request.query["CallStatus"] == "completed"
    signature = request.headers["X-Twilio-Signature"]
    assert RequestValidator(TOKEN).validate(request.url, {}, signature)


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

    entry = _ended(simulator, _call(twilio, twiml="", url=service.url("/menu")))

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

    _ended(simulator, _call(twilio, twiml="", url=service.url("/menu")))

    [request] = service.at("/key")
    assert (request.form["Digits"], request.form["FinishedOnKey"]) == (digits, key)


def test_an_empty_gather_asks_if_it_is_told_to(
    simulator: Simulator, twilio: Client, service: Service
) -> None:
    simulator.behave(voice={"answer": "auto"})
    service.answer(
        "/menu", '<Response><Gather action="/key" actionOnEmptyResult="true"/></Response>'
    )

    _ended(simulator, _call(twilio, twiml="", url=service.url("/menu")))

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
    call = _call(twilio, twiml="", url=service.url("/menu"))
    _rings(simulator, call)
    simulator.post(f"calls/{call.sid}/answer")
    eventually(lambda: simulator.entry(call.sid)["extra"]["waiting_for"] == "digits")

    assert simulator.post(f"calls/{call.sid}/digits", {"digits": "2"}).status_code == 204

    [request] = eventually(lambda: service.at("/key"))
    assert request.form["Digits"] == "2"
    assert _ended(simulator, call)["extra"]["digits"] == "2"


def test_a_recording_can_be_fetched(simulator: Simulator, twilio: Client, service: Service) -> None:
    simulator.behave(voice={"answer": "auto", "speak": ["Je vais bien merci docteur"]})
    service.answer("/record", RECORD)

    call = _call(twilio, twiml="", url=service.url("/record"))

    _ended(simulator, call)
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

    entry = _ended(simulator, _call(twilio, twiml="", url=service.url("/record")))

    assert entry["body"] == "Vide"
    assert service.at("/recorded") == service.at("/recording") == []
    assert twilio.recordings.list() == []


def test_speaking_by_hand_and_hanging_up(
    simulator: Simulator, twilio: Client, service: Service
) -> None:
    simulator.behave(voice={"pace": 0.5})
    service.answer("/record", RECORD)
    call = _call(twilio, twiml="", url=service.url("/record"))
    _rings(simulator, call)
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

    entry = _ended(simulator, _call(twilio, twiml="", url=service.url("/bad")))

    assert entry["extra"]["error_code"] == code
    assert entry["body"] == "We are sorry, an application error has occurred. Goodbye."


def test_the_fallback_url_is_asked(simulator: Simulator, twilio: Client, service: Service) -> None:
    simulator.behave(voice={"answer": "auto"})
    service.answer("/bad", "no", status=500)
    service.answer("/fallback", SAY)

    entry = _ended(
        simulator,
        _call(twilio, twiml="", url=service.url("/bad"), fallback_url=service.url("/fallback")),
    )

    assert entry["body"] == "Bonjour à tous"
    assert service.at("/fallback")[0].form["ErrorCode"] == "11200"


def test_redirect_pause_play_and_hangup(
    simulator: Simulator, twilio: Client, service: Service
) -> None:
    simulator.behave(voice={"answer": "auto"})
    service.answer("/one", '<Response><Pause length="2"/><Redirect>two</Redirect></Response>')
    service.answer("/two", "<Response><Play>/audio.wav</Play><Hangup/><Say>Never</Say></Response>")
    service.answer("/audio.wav", "RIFF", kind="audio/wav")

    entry = _ended(simulator, _call(twilio, twiml="", url=service.url("/one")))

    assert entry["body"] == "♪ /audio.wav"
    assert len(service.at("/audio.wav")) == 1


def test_a_redirect_loop_ends(simulator: Simulator, twilio: Client, service: Service) -> None:
    simulator.behave(voice={"answer": "auto", "pace": 0})
    service.answer("/loop", "<Response><Redirect>/loop</Redirect></Response>")

    entry = _ended(simulator, _call(twilio, twiml="", url=service.url("/loop")))

    assert entry["extra"]["error_code"] == 12400


def test_a_call_in_progress_is_changed(simulator: Simulator, twilio: Client) -> None:
    simulator.behave(voice={"answer": "auto", "pace": 1})
    call = _call(twilio, twiml='<Response><Pause length="60"/></Response>')
    with pytest.raises(TwilioRestException) as early:
        call.update(twiml=SAY)
    assert early.value.code == 21220
    eventually(lambda: call.fetch().status == "in-progress")

    call.update(twiml="<Response><Say>Autre chose</Say><Pause length='60'/></Response>")
    eventually(lambda: simulator.entry(call.sid)["body"] == "Autre chose")
    call.update(status="completed")

    assert _ended(simulator, call)["state"] == "completed"
    with pytest.raises(TwilioRestException):
        call.update(status="completed")
    assert call.delete() is True


def test_a_ringing_call_is_canceled(simulator: Simulator, twilio: Client) -> None:
    call = _call(twilio)
    _rings(simulator, call)

    call.update(status="canceled")

    assert _ended(simulator, call)["state"] == "canceled"


def test_an_answering_machine(simulator: Simulator, twilio: Client, service: Service) -> None:
    simulator.behave(voice={"answer": "machine"})
    service.answer("/voice", SAY)

    url = service.url("/voice")
    _ended(simulator, _call(twilio, twiml="", url=url, machine_detection="Enable"))

    assert service.at("/voice")[0].form["AnsweredBy"] == "machine_start"


def test_a_person_is_rejected(simulator: Simulator, service: Service) -> None:
    service.answer("/voice", '<Response><Reject reason="busy"/></Response>')

    call = simulator.post("inbound/calls", {"from": PHONE, "to": NUMBER}).json()

    entry = eventually(lambda: _if(simulator.entry(call["id"]), {"busy", "completed"}))
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
