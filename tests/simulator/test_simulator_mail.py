"""E-mail: SendGrid's library and smtplib, unmodified."""

from __future__ import annotations

import json
import smtplib
from email.message import EmailMessage
from typing import Any

import pytest
from python_http_client.exceptions import BadRequestsError, UnauthorizedError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.eventwebhook import EventWebhook
from sendgrid.helpers.mail import CustomArg, Mail

from tests.simulator.simulator_harness import SENDGRID_KEY, Simulator, eventually, running
from tests.simulator.simulator_service import Service

PATIENT = "patient@example.org"


def _client(simulator: Simulator, key: str = SENDGRID_KEY) -> SendGridAPIClient:
    return SendGridAPIClient(key, host=simulator.base)


def _mail(**change: Any) -> dict[str, Any]:
    mail = Mail("hopital@example.org", PATIENT, "Rappel", "Bonjour à tous", "<p>Bonjour</p>")
    mail.add_custom_arg(CustomArg("delivery", "42"))
    return {**mail.get(), **change}


def test_a_mail_is_kept_and_its_events_are_signed(simulator: Simulator, service: Service) -> None:
    answer = _client(simulator).send(_mail())

    assert answer.status_code == 202
    assert answer.body == b""
    [entry] = simulator.ledger(channel="email")
    assert (entry["to"], entry["body"]) == (PATIENT, "Bonjour à tous")
    assert entry["extra"]["subject"] == "Rappel"
    assert entry["extra"]["message_id"] == answer.headers["X-Message-Id"]
    received = eventually(lambda: _if_two(service))
    events = [json.loads(request.body)[0] for request in received]
    assert sorted(event["event"] for event in events) == ["delivered", "processed"]
    assert {event["delivery"] for event in events} == {"42"}
    assert {event["sg_message_id"].split(".")[0] for event in events} == {
        answer.headers["X-Message-Id"]
    }
    assert len({event["sg_event_id"] for event in events}) == 2
    checker = EventWebhook(simulator.http.get("/simulator/sendgrid-public-key").text)
    for request in received:
        signature = request.headers["X-Twilio-Email-Event-Webhook-Signature"]
        stamp = request.headers["X-Twilio-Email-Event-Webhook-Timestamp"]
        assert checker.verify_signature(request.body.decode(), signature, stamp)
        assert not checker.verify_signature(request.body.decode() + " ", signature, stamp)


def _if_two(service: Service) -> list[Any] | None:
    received = service.at("/sendgrid")
    return received if len(received) == 2 else None


def test_a_bounce(simulator: Simulator, service: Service) -> None:
    simulator.behave(outcomes={PATIENT: {"outcome": "undelivered"}})

    _client(simulator).send(_mail())

    received = eventually(lambda: _if_two(service))
    events = {event["event"]: event for request in received for event in json.loads(request.body)}
    assert set(events) == {"processed", "bounce"}  # on two connections: in either order
    assert (events["bounce"]["type"], events["bounce"]["email"]) == ("bounce", PATIENT)
    assert simulator.ledger()[0]["state"] == "bounce"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"personalizations": []}, "personalizations"),
        ({"personalizations": [{"to": []}]}, "personalizations.0.to"),
        ({"personalizations": [{"to": [{"email": "nobody"}]}]}, "personalizations.0.to.0.email"),
        ({"personalizations": [{"to": [PATIENT]}]}, "personalizations.0.to.0"),
        (
            {"personalizations": [{"to": [{"email": PATIENT}], "cc": [{"email": PATIENT}]}]},
            "personalizations.0",
        ),
        ({"from": {}}, "from.email"),
        ({"from": {"email": "nobody"}}, "from.email"),
        ({"subject": ""}, "subject"),
        ({"content": []}, "content"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0.value"),
        ({"custom_args": {"delivery": 42}}, "custom_args"),
        ({"headers": {"Subject": "x"}}, "headers"),
    ],
)
def test_refusals(simulator: Simulator, change: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequestsError) as refused:
        _client(simulator).send(_mail(**change))

    [error] = json.loads(refused.value.body)["errors"]
    assert (refused.value.status_code, error["field"]) == (400, field)
    assert set(error) == {"message", "field", "help"}
    assert simulator.ledger() == []


def test_a_wrong_key(simulator: Simulator) -> None:
    with pytest.raises(UnauthorizedError):
        _client(simulator, "SG.wrong").send(_mail())

    assert simulator.ledger() == []


def test_smtp_keeps_what_it_takes(simulator: Simulator) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "Hôpital <hopital@example.org>", PATIENT
    message["Subject"], message["Message-ID"] = "Rappel à tous", "<1@example.org>"
    message["X-Careloop-Delivery"] = "42"
    message.set_content("Bonjour à tous, ɓ")
    message.add_alternative("<p>Bonjour</p>", subtype="html")

    with smtplib.SMTP("127.0.0.1", simulator.smtp_port, timeout=5) as smtp:
        smtp.login("any", "thing")
        smtp.send_message(message)

    [entry] = simulator.ledger(to=PATIENT)
    assert (entry["from"], entry["body"].strip()) == ("hopital@example.org", "Bonjour à tous, ɓ")
    assert entry["extra"]["from_name"] == "Hôpital"
    assert entry["extra"]["subject"] == "Rappel à tous"
    assert entry["extra"]["html"].strip() == "<p>Bonjour</p>"
    assert entry["extra"]["message_id"] == "1@example.org"
    assert entry["extra"]["headers"]["X-Careloop-Delivery"] == "42"


@pytest.mark.parametrize(
    ("fault", "error", "accepted"),
    [
        ({"kind": "status", "status": 500}, smtplib.SMTPDataError, 0),
        ({"kind": "accept_then_drop"}, smtplib.SMTPServerDisconnected, 1),
        ({"kind": "drop"}, smtplib.SMTPServerDisconnected, 0),
    ],
)
def test_smtp_faults(
    simulator: Simulator, fault: dict[str, Any], error: type[Exception], accepted: int
) -> None:
    simulator.behave(faults=[{"on": "smtp.data", **fault}])
    text = "Subject: x\r\n\r\nx"

    with pytest.raises(error), smtplib.SMTP("127.0.0.1", simulator.smtp_port, timeout=5) as smtp:
        smtp.sendmail("hopital@example.org", [PATIENT], text)

    assert len(simulator.ledger()) == accepted


def test_smtp_with_a_password() -> None:
    env = {"SIMULATOR_SMTP_USER": "careloop", "SIMULATOR_SMTP_PASSWORD": "right"}

    with (
        running(env=env) as simulator,
        smtplib.SMTP("127.0.0.1", simulator.smtp_port, timeout=5) as smtp,
    ):
        with pytest.raises(smtplib.SMTPAuthenticationError):
            smtp.login("careloop", "wrong")
        assert smtp.login("careloop", "right")[0] == 235
