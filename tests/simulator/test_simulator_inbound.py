"""What people text to the hospital, and the carrier's own answers to keywords."""

from __future__ import annotations

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.simulator.simulator_harness import (
    ALPHANUMERIC,
    NUMBER,
    PHONE,
    SID,
    TOKEN,
    Simulator,
    eventually,
)
from tests.simulator.simulator_service import Service


def _type(simulator: Simulator, body: str) -> dict[str, object]:
    answer = simulator.post("inbound/sms", {"from": PHONE, "to": NUMBER, "body": body})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_the_published_parameters_signed(simulator: Simulator, service: Service) -> None:
    result = _type(simulator, "Mbɔ́ŋ 😍")

    [request] = service.at("/sms")
    sid = result["id"]
    places = ("FromCity", "FromState", "FromZip", "ToCity", "ToState", "ToZip")
    assert request.form == {
        "AccountSid": SID,
        "ApiVersion": "2010-04-01",
        "Body": "Mbɔ́ŋ 😍",
        "From": PHONE,
        "FromCountry": "CM",
        "MessageSid": sid,
        "MessagingServiceSid": request.form["MessagingServiceSid"],
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": "received",
        "To": NUMBER,
        "ToCountry": "US",
        **dict.fromkeys(places, ""),
    }
    signature = request.headers["X-Twilio-Signature"]
    assert RequestValidator(TOKEN).validate(request.url, request.form, signature)


def test_the_service_answers_by_twiml(
    simulator: Simulator, twilio: Client, service: Service
) -> None:
    service.answer("/sms", "<Response><Message>Merci &amp; à bientôt</Message></Response>")

    result = _type(simulator, "1")

    replies = result["replies"]
    assert isinstance(replies, list)
    reply = twilio.messages(replies[0]).fetch()
    assert (reply.body, reply.direction, reply.to) == ("Merci & à bientôt", "outbound-reply", PHONE)
    received = twilio.messages(str(result["id"])).fetch()
    assert (received.status, received.direction) == ("received", "inbound")


@pytest.mark.parametrize(
    ("status", "kind", "body", "error"),
    [
        (500, "text/xml", "", "11200"),
        (200, "text/xml", "<Response><Say>x</Say></Response>", "12200"),
        (200, "text/xml", "<Response><Message/></Response>", "14103"),
    ],
)
def test_a_wrong_answer_is_shown(
    simulator: Simulator, service: Service, status: int, kind: str, body: str, error: str
) -> None:
    service.answer("/sms", body, kind=kind, status=status)

    assert str(_type(simulator, "1")["error"]).startswith(error)


@pytest.mark.parametrize("word", ["STOP", " stop ", "StopAll", "CANCEL", "arret"])
def test_stop_is_obeyed_until_start(
    simulator: Simulator, twilio: Client, service: Service, word: str
) -> None:
    service.answer("/sms", "<Response><Message>Nous aussi</Message></Response>")

    result = _type(simulator, word)

    assert result["opt_out_type"] == service.at("/sms")[0].form["OptOutType"] == "STOP"
    assert str(result["error"]).startswith("21610")
    with pytest.raises(TwilioRestException) as refused:
        twilio.messages.create(to=PHONE, from_=NUMBER, body="x")
    assert refused.value.code == 21610
    assert twilio.messages.create(to=PHONE, from_=ALPHANUMERIC, body="x").status == "queued"

    assert _type(simulator, "start")["opt_out_type"] == "START"
    assert twilio.messages.create(to=PHONE, from_=NUMBER, body="x").status == "queued"


def test_the_carriers_own_answer_is_on_the_phone_but_not_in_the_api(
    simulator: Simulator, twilio: Client
) -> None:
    _type(simulator, "STOP")

    eventually(lambda: simulator.ledger(to=PHONE)[0]["state"] == "delivered")
    [answer] = simulator.ledger(to=PHONE)
    assert "unsubscribed" in answer["body"]
    assert answer["extra"]["automatic"] is True
    assert twilio.messages.list(to=PHONE) == []


@pytest.mark.parametrize("body", ["STOP PLEASE", "please stop", "1", "S T O P"])
def test_only_a_whole_message_is_a_keyword(simulator: Simulator, body: str) -> None:
    assert _type(simulator, body)["opt_out_type"] is None


@pytest.mark.parametrize(
    "document",
    [
        {"from": PHONE, "to": "+12025550199", "body": "x"},
        {"from": PHONE, "to": ALPHANUMERIC, "body": "x"},
        {"from": "nobody", "to": NUMBER, "body": "x"},
        {"from": PHONE, "to": NUMBER, "body": ""},
        {"from": PHONE, "to": NUMBER},
        [],
    ],
)
def test_what_cannot_be_typed(simulator: Simulator, document: object) -> None:
    assert simulator.post("inbound/sms", document).status_code == 400
    assert simulator.ledger() == []
