"""E-mail clients: every outcome that SendGrid or an SMTP server can bring, and what is sent.

To see them fail: let `ProviderHttp` call every failure `DidNotLeave`, let `SmtpEmail` set
`text_may_have_left` after the text or before DATA, let `_NO` hold every number, leave out
`one_line` or the dots of `_as_data`, or let RCPT's no always be the recipient's.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from config.settings import EmailSettings
from services.sender.suspension import suspends
from tests.simulator.simulator_harness import SENDGRID_KEY, SID, TOKEN, Simulator, running
from tests.tree import free_port
from tests.utils.mail_servers import CUT, SILENCE, scripted
from utils.email_client import SendGridEmail, SmtpEmail, as_html, one_line
from utils.provider_codes import SENDER_REFUSED
from utils.senders import NoList, Outbound, Verdict

FROM, TO = "rappel@hopital.example", "patient@example.com"
TEXT = "Rappel : RDV à 10 h.\nApportez <votre> carnet & l’ordonnance.\n\nŋ ɓ ɗ ɛ́"
ACCEPTED, REFUSED, THROTTLED = Verdict.accepted, Verdict.refused, Verdict.throttled
UNREACHABLE, UNKNOWN = Verdict.unreachable, Verdict.unknown


def outbound(**more: Any) -> Outbound:
    given = {
        "to": TO,
        "text": TEXT,
        "language": "fra",
        "reference": "1.42",
        "callback": "",
        "seconds_valid": 3600,
        "subject": "Rappel de Hôpital Nord",
        "sender_name": "Hôpital Nord",
    }
    return Outbound(**(given | more))


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    options = ("--account-sid", SID, "--auth-token", TOKEN, "--sendgrid-key", SENDGRID_KEY)
    with running(*options) as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def _good_manners(request: pytest.FixtureRequest) -> None:
    if "simulator" in request.fixturenames:
        simulator = request.getfixturevalue("simulator")
        simulator.behave()
        simulator.http.delete("/simulator/ledger")


def sendgrid(url: str, key: str = SENDGRID_KEY) -> SendGridEmail:
    settings = EmailSettings(
        SENDGRID_API_KEY=SecretStr(key), SENDGRID_API_URL=url, EMAIL_TIMEOUT=0.5
    )
    return SendGridEmail(settings, FROM, connections=2)


def smtp(port: int, **more: Any) -> SmtpEmail:
    given = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": port, "SMTP_TLS": False, "EMAIL_TIMEOUT": 0.5}
    return SmtpEmail(EmailSettings(**(given | more)), FROM)


def test_what_sendgrid_gets(simulator: Simulator) -> None:
    outcome = sendgrid(simulator.base).send(outbound())
    (entry,) = simulator.ledger()
    assert outcome.verdict is ACCEPTED
    assert outcome.provider_id == entry["extra"]["message_id"]
    assert (entry["to"], entry["from"], entry["body"]) == (TO, FROM, TEXT)
    assert entry["extra"]["subject"] == "Rappel de Hôpital Nord"
    assert entry["extra"]["from_name"] == "Hôpital Nord"
    assert entry["extra"]["custom_args"] == {"delivery": "1.42"}
    assert entry["extra"]["categories"] == []


def test_what_an_smtp_server_gets(simulator: Simulator) -> None:
    outcome = smtp(simulator.smtp_port, SMTP_USER="u", SMTP_PASS=SecretStr("p")).send(outbound())
    (entry,) = simulator.ledger()
    assert outcome.verdict is ACCEPTED
    assert outcome.provider_id == entry["extra"]["message_id"] == "delivery.1.42@hopital.example"
    assert (entry["to"], entry["from"]) == (TO, FROM)
    assert entry["body"].replace("\r\n", "\n").rstrip("\n") == TEXT
    assert entry["extra"]["subject"] == "Rappel de Hôpital Nord"
    assert entry["extra"]["from_name"] == "Hôpital Nord"


@pytest.mark.parametrize(
    ("fault", "verdict", "code"),
    [
        ({"kind": "status", "status": 429, "retry_after": 7}, THROTTLED, "429"),
        ({"kind": "status", "status": 400}, REFUSED, "400"),
        ({"kind": "status", "status": 413}, REFUSED, "413"),
        ({"kind": "status", "status": 401}, UNREACHABLE, "401"),
        ({"kind": "status", "status": 403}, UNREACHABLE, "403"),
        ({"kind": "status", "status": 500}, UNKNOWN, "500"),
        ({"kind": "status", "status": 503}, UNKNOWN, "503"),
        ({"kind": "status", "status": 500, "after_accept": True}, UNKNOWN, "500"),
        ({"kind": "drop"}, UNKNOWN, "cut"),
        ({"kind": "accept_then_drop"}, UNKNOWN, "cut"),
        ({"kind": "slow", "seconds": 2}, UNKNOWN, "timeout"),
    ],
)
def test_sendgrid_outcomes(
    simulator: Simulator, fault: dict[str, Any], verdict: Verdict, code: str
) -> None:
    simulator.behave(faults=[{"on": "mail.send", **fault}])
    outcome = sendgrid(simulator.base).send(outbound())
    assert (outcome.verdict, outcome.code) == (verdict, code)
    assert outcome.retry_after == (7 if code == "429" else None)


def test_sendgrid_refuses_a_wrong_key_and_a_bad_address(simulator: Simulator) -> None:
    assert sendgrid(simulator.base, "SG.wrong").send(outbound()).verdict is UNREACHABLE
    assert sendgrid(simulator.base).send(outbound(to="nobody")).verdict is REFUSED
    assert simulator.ledger() == []


def test_nothing_leaves_where_nobody_listens() -> None:
    port = free_port()
    assert sendgrid(f"http://127.0.0.1:{port}").send(outbound()).verdict is UNREACHABLE
    assert smtp(port).send(outbound()).verdict is UNREACHABLE


def test_nothing_leaves_without_a_name_or_without_tls(simulator: Simulator) -> None:
    assert sendgrid("http://nowhere.invalid").send(outbound()).verdict is UNREACHABLE
    assert smtp(25, SMTP_HOST="nowhere.invalid").send(outbound()).verdict is UNREACHABLE
    assert sendgrid(simulator.base.replace("http:", "https:")).send(outbound()).verdict is (
        UNREACHABLE
    )
    assert smtp(simulator.smtp_port, SMTP_TLS=True).send(outbound()).code == "unsupported"


@pytest.mark.parametrize(
    ("fault", "verdict", "code"),
    [
        ({"kind": "status", "status": 429}, THROTTLED, "451"),
        ({"kind": "status", "status": 500}, REFUSED, "550"),
        ({"kind": "drop"}, UNKNOWN, "cut"),
        ({"kind": "accept_then_drop"}, UNKNOWN, "cut"),
        ({"kind": "slow", "seconds": 2}, UNKNOWN, "timeout"),
    ],
)
def test_smtp_outcomes(
    simulator: Simulator, fault: dict[str, Any], verdict: Verdict, code: str
) -> None:
    simulator.behave(faults=[{"on": "smtp.data", **fault}])
    outcome = smtp(simulator.smtp_port).send(outbound())
    assert (outcome.verdict, outcome.code) == (verdict, code)


LOGIN = {"SMTP_USER": "u", "SMTP_PASS": SecretStr("p")}


@pytest.mark.parametrize(
    ("script", "settings", "verdict", "code"),
    [
        ({"greeting": CUT}, {}, UNREACHABLE, "cut"),
        ({"greeting": SILENCE}, {}, UNREACHABLE, "timeout"),
        ({"greeting": "421 full"}, {}, THROTTLED, "421"),
        ({"greeting": "554 go away"}, {}, UNREACHABLE, "554"),
        (
            {"EHLO": "250-t\r\n250 STARTTLS", "STARTTLS": CUT},
            {"SMTP_TLS": True},
            UNREACHABLE,
            "cut",
        ),
        ({"EHLO": "250 test"}, LOGIN, UNREACHABLE, "unsupported"),
        ({"AUTH": "535 who are you"}, LOGIN, UNREACHABLE, "535"),
        ({"AUTH": "454 not now"}, LOGIN, THROTTLED, "454"),
        ({}, {"SMTP_USER": "ü", "SMTP_PASS": SecretStr("p")}, UNREACHABLE, "unsupported"),
        ({"MAIL": "530 log in first"}, {}, UNREACHABLE, "530"),
        ({"MAIL": "421 busy"}, {}, THROTTLED, "421"),
        ({"MAIL": CUT}, {}, UNREACHABLE, "cut"),
        ({"RCPT": "450 greylisted"}, {}, THROTTLED, "450"),
        ({"RCPT": "550 no such user"}, {}, REFUSED, "550"),
        ({"RCPT": SILENCE}, {}, UNREACHABLE, "timeout"),
        ({"DATA": "452 disk full"}, {}, THROTTLED, "452"),
        ({"DATA": "554 no"}, {}, REFUSED, "554"),
        ({"DATA": CUT}, {}, UNREACHABLE, "cut"),
        ({"DATA": SILENCE}, {}, UNREACHABLE, "timeout"),
        ({"DATA": "250 what"}, {}, UNREACHABLE, "cut"),
        ({"text": CUT}, {}, UNKNOWN, "cut"),
        ({"text": SILENCE}, {}, UNKNOWN, "timeout"),
        ({"text": "421 closing"}, {}, THROTTLED, "421"),
        ({"text": "554 spam"}, {}, REFUSED, "554"),
        ({"QUIT": CUT}, {}, ACCEPTED, None),
        ({"QUIT": SILENCE}, {}, ACCEPTED, None),
    ],
)
def test_smtp_outcomes_step_by_step(
    script: dict[str, str], settings: dict[str, Any], verdict: Verdict, code: str | None
) -> None:
    with scripted(**script) as server:
        outcome = smtp(server.port, **settings).send(outbound())
    assert (outcome.verdict, outcome.code) == (verdict, code)


@pytest.mark.parametrize(
    "script",
    [
        {"MAIL": "550 not you"},
        {"MAIL": "553 5.7.1 sender address rejected: not owned by user"},
        {"MAIL": "550 5.7.60 client does not have permissions to send as this sender"},
        {"MAIL": "554 5.7.1 your IP is on a block list"},
        {"RCPT": "554 5.7.1 relay access denied"},
        {"RCPT": "550 5.7.1 relaying denied: authenticate first"},
        {"RCPT": "550 we do not relay"},
        {"RCPT": "550-5.7.1 Relaying\r\n550 5.7.1 denied"},
        {"RCPT": "553 5.7.1 <rappel@hopital.example>: sender address rejected"},
        {"RCPT": "550 5.1.8 <rappel@hopital.example>: domain not found"},
    ],
)
def test_a_senders_fault_is_not_the_patients(script: dict[str, str]) -> None:
    """Every mail meets it, so it suspends the sender and uses up no reminder (decision 0010)."""
    with scripted(**script) as server:
        outcome = smtp(server.port).send(outbound())
    assert (outcome.verdict, outcome.code) == (UNREACHABLE, SENDER_REFUSED)
    assert suspends("smtp", outcome.code)


@pytest.mark.parametrize(
    "no",
    [
        "550 5.1.1 no such user",
        "550 5.1.1 no such user here; we do not relay for others",
        "552 5.2.2 mailbox full",
        "550 5.4.1 no answer from host",
        "550 5.7.17 mailbox has changed hands",
        "550 no such user",
        "501 5.1.3 bad address syntax",
    ],
)
def test_a_recipients_fault_is_theirs_alone(no: str) -> None:
    with scripted(RCPT=no) as server:
        outcome = smtp(server.port).send(outbound())
    assert (outcome.verdict, outcome.code) == (REFUSED, no[:3])


@pytest.mark.parametrize("said", [b"2", b"25", b"5", b"2\xff0 what\r\n", b"354 what\r\n"])
def test_half_a_yes_after_the_text_is_no_refusal(said: bytes) -> None:
    with scripted(text=said) as server:
        outcome = smtp(server.port).send(outbound())
    assert server.texts
    assert (outcome.verdict, outcome.code) == (UNKNOWN, "cut")


@pytest.mark.parametrize("step", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("said", [b"", b"2", b"5"])
def test_half_an_answer_before_the_text_means_that_nothing_left(step: str, said: bytes) -> None:
    with scripted(**{step: said}) as server:
        outcome = smtp(server.port).send(outbound())
    assert server.texts == []
    assert (outcome.verdict, outcome.code) == (UNREACHABLE, "cut")


def test_a_line_that_begins_with_a_dot_ends_no_mail() -> None:
    text = ".\n..\nRappel.\n. fin"
    with scripted() as server:
        assert smtp(server.port).send(outbound(text=text)).verdict is ACCEPTED
    (raw,) = server.texts
    unstuffed = b"\r\n".join(line.removeprefix(b".") for line in raw.split(b"\r\n"))
    plain = message_from_bytes(unstuffed, policy=policy.default).get_body(("plain",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n").rstrip("\n") == text


def test_neither_has_a_list() -> None:
    for sender in (sendgrid("http://127.0.0.1:9"), smtp(9)):
        with pytest.raises(NoList):
            sender.passed(TO, datetime.now(UTC))


def test_a_mail_is_plain_ascii_on_the_wire_and_readable_at_its_end() -> None:
    with scripted() as server:
        assert smtp(server.port).send(outbound()).verdict is ACCEPTED
    (raw,) = server.texts
    assert raw.isascii()
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["Subject"] == "Rappel de Hôpital Nord"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "fr"
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert page is not None
    assert plain.get_content().replace("\r\n", "\n").rstrip("\n") == TEXT
    assert "&lt;votre&gt; carnet &amp; l’ordonnance" in page.get_content()


def test_the_page_is_accessible_and_loads_nothing() -> None:
    page = as_html("Un\ndeux\n\n<img src=//evil>", "Rappel", "dua")
    assert '<html lang="dua">' in page
    assert "<title>Rappel</title>" in page
    assert "<p>Un<br>deux</p><p>&lt;img src=//evil&gt;</p>" in page
    assert "src=" not in page.replace("&lt;img src=//evil&gt;", "")


NASTY = "Clinique\r\nBcc: evil@example.com\n\n\u2028\u0085\x00<script>"


def test_a_name_or_subject_cannot_begin_a_header(simulator: Simulator) -> None:
    nasty = outbound(subject=NASTY, sender_name=NASTY)
    assert smtp(simulator.smtp_port).send(nasty).verdict is ACCEPTED
    assert sendgrid(simulator.base).send(nasty).verdict is ACCEPTED
    for entry in simulator.ledger():
        assert entry["to"] == TO
        assert entry["extra"]["subject"] == "Clinique Bcc: evil@example.com <script>"
        assert "Bcc" not in entry["extra"]["headers"]


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    line = one_line(text)
    assert line.splitlines() in ([], [line])
    assert one_line(line) == line


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_subject_and_name_make_a_mail(text: str) -> None:
    mail = smtp(9).compose(outbound(subject=text, sender_name=text))
    parsed = message_from_bytes(mail.as_bytes(), policy=policy.default)
    assert parsed["Bcc"] is None
    assert len(parsed.get_all("Subject", [])) == 1


def test_the_libraries_say_nothing_of_a_mail(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sendgrid(simulator.base).send(outbound())
    smtp(simulator.smtp_port).send(outbound())
    assert TO not in caplog.text
    assert "10 h" not in caplog.text
