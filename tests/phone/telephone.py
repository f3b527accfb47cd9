"""A telephone at the application's test client: TwiML carried out as Twilio does, step by step.

Documents are read by the simulator's parser, which is as strict as the published schema. What a
caller does is told by methods, or by a little script that reads like a dialogue (`play`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from twilio.request_validator import RequestValidator

from config.settings import get_settings
from simulator.twiml import VOICE, Verb, parse

OUR_NUMBER = "+15005550006"
CALLER = "+237650000001"
MOST_DOCUMENTS = 60


class Carrier:
    """Signs and makes Twilio's requests, for the settings' account or with another one's token."""

    def __init__(self, client: Any, token: str | None = None) -> None:
        self.client = client
        settings = get_settings()
        self.base = settings.web.base_url
        self._validator = RequestValidator(token or settings.twilio.auth_token.get_secret_value())

    def post(self, url: str, form: dict[str, str], *, signature: str | None = None) -> Any:
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        signed = signature or self._validator.compute_signature(self.base + path, form)
        return self.client.post(path, data=form, headers={"X-Twilio-Signature": signed})

    def get(self, url: str) -> Any:
        return self.client.get(urlsplit(url).path)


@dataclass
class Call:
    """One call. `said` is what was heard since the last thing that the person did."""

    carrier: Carrier
    url: str
    direction: str = "inbound"
    number: str = CALLER
    answered_by: str = ""
    sid: str = field(default_factory=lambda: "CA" + uuid4().hex)
    state: str = "ringing"
    said: list[str] = field(default_factory=list)
    everything: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    recordings: list[str] = field(default_factory=list)
    audio: list[str] = field(default_factory=list)
    _todo: list[Verb] = field(default_factory=list)
    _waits: Verb | None = None
    last: tuple[str, dict[str, str]] | None = None

    def start(self) -> Call:
        self._fetch(self.url, {})
        return self

    @property
    def over(self) -> bool:
        return self.state not in ("ringing", "in-progress")

    @property
    def waits_for(self) -> str:
        return self._waits.name if self._waits else ""

    # --- What the person does ---

    def press(self, key: str) -> None:
        gather = self._at("Gather")
        if key in (gather.get("finishOnKey", "#") or "none"):
            self._pass()  # a closing key without a digit makes no request
            return
        self._act(gather, {"Digits": key, "FinishedOnKey": ""})

    def wait(self) -> None:
        """Silence, until the question's time is over."""
        assert self._waits is not None, "nothing is waited for"
        self._pass()

    def speak(self, seconds: int = 7, *, last: bool = False) -> str | None:
        """Speak after the tone; nothing at all makes no request."""
        if seconds == 0:
            self._at("Record")
            self._pass()
            return None
        return self.tell("RE" + uuid4().hex, seconds, last=last)

    def tell(self, sid: str, seconds: int, *, last: bool = False) -> str:
        """A recording of this name was made."""
        record = self._at("Record")
        seconds = min(seconds, int(record.get("maxLength", "3600")))
        self.recordings.append(sid)
        self.status_url = record.get("recordingStatusCallback")
        if last:
            self.state = "completed"
        self._act(
            record,
            {
                "RecordingSid": sid,
                "RecordingUrl": f"https://api.example/{sid}",
                "RecordingDuration": str(seconds),
                "Digits": "hangup" if last else "#",
            },
        )
        return sid

    def recording_ready(self, sid: str, seconds: int = 7, status: str = "completed") -> Any:
        form = {
            "AccountSid": "AC0",
            "CallSid": self.sid,
            "RecordingSid": sid,
            "RecordingStatus": status,
            "RecordingDuration": str(seconds),
        }
        return self.carrier.post(self.status_url, form)

    def hang_up(self) -> None:
        self.state = "completed"
        self._waits, self._todo = None, []

    # --- Carrying documents out ---

    def params(self) -> dict[str, str]:
        caller, called = self.number, OUR_NUMBER
        if self.direction != "inbound":
            caller, called = called, caller
        form = {
            "AccountSid": "AC" + "0" * 32,
            "ApiVersion": "2010-04-01",
            "CallSid": self.sid,
            "CallStatus": self.state,
            "Direction": self.direction,
            "From": caller,
            "To": called,
            "SomethingNew": "2031",
        }
        return form | ({"AnsweredBy": self.answered_by} if self.answered_by else {})

    def _fetch(self, url: str, more: dict[str, str]) -> None:
        form = self.params() | more
        self.last = url, form
        answer = self.carrier.post(url, form)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/xml")
        self.documents.append(answer.text)
        assert len(self.documents) < MOST_DOCUMENTS, "this call does not end"
        self._todo = parse(answer.text, VOICE)
        if self.state == "ringing" and not (self._todo and self._todo[0].name == "Reject"):
            self.state = "in-progress"
        if not self.over:
            self._run()

    def _run(self) -> None:
        self._waits = None
        while self._todo:
            verb = self._todo.pop(0)
            match verb.name:
                case "Say" | "Play":
                    self._hear(verb)
                case "Gather":
                    for child in verb.children:
                        self._hear(child)
                    self._waits = verb
                    return
                case "Record":
                    self._waits = verb
                    return
                case "Redirect":
                    self._fetch(verb.text, {})
                    return
                case "Reject":
                    self.state = "busy" if verb.get("reason") == "busy" else "no-answer"
                    return
                case "Hangup":
                    break
        self.state = "completed" if self.state == "in-progress" else self.state

    def _hear(self, verb: Verb) -> None:
        if verb.name == "Pause":
            return
        if verb.name == "Play":
            self.audio.append(verb.text)
        heard = f"♪ {verb.text}" if verb.name == "Play" else f"{verb.get('language')}: {verb.text}"
        self.said.append(heard)
        self.everything.append(heard)

    def _pass(self) -> None:
        self.said = []
        self._run()

    def _act(self, verb: Verb, more: dict[str, str]) -> None:
        self.said = []
        self._waits, self._todo = None, []
        self._fetch(verb.get("action"), more)

    def _at(self, name: str) -> Verb:
        waits = self._waits
        wrong = f"the call waits for {self.waits_for or 'nothing'}, not for {name}: {self.said}"
        assert waits is not None, wrong
        assert waits.name == name, wrong
        return waits

    def again(self) -> str:
        """The last request once more, as after a time-out on the way; the document it gets."""
        assert self.last is not None
        answer = self.carrier.post(*self.last)
        assert answer.status_code == 200
        return str(answer.text)


def steps(dialogue: str) -> Iterator[tuple[str, str]]:
    """Each line of a dialogue as what is done, and the rest."""
    for line in filter(None, (line.strip() for line in dialogue.splitlines())):
        what, _, rest = line.partition(" ")
        yield what, rest.strip()


def play(call: Call, dialogue: str, until: int | None = None) -> None:
    """Play a dialogue, or its first steps.

    `hears` something, `presses` a key, `waits`, `says` so many seconds, `hangs up`; `ends` and
    `rejected` say how it is over.
    """
    for number, (what, rest) in enumerate(steps(dialogue)):
        if until is not None and number >= until:
            return
        where = f"step {number}, {what} {rest}: {call.said}"
        match what:
            case "hears":
                assert any(rest in heard for heard in call.said), where
            case "presses":
                call.press(rest)
            case "waits":
                call.wait()
            case "says":
                call.speak(int(rest))
            case "hangs":
                call.hang_up()
            case "ends":
                assert (call.state, call.waits_for) == ("completed", ""), where
            case "rejected":
                assert (call.state, call.everything) == ("busy", []), where
            case _:
                raise AssertionError(f"nobody knows how to do this: {what}")
