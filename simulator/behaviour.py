"""How the carrier misbehaves, told over HTTP. Everything random comes from one seed."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field, fields
from typing import Any

OUTCOMES = ("delivered", "undelivered", "failed", "sent")
FAULT_KINDS = ("status", "drop", "accept_then_drop", "slow")
CALLBACK_MODES = ("normal", "late", "twice", "shuffled", "never")
ANSWERS = ("manual", "auto", "machine", "busy", "no-answer", "failed")
OPERATIONS = (
    "*",
    "messages.create", "messages.read", "messages.list", "messages.update", "messages.delete",
    "calls.create", "calls.read", "calls.list", "calls.update", "calls.delete",
    "recordings.read", "recordings.list", "recordings.delete", "recordings.media",
    "media.list", "media.read", "media.fetch", "media.delete",
    "mail.send", "smtp.data",
    "phone.create", "phone.read", "phone.list", "phone.cancel",
    "phone.inbox", "phone.webhooks",
)  # fmt: skip


class BehaviourError(ValueError):
    """The JSON asks for something that does not exist; the message names the field."""


@dataclass(slots=True)
class Fault:
    """One way to fail.

    `on`: an operation, or `*` for all. `times`: how often, None for always. `after_accept`: act
    when the request was already carried out (always so for `accept_then_drop`; default for `slow`).
    `retry_after` and `seconds` are in seconds.
    """

    kind: str
    on: str = "*"
    status: int = 500
    code: int | None = None
    retry_after: int | None = None
    seconds: float = 30.0
    times: int | None = None
    probability: float = 1.0
    after_accept: bool | None = None

    def comes_after(self) -> bool:
        """Whether the request is carried out before the fault strikes."""
        if self.kind == "accept_then_drop":
            return True
        return self.kind == "slow" if self.after_accept is None else self.after_accept


@dataclass(slots=True)
class Callbacks:
    """How status callbacks travel. `delay_ms` is for late, the second of twice, and shuffled."""

    mode: str = "normal"
    delay_ms: int = 1000
    probability: float = 1.0


@dataclass(slots=True)
class Voice:
    """What the person called does.

    `answer`: manual (somebody at the phone page) or by itself. `digits`: what they key, one string
    per Gather. `speak`: what they say, one string per Record (an empty one records nothing).
    `ring_ms`: before an automatic answer. `pace` scales every wait inside a call: 1.0 is real time.
    """

    answer: str = "manual"
    digits: list[str] = field(default_factory=list)
    speak: list[str] = field(default_factory=list)
    ring_ms: int = 300
    pace: float = 1.0


@dataclass(slots=True)
class Behaviour:
    """The whole document of PUT /simulator/behaviour; what is left out is the default.

    `session_seconds`: how long after somebody's last message WhatsApp lets free text through to
    them. `listed_ms`: how long what was accepted is still missing in the lists of messages and
    calls. `clock_seconds`: how far the carrier's clock is ahead of this machine's.
    """

    latency_ms: int = 0
    listed_ms: int = 0
    clock_seconds: float = 0.0
    faults: list[Fault] = field(default_factory=list)
    callbacks: Callbacks = field(default_factory=Callbacks)
    outcome: str = "delivered"
    outcome_probability: float = 1.0
    error_code: int | None = None
    reason: str = ""
    outcomes: dict[str, dict[str, Any]] = field(default_factory=dict)
    queued_ms: int | None = None
    sent_ms: int | None = None
    session_seconds: float = 86_400
    voice: Voice = field(default_factory=Voice)
    seed: int = 0

    def as_json(self) -> dict[str, Any]:
        """The document as it stands, with what is left of every fault's `times`."""
        return asdict(self)


