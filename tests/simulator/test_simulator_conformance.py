"""Every property of the library's instances is in our JSON, with a value that it can parse."""

from __future__ import annotations

import inspect
import re
from datetime import datetime
from typing import Any

import pytest
from twilio.rest import Client
from twilio.rest.api.v2010.account.call import CallInstance
from twilio.rest.api.v2010.account.call.recording import RecordingInstance as CallRecording
from twilio.rest.api.v2010.account.message import MessageInstance
from twilio.rest.api.v2010.account.recording import RecordingInstance

from tests.simulator.simulator_harness import NUMBER, PHONE, SID, TOKEN, Simulator, eventually
from tests.simulator.simulator_service import Service

BASE = f"/2010-04-01/Accounts/{SID}"


def _read_by(kind: type) -> set[str]:
    """The names that the library's constructor takes out of a payload."""
    return set(re.findall(r'payload\.get\(\s*"(\w+)"', inspect.getsource(kind.__init__)))


def _enumeration(kind: type, name: str) -> set[str]:
    return {value for key, value in vars(getattr(kind, name)).items() if key.isupper()}


@pytest.fixture
def resources(simulator: Simulator, twilio: Client, service: Service) -> dict[str, Any]:
    simulator.behave(voice={"answer": "auto", "speak": ["bonjour"]})
    service.answer("/v", '<Response><Record action="/none"/></Response>')
    message = twilio.messages.create(to=PHONE, from_=NUMBER, body="x")
    call = twilio.calls.create(to=PHONE, from_=NUMBER, url=service.url("/v"))
    eventually(
        lambda: {entry["state"] for entry in simulator.ledger()} == {"delivered", "completed"}
    )
    recording = twilio.recordings.list()[0]

    def read(path: str) -> dict[str, Any]:
        answer = simulator.http.get(f"{BASE}/{path}.json", auth=(SID, TOKEN))
        assert answer.status_code == 200
        return dict(answer.json())

    return {
        "message": read(f"Messages/{message.sid}"),
        "call": read(f"Calls/{call.sid}"),
        "recording": read(f"Recordings/{recording.sid}"),
        "call_recording": read(f"Calls/{call.sid}/Recordings/{recording.sid}"),
    }


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("message", MessageInstance),
        ("call", CallInstance),
        ("recording", RecordingInstance),
        ("call_recording", CallRecording),
    ],
)
def test_every_property_is_there(resources: dict[str, Any], name: str, kind: type) -> None:
    document = resources[name]

    assert _read_by(kind) - set(document) == set()
    assert document["status"] in _enumeration(kind, "Status")
    assert document["uri"].startswith(BASE)
    assert document["account_sid"] == SID
    more = (document["call_sid"],) if name == "call_recording" else ()
    instance = kind(None, document, SID, *more)
    dates = {key for key in _read_by(kind) if key.startswith("date_") or key.endswith("_time")}
    for key in dates - {"queue_time"}:
        assert isinstance(getattr(instance, key), datetime), key


def test_the_types_are_twilios(resources: dict[str, Any]) -> None:
    message, call, recording = (resources[name] for name in ("message", "call", "recording"))

    assert re.fullmatch(r"SM[0-9a-f]{32}", message["sid"])
    assert re.fullmatch(r"CA[0-9a-f]{32}", call["sid"])
    assert re.fullmatch(r"RE[0-9a-f]{32}", recording["sid"])
    assert message["num_segments"] == "1"
    assert message["num_media"] == "0"
    assert message["error_code"] is None
    assert message["direction"] in _enumeration(MessageInstance, "Direction")
    assert isinstance(call["duration"], str)
    assert recording["source"] in _enumeration(RecordingInstance, "Source")
    assert recording["channels"] == 1
    assert isinstance(recording["duration"], str)
