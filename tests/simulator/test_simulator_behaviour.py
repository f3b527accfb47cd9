"""Faults: what the client sees, and what the carrier did all the same."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.simulator.simulator_harness import (
    NUMBER,
    PHONE,
    SID,
    TOKEN,
    Simulator,
    ToSimulator,
    eventually,
)


def _send(twilio: Client) -> Any:
    return twilio.messages.create(to=PHONE, from_=NUMBER, body="x")


def test_a_status_with_retry_after_as_often_as_told(simulator: Simulator, twilio: Client) -> None:
    fault = {"on": "messages.create", "kind": "status", "status": 429, "retry_after": 3, "times": 2}
    simulator.behave(faults=[fault])

    for _ in range(2):
        with pytest.raises(TwilioRestException) as refused:
            _send(twilio)
        assert (refused.value.status, refused.value.code) == (429, 20429)
    assert _send(twilio).status == "queued"
    assert len(simulator.ledger()) == 1


def test_retry_after_is_a_header(simulator: Simulator) -> None:
    simulator.behave(faults=[{"kind": "status", "status": 503, "retry_after": 7}])

    answer = simulator.http.post(f"/2010-04-01/Accounts/{SID}/Messages.json")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert answer.json()["code"] == 20503


@pytest.mark.parametrize(("kind", "accepted"), [("drop", 0), ("accept_then_drop", 1)])
def test_a_cut_connection(simulator: Simulator, twilio: Client, kind: str, accepted: int) -> None:
    simulator.behave(faults=[{"on": "messages.create", "kind": kind, "times": 1}])

    with pytest.raises(requests.ConnectionError):
        _send(twilio)

    assert len(simulator.ledger()) == accepted
    assert len(twilio.messages.list(to=PHONE)) == accepted


def test_a_500_after_the_message_was_taken(simulator: Simulator, twilio: Client) -> None:
    simulator.behave(
        faults=[{"on": "messages.create", "kind": "status", "status": 500, "after_accept": True}]
    )

    with pytest.raises(TwilioRestException) as refused:
        _send(twilio)

    assert refused.value.status == 500
    assert len(simulator.ledger()) == 1


def test_a_slow_answer_to_an_accepted_message(simulator: Simulator) -> None:
    simulator.behave(faults=[{"on": "messages.create", "kind": "slow", "seconds": 2, "times": 1}])
    http = ToSimulator(simulator.base)
    http.timeout = 0.2

    with pytest.raises(requests.ReadTimeout):
        _send(Client(SID, TOKEN, http_client=http))

    assert len(simulator.ledger()) == 1


def test_a_message_is_taken_after_its_sender_has_hung_up(simulator: Simulator) -> None:
    fault = {"on": "messages.create", "kind": "slow", "seconds": 0.5, "after_accept": False}
    simulator.behave(faults=[fault | {"times": 1}])
    http = ToSimulator(simulator.base)
    http.timeout = 0.1

    with pytest.raises(requests.ReadTimeout):
        _send(Client(SID, TOKEN, http_client=http))

    assert len(eventually(simulator.ledger)) == 1


def test_a_list_may_be_behind_what_was_accepted(simulator: Simulator, twilio: Client) -> None:
    simulator.behave(listed_ms=60_000)
    sid = _send(twilio).sid

    assert twilio.messages(sid).fetch().sid == sid
    assert twilio.messages.list(to=PHONE) == []
    simulator.behave()
    assert [message.sid for message in twilio.messages.list(to=PHONE)] == [sid]


def test_a_clock_of_its_own(simulator: Simulator, twilio: Client) -> None:
    simulator.behave(clock_seconds=-3600)
    sid = _send(twilio).sid
    hour_ago = datetime.now(UTC) - timedelta(hours=1)

    shown = twilio.messages(sid).fetch()
    assert abs(shown.date_created - hour_ago) < timedelta(seconds=10)
    path = f"/2010-04-01/Accounts/{SID}/Messages/{sid}.json"
    dated = simulator.http.get(path, auth=(SID, TOKEN)).headers["Date"]
    assert abs(parsedate_to_datetime(dated) - hour_ago) < timedelta(seconds=10)
    eventually(lambda: twilio.messages(sid).fetch().date_sent)
    assert twilio.messages.list(date_sent_after=hour_ago + timedelta(minutes=1)) == []
    assert len(twilio.messages.list(date_sent_after=hour_ago - timedelta(minutes=1))) == 1


def test_latency(simulator: Simulator, twilio: Client) -> None:
    simulator.behave(latency_ms=150)

    started = time.monotonic()
    _send(twilio)

    assert time.monotonic() - started >= 0.15


def test_chaos_repeats_with_its_seed(simulator: Simulator, twilio: Client) -> None:
    def run(seed: int) -> list[bool]:
        fault = {"on": "messages.create", "kind": "status", "status": 500, "probability": 0.5}
        simulator.behave(seed=seed, faults=[fault])
        results = []
        for _ in range(20):
            try:
                _send(twilio)
                results.append(True)
            except TwilioRestException:
                results.append(False)
        return results

    first = run(7)
    assert run(7) == first
    assert run(8) != first
    assert {True, False} == set(first)


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"latency": 1}, "latency"),
        ({"outcome": "lost"}, "outcome"),
        ({"faults": [{"on": "messages.create"}]}, "kind"),
        ({"faults": [{"kind": "explode"}]}, "kind"),
        ({"faults": [{"kind": "drop", "on": "messages"}]}, "on"),
        ({"faults": [{"kind": "drop", "probability": 2}]}, "probability"),
        ({"callbacks": {"mode": "sometimes"}}, "callbacks.mode"),
        ({"voice": {"answer": "perhaps"}}, "voice.answer"),
        ([], "behaviour"),
    ],
)
def test_a_wrong_behaviour_is_refused_and_changes_nothing(
    simulator: Simulator, document: Any, named: str
) -> None:
    before = simulator.http.get("/simulator/behaviour").json()

    answer = simulator.http.put("/simulator/behaviour", json=document)

    assert answer.status_code == 400
    assert named in answer.json()["error"]
    assert simulator.http.get("/simulator/behaviour").json() == before