class Chaos:
    """The behaviour in force and the one source of chance."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self._chance = random.Random(0)  # noqa: S311 - chaos must repeat, not be secret

    def replace(self, document: object) -> None:
        """Take a new behaviour, whole. Raises `BehaviourError` and then changes nothing."""
        behaviour = parse(document)
        self.behaviour = behaviour
        self._chance = random.Random(behaviour.seed)  # noqa: S311 - see above

    def happens(self, probability: float) -> bool:
        """A throw of the dice; certainties do not use up any chance."""
        return probability >= 1.0 or (probability > 0.0 and self._chance.random() < probability)

    def between(self, low: float, high: float) -> float:
        """A number between the two, from the same seed."""
        return self._chance.uniform(low, high)

    def fault_for(self, operation: str) -> Fault | None:
        """The first fault that strikes this operation now, and one less of it."""
        for fault in self.behaviour.faults:
            if fault.on not in ("*", operation) or fault.times == 0:
                continue
            if not self.happens(fault.probability):
                continue
            if fault.times is not None:
                fault.times -= 1
            return fault
        return None

    def outcome_for(self, address: str) -> tuple[str, int | None]:
        """How a message to this address ends, and its error code if it fails."""
        own = self.behaviour.outcomes.get(address)
        if own is not None:
            outcome = str(own.get("outcome", "delivered"))
            return outcome, _code_for(outcome, own.get("error_code"))
        outcome = self.behaviour.outcome
        if not self.happens(self.behaviour.outcome_probability):
            outcome = "delivered"
        return outcome, _code_for(outcome, self.behaviour.error_code)

    def reason_for(self, address: str) -> str:
        """Why an Android phone says that a message to this address failed; empty: the usual."""
        own = self.behaviour.outcomes.get(address, {})
        return str(own.get("reason") or self.behaviour.reason)


def _code_for(outcome: str, code: object) -> int | None:
    if outcome in ("delivered", "sent"):
        return None
    if isinstance(code, int):
        return code
    return 30003 if outcome == "undelivered" else 30008


def parse(document: object) -> Behaviour:
    """Read the JSON strictly: an unknown name or value is an error, not a wish."""
    behaviour = Behaviour(**_known(document, Behaviour, "behaviour"))
    _require(isinstance(behaviour.faults, list), "faults must be a list")
    behaviour.faults = [
        Fault(**_known(fault, Fault, f"faults[{index}]", required="kind"))
        for index, fault in enumerate(behaviour.faults)
    ]
    if not isinstance(behaviour.callbacks, Callbacks):
        behaviour.callbacks = Callbacks(**_known(behaviour.callbacks, Callbacks, "callbacks"))
    if not isinstance(behaviour.voice, Voice):
        behaviour.voice = Voice(**_known(behaviour.voice, Voice, "voice"))
    _check(behaviour)
    return behaviour


def _check(behaviour: Behaviour) -> None:
    for fault in behaviour.faults:
        _one_of("fault kind", fault.kind, FAULT_KINDS)
        _one_of("fault on", fault.on, OPERATIONS)
        _fraction("fault probability", fault.probability)
        _whole("fault status", fault.status, 400, 599)
        _number("fault seconds", fault.seconds, 0, 600)
    _one_of("callbacks.mode", behaviour.callbacks.mode, CALLBACK_MODES)
    _fraction("callbacks.probability", behaviour.callbacks.probability)
    _whole("callbacks.delay_ms", behaviour.callbacks.delay_ms, 0, 3_600_000)
    _one_of("outcome", behaviour.outcome, OUTCOMES)
    _fraction("outcome_probability", behaviour.outcome_probability)
    _require(isinstance(behaviour.outcomes, dict), "outcomes must be an object")
    for address, own in behaviour.outcomes.items():
        _require(isinstance(own, dict), f"outcomes[{address}] must be an object")
        _one_of(f"outcomes[{address}].outcome", own.get("outcome", "delivered"), OUTCOMES)
    for name in ("latency_ms", "listed_ms"):
        _whole(name, getattr(behaviour, name), 0, 600_000)
    for name in ("queued_ms", "sent_ms"):
        if getattr(behaviour, name) is not None:
            _whole(name, getattr(behaviour, name), 0, 36_000_000)
    _number("session_seconds", behaviour.session_seconds, 0, 86_400)
    _number("clock_seconds", behaviour.clock_seconds, -86_400, 86_400)
    _one_of("voice.answer", behaviour.voice.answer, ANSWERS)
    _whole("voice.ring_ms", behaviour.voice.ring_ms, 0, 600_000)
    _number("voice.pace", behaviour.voice.pace, 0, 100)
    for name in ("digits", "speak"):
        value = getattr(behaviour.voice, name)
        good = isinstance(value, list) and all(isinstance(item, str) for item in value)
        _require(good, f"voice.{name} must be a list of strings")


def _known(document: object, kind: type, where: str, required: str = "") -> dict[str, Any]:
    if not isinstance(document, dict):
        raise BehaviourError(f"{where} must be an object")
    names = {item.name for item in fields(kind)}
    unknown = sorted(set(document) - names)
    _require(not unknown, f"{where} has no field {', '.join(map(str, unknown))}")
    _require(not required or required in document, f"{where} needs {required}")
    return document


def _require(good: bool, message: str) -> None:
    if not good:
        raise BehaviourError(message)


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    _require(value in allowed, f"{name} must be one of {', '.join(allowed)}")


def _number(name: str, value: object, low: float, high: float) -> None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    _require(good, f"{name} must be a number from {low} to {high}")


def _fraction(name: str, value: object) -> None:
    _number(name, value, 0, 1)


def _whole(name: str, value: object, low: int, high: int) -> None:
    _number(name, value, low, high)
    _require(isinstance(value, int), f"{name} must be a whole number")
