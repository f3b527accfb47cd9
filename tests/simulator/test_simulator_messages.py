"""Messages through the real library: what is accepted, what is refused, how it is listed."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests import http
from tests.simulator.simulator_harness import (
    ALPHANUMERIC,
    LANDLINE,
    NUMBER,
    PHONE,
    SERVICE,
    SID,
    TOKEN,
    VOICE_ONLY,
    Simulator,
    eventually,
)
from tests.simulator.simulator_service import Service

GOOD = {"to": PHONE, "from_": NUMBER, "body": "Bonjour"}


def test_a_message_is_kept_and_gets_delivered(simulator: Simulator, twilio: Client) -> None:
    message = twilio.messages.create(**GOOD)

    assert message.status == "queued"
    assert message.sid.startswith("SM")
    assert eventually(lambda: message.fetch().status == "delivered")
    [entry] = simulator.ledger()
    assert entry["id"] == message.sid
    assert (entry["from"], entry["to"], entry["body"]) == (NUMBER, PHONE, "Bonjour")
    assert (entry["channel"], entry["direction"], entry["state"]) == (
        "sms",
        "outbound-api",
        "delivered",
    )
    assert abs(datetime.fromisoformat(entry["time"]).timestamp() - time.time()) < 10


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        ({"to": ""}, 21604, 400),
        ({"to": "12345"}, 21211, 400),
        ({"to": "677123456"}, 21211, 400),
        ({"to": "+23767712345"}, 21211, 400),
        ({"to": LANDLINE}, 21614, 400),
        ({"from_": ""}, 21603, 400),
        ({"from_": "no sender at all"}, 21212, 400),
        ({"from_": "+12025550199"}, 21659, 400),
        ({"from_": "NOTOURS"}, 21659, 400),
        ({"from_": VOICE_ONLY}, 21606, 400),
        ({"body": ""}, 21602, 400),
        ({"body": "  \n"}, 21602, 400),
        ({"body": "x" * 1601}, 21617, 400),
        ({"media_url": ["not a url"]}, 21620, 400),
        ({"media_url": ["https://example.com/a.png"] * 11}, 21623, 400),
        ({"status_callback": "ftp://example.com"}, 21609, 400),
        ({"status_callback": "https://under_score.example"}, 21609, 400),
        ({"validity_period": 0}, 20001, 400),
        ({"validity_period": 36001}, 20001, 400),
        ({"messaging_service_sid": "MG" + "0" * 32}, 21701, 404),
        ({"to": f"whatsapp:{PHONE}"}, 21910, 400),
    ],
)
def test_refusals(
    simulator: Simulator, twilio: Client, change: dict[str, Any], code: int, status: int
) -> None:
    with pytest.raises(TwilioRestException) as refused:
        twilio.messages.create(**{**GOOD, **change})

    assert (refused.value.code, refused.value.status) == (code, status)
    assert simulator.ledger() == []


def test_the_error_body_has_the_published_fields(simulator: Simulator) -> None:
    answer = http.post(
        f"{simulator.base}/2010-04-01/Accounts/{SID}/Messages.json", auth=("AC0", "x"), data={}
    )

    assert answer.status_code == 401
    assert answer.json() == {
        "code": 20003,
        "message": "Authenticate",
        "more_info": "https://www.twilio.com/docs/errors/20003",
        "status": 401,
    }


@pytest.mark.parametrize(
    ("sid", "token", "status", "code"),
    [(SID, "wrong", 401, 20003), ("AC" + "1" * 32, TOKEN, 401, 20003)],
)
def test_only_the_account_gets_in(
    simulator: Simulator, sid: str, token: str, status: int, code: int
) -> None:
    with pytest.raises(TwilioRestException) as refused:
        simulator.client(sid, token).messages("SM1").fetch()

    assert (refused.value.status, refused.value.code) == (status, code)


@pytest.mark.parametrize(
    ("body", "segments"),
    [
        ("x" * 160, "1"),
        ("x" * 161, "2"),
        ("x" * 306, "2"),
        ("x" * 307, "3"),
        ("€" * 80, "1"),
        ("€" * 81, "2"),
        ("x" * 152 + "€" + "x" * 10, "2"),
        ("x" * 152 + "€" + "x" * 152, "3"),  # an escape sequence is never cut in two
        ("ê" * 70, "1"),
        ("ê" * 71, "2"),
        ("Hôpital", "1"),
        ("😍" * 35, "1"),
        ("😍" * 36, "2"),
        ("x" * 66 + "😍" + "x" * 67, "3"),
    ],
)
def test_segments_are_counted_truly(twilio: Client, body: str, segments: str) -> None:
    assert twilio.messages.create(**{**GOOD, "body": body}).num_segments == segments


def test_an_alphanumeric_sender_and_a_messaging_service(
    simulator: Simulator, twilio: Client
) -> None:
    assert twilio.messages.create(**{**GOOD, "from_": ALPHANUMERIC}).from_ == ALPHANUMERIC

    message = twilio.messages.create(to=PHONE, messaging_service_sid=SERVICE, body="x")
    assert (message.status, message.messaging_service_sid) == ("accepted", SERVICE)
    assert message.num_segments == "0"
    assert eventually(lambda: message.fetch().status == "delivered")
    assert message.fetch().num_segments == "1"


WA = {"to": f"whatsapp:{PHONE}", "from_": f"whatsapp:{NUMBER}", "body": "Bonjour"}


def test_whatsapp_is_a_channel_of_its_own_with_a_window(
    simulator: Simulator, twilio: Client, service: Service
) -> None:
    early = twilio.messages.create(**WA)
    assert (early.to, early.status) == (WA["to"], "queued")  # accepted, and refused later
    assert eventually(lambda: early.fetch().status == "undelivered")
    assert early.fetch().error_code == 63016
    simulator.post("inbound/sms", {"from": PHONE, "to": NUMBER, "body": "by SMS"})
    written = {"from": WA["to"], "to": WA["from_"], "body": "STOP"}
    assert simulator.post("inbound/sms", written).json()["opt_out_type"] is None
    form = service.at("/sms")[-1].form
    assert (form["From"], form["To"], form["WaId"]) == (WA["to"], WA["from_"], PHONE[1:])
    assert "OptOutType" not in form
    assert "FromCountry" not in form
    answer = twilio.messages.create(**WA)
    assert eventually(lambda: answer.fetch().status == "delivered")
    simulator.behave(session_seconds=0)
    late = twilio.messages.create(**WA)
    assert eventually(lambda: late.fetch().error_code == 63016)
    template = twilio.messages.create(to=WA["to"], from_=WA["from_"], content_sid="HX" + "0" * 32)
    assert eventually(lambda: template.fetch().status == "delivered")
    assert {entry["id"] for entry in simulator.ledger(channel="whatsapp")} >= {early.sid, late.sid}


def test_whatsapp_goes_out_from_a_number_that_is_there(
    simulator: Simulator, twilio: Client
) -> None:
    for sender in ("+12025550199", "HOPITAL"):
        with pytest.raises(TwilioRestException) as refused:
            twilio.messages.create(**{**WA, "from_": f"whatsapp:{sender}"})
        assert (refused.value.code, refused.value.status) == (63007, 400)
    mixed = {"from": PHONE, "to": WA["from_"], "body": "x"}
    assert simulator.post("inbound/sms", mixed).status_code == 400


@pytest.mark.parametrize("name", ["DateSent", "DateSent<", "DateSent>", "PageSize"])
def test_a_wrong_filter_is_refused(simulator: Simulator, name: str) -> None:
    path = f"/2010-04-01/Accounts/{SID}/Messages.json"

    answer = simulator.http.get(path, params={name: "soon"}, auth=(SID, TOKEN))

    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


def test_a_message_that_waits_too_long_is_not_sent(simulator: Simulator, twilio: Client) -> None:
    simulator.behave(queued_ms=5000)

    message = twilio.messages.create(**GOOD, validity_period=1)

    assert eventually(lambda: message.fetch().status == "failed")
    assert message.fetch().error_code == 30036
    assert message.fetch().date_sent is None


def test_lists_are_filtered(simulator: Simulator, twilio: Client) -> None:
    other = "+237677000001"
    first = twilio.messages.create(**GOOD)
    second = twilio.messages.create(to=other, from_=ALPHANUMERIC, body="x")
    eventually(lambda: all(entry["state"] == "delivered" for entry in simulator.ledger()))

    def sids(**filters: Any) -> list[str]:
        return [message.sid for message in twilio.messages.list(**filters)]

    now = datetime.now(UTC)
    assert sids() == [second.sid, first.sid]
    assert sids(to=PHONE) == [first.sid]
    assert sids(from_=ALPHANUMERIC) == [second.sid]
    assert sids(to=other, from_=NUMBER) == []
    assert sids(date_sent_after=now - timedelta(minutes=5)) == [second.sid, first.sid]
    assert sids(date_sent_after=now + timedelta(minutes=5)) == []
    assert sids(date_sent_before=now - timedelta(minutes=5)) == []
    assert sids(date_sent_before=now + timedelta(minutes=5)) == [second.sid, first.sid]
    assert sids(date_sent=now - timedelta(days=2)) == []


def test_a_queued_message_has_no_date_and_no_date_filter_finds_it(
    simulator: Simulator, twilio: Client
) -> None:
    simulator.behave(queued_ms=60_000)
    message = twilio.messages.create(**GOOD)

    after = datetime.now(UTC) - timedelta(hours=1)
    assert message.date_sent is None
    assert twilio.messages.list(to=PHONE, date_sent_after=after) == []
    assert [found.sid for found in twilio.messages.list(to=PHONE)] == [message.sid]


def test_paging_by_the_librarys_stream(simulator: Simulator, twilio: Client) -> None:
    sent = [twilio.messages.create(**{**GOOD, "body": f"n{n}"}).sid for n in range(7)]

    assert [message.sid for message in twilio.messages.stream(page_size=3)] == sent[::-1]
    page = twilio.messages.page(to=PHONE, page_size=3)
    assert len(list(page)) == 3
    following = page.next_page()
    twilio.messages.create(**GOOD)  # what arrives meanwhile shifts nothing
    assert [message.sid for message in following] == sent[::-1][3:6]
    assert [message.sid for message in following.next_page()] == sent[::-1][6:]
    assert following.next_page().next_page() is None


def test_the_links_of_a_page(simulator: Simulator, twilio: Client) -> None:
    for _ in range(3):
        twilio.messages.create(**GOOD)
    path = f"/2010-04-01/Accounts/{SID}/Messages.json"

    page = simulator.http.get(path, params={"To": PHONE, "PageSize": 2}, auth=(SID, TOKEN)).json()

    start = f"{path}?To=%2B237677123456&PageSize=2"
    assert page["first_page_uri"] == f"{start}&Page=0"
    assert page["next_page_uri"].startswith(f"{start}&Page=1&PageToken=PASM")
    assert page["previous_page_uri"] is None
    assert (page["page"], page["page_size"], page["start"], page["end"]) == (0, 2, 0, 1)


def test_redaction_and_deletion(simulator: Simulator, twilio: Client) -> None:
    message = twilio.messages.create(**GOOD)

    assert message.update(body="").body == ""
    assert message.delete() is True
    with pytest.raises(TwilioRestException) as gone:
        message.fetch()
    assert (gone.value.status, gone.value.code) == (404, 20404)
    assert twilio.messages.list() == []
    assert simulator.entry(message.sid)["extra"]["deleted"] is True
