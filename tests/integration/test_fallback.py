"""From channel to channel: SMS, then a call, then an e-mail; each hop seen, never two at once.

Seen to fail without `opt_out` in `services/delivery.settle`: the phone that said stop to the
carrier is then called. `tests/services/test_fallback.py` breaks the other guards.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
import pytest

from tests import http
from tests.integration.loop import PHONE, Loop
from tests.tree import running_tree

ALL = ("sms", "voice", "email")
ANSWERS = {"answer": "auto", "ring_ms": 50, "pace": 0.05}
BUSY = {"answer": "busy", "ring_ms": 50}
UNDELIVERED = {PHONE: {"outcome": "undelivered", "error_code": 30003}}
REFUSED = {"on": "messages.create", "kind": "status", "status": 400, "code": 21211}
NO_MAIL = {"on": "mail.send", "kind": "status", "status": 400}


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    folder: Path = tmp_path_factory.mktemp("fallback")
    with running_tree(folder, "fallback") as tree:
        yield Loop(tree)


def assert_one_at_a_time(detail: dict[str, Any]) -> None:
    """Each delivery was opened by the end of the one before it, and says so."""
    deliveries = detail["deliveries"]
    for before, after in pairwise(deliveries):
        assert after["events"][0]["cause"] == f"fallback from {before['channel']}"
        assert before["events"][-1]["at"] <= after["events"][0]["at"]


@pytest.mark.parametrize(
    ("behaviour", "states", "status"),
    [
        pytest.param(
            {"outcomes": UNDELIVERED, "voice": ANSWERS},
            [("sms", "undelivered"), ("voice", "delivered")],
            "done",
            id="undelivered, then heard",
        ),
        pytest.param(
            {"faults": [REFUSED], "voice": ANSWERS},
            [("sms", "failed"), ("voice", "delivered")],
            "done",
            id="refused, then heard",
        ),
        pytest.param(
            {"outcomes": UNDELIVERED, "voice": BUSY},
            [("sms", "undelivered"), ("voice", "undelivered"), ("email", "sent")],
            "done",
            id="undelivered, busy, then mailed",
        ),
        pytest.param(
            {"faults": [REFUSED, NO_MAIL], "voice": BUSY},
            [("sms", "failed"), ("voice", "undelivered"), ("email", "failed")],
            "failed",
            id="nothing helped",
        ),
        pytest.param(
            {"outcomes": UNDELIVERED, "voice": BUSY, "callbacks": {"mode": "twice"}},
            [("sms", "undelivered"), ("voice", "undelivered"), ("email", "sent")],
            "done",
            id="every callback twice",
        ),
        pytest.param(
            {
                "outcomes": UNDELIVERED,
                "voice": BUSY,
                "callbacks": {"mode": "shuffled", "delay_ms": 400},
            },
            [("sms", "undelivered"), ("voice", "undelivered"), ("email", "sent")],
            "done",
            id="the last callback first",
        ),
    ],
)
def test_the_way_through_the_channels(
    loop: Loop, behaviour: dict[str, Any], states: list[tuple[str, str]], status: str
) -> None:
    loop.tree.behave(**behaviour)
    message = f"Rappel {uuid4()}"
    number = loop.remind(message, *ALL)
    loop.wait_until(number, *states)
    detail = loop.detail(number)
    assert detail["status"] == status
    assert_one_at_a_time(detail)
    assert loop.copies("email", message) == (("email", "sent") in states)


def test_codes_are_in_the_trace(loop: Loop) -> None:
    loop.tree.behave(outcomes=UNDELIVERED, voice=ANSWERS)
    number = loop.remind("Codes", *ALL)
    loop.wait_until(number, ("sms", "undelivered"), ("voice", "delivered"))
    assert loop.detail(number)["deliveries"][0]["events"][-1]["code"] == "30003"
    loop.tree.behave(faults=[REFUSED], voice=ANSWERS)
    number = loop.remind("Codes", *ALL)
    loop.wait_until(number, ("sms", "failed"), ("voice", "delivered"))
    assert loop.detail(number)["deliveries"][0]["events"][-1]["code"] == "21211"


def test_no_fallback_while_unknown(loop: Loop) -> None:
    """The mail may be out: the call that stands next in line must not be made."""
    loop.tree.behave(
        voice=ANSWERS, faults=[{"on": "mail.send", "kind": "accept_then_drop", "times": 1}]
    )
    number = loop.remind("Peut-être", "email", "voice")
    loop.wait_for_task(number)
    assert loop.states(number) == [("email", "unknown")]
    assert loop.copies("voice", "Peut-être") == 0


@contextmanager
def unheard(loop: Loop) -> Iterator[None]:
    """What is written to our numbers meanwhile stays with the carrier: it does not tell us."""
    url = f"{loop.tree.simulator_url}/simulator/numbers"
    numbers = http.get(url, timeout=10).json()
    http.put(url, json=[number | {"sms_url": ""} for number in numbers], timeout=10)
    try:
        yield
    finally:
        http.put(url, json=numbers, timeout=10)


def test_an_opt_out_at_the_carrier_is_an_opt_out_here(loop: Loop) -> None:
    loop.tree.behave(voice=ANSWERS)
    family = "+237650000066"
    sender = loop.tree.env["TWILIO_PHONE_NUMBER"]
    said = {"from": family, "to": sender, "body": "STOP"}
    with unheard(loop):
        http.post(f"{loop.tree.simulator_url}/simulator/inbound/sms", json=said, timeout=10)
    number = loop.remind("Arrêt", *ALL, phone_number=family)
    loop.wait_until(number, ("sms", "failed"), ("voice", "suppressed"), ("email", "sent"))
    detail = loop.detail(number)
    assert detail["deliveries"][0]["events"][-1]["code"] == "21610"
    assert detail["status"] == "done"
    assert_one_at_a_time(detail)
    again = loop.remind("Arrêt encore", "sms", "voice", phone_number=family)
    loop.wait_until(again, ("sms", "suppressed"), ("voice", "suppressed"))
    assert loop.detail(again)["status"] == "failed"
    assert not [e for e in loop.tree.ledger(to=family) if "Arrêt" in e["body"]]
    assert _opt_outs(loop) == [("phone", "carrier")]


def _opt_outs(loop: Loop) -> list[tuple[str, str]]:
    connection = psycopg2.connect(loop.tree.env["DATABASE_URL"])
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "select kind, opt_out_cause from est_1.addresses where opted_out_at is not null"
            )
            return cursor.fetchall()
    finally:
        connection.close()


def test_a_french_sms_arrives_as_it_was_shown(loop: Loop) -> None:
    loop.tree.behave()
    number = loop.remind("Hôpital « Nord » : ça va être l’œil, à 10 h…", "sms", valid_for=600)
    loop.wait_until(number, ("sms", "delivered"))
    shown = loop.detail(number)
    sent = loop.tree.ledger(channel="sms")[-1]
    assert sent["body"] == 'Hopital "Nord" : ca va etre l\'oeil, à 10 h...'
    assert (sent["extra"]["encoding"], sent["extra"]["num_segments"]) == ("GSM-7", 1)
    assert (shown["encoding"], shown["segments"]) == ("GSM-7", 1)
    # What is left of the ten minutes: the carrier drops it when they are over.
    assert 580 <= sent["extra"]["validity_period"] <= 600
