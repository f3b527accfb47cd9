"""A call's instructions as TwiML, by the official library. Whatever is said, a call never hangs.

Every question is followed by a redirect to the address that takes its answer: Twilio makes no
request of its own for a silence, an empty recording, or a closing key without any digit.
Source: https://www.twilio.com/docs/voice/twiml (Gather, Record, Redirect).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from twilio.twiml import TwiML
from twilio.twiml.voice_response import Gather, VoiceResponse

from utils.languages import VOICES

LONGEST_SAY = 4096
RECORD_SECONDS = 120
SILENCE_ENDS_RECORDING = 5
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Say:
    """Words that a voice speaks; `language` is ISO 639-3, one of `VOICES`."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Play:
    """Audio at an address of ours."""

    url: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence, in whole seconds."""

    seconds: int


Sound = Say | Play | Pause


@dataclass(frozen=True, slots=True)
class Keys:
    """Waits for keys while and after something is said; `timeout` is in seconds."""

    answer: str
    digits: int = 1
    timeout: int = 7


@dataclass(frozen=True, slots=True)
class Record:
    """Records after a tone, until the hash key, a silence, or two minutes are over."""

    answer: str
    status: str


@dataclass(frozen=True, slots=True)
class GoOn:
    """Asks for the next instructions at once."""

    answer: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """The end of the call."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Refuses a call that comes in before it is answered: it costs the caller nothing."""


Then = Keys | Record | GoOn | HangUp | Reject


@dataclass(frozen=True, slots=True)
class Instructions:
    """What is said, and what then."""

    sounds: Sequence[Sound]
    then: Then


def twiml(instructions: Instructions) -> str:
    """The document that Twilio carries out."""
    response = VoiceResponse()
    match instructions.then:
        case Reject():
            response.reject(reason="busy")
        case HangUp():
            _sound(response, instructions.sounds)
            response.hangup()
        case GoOn(answer):
            _sound(response, instructions.sounds)
            response.redirect(answer, method="POST")
        case Keys(answer, digits, timeout):
            gather = Gather(
                action=answer,
                method="POST",
                input="dtmf",
                num_digits=digits,
                finish_on_key="",  # each key counts, the hash key too
                timeout=timeout,
            )
            _sound(gather, instructions.sounds)
            response.append(gather)
            response.redirect(answer, method="POST")
        case Record(answer, status):
            _sound(response, instructions.sounds)
            response.record(
                action=answer,
                method="POST",
                max_length=RECORD_SECONDS,
                timeout=SILENCE_ENDS_RECORDING,
                finish_on_key="#",
                play_beep=True,
                trim="trim-silence",
                recording_status_callback=status,
                recording_status_callback_method="POST",
                recording_status_callback_event="completed absent",
            )
            response.redirect(answer, method="POST")
    return str(response)


def _sound(where: TwiML, sounds: Sequence[Sound]) -> None:
    for sound in sounds:
        match sound:
            case Say(text, language):
                words = _NOT_XML.sub(" ", text)[:LONGEST_SAY]
                if words.strip():
                    where.say(words, language=VOICES[language])
            case Play(url):
                where.play(url)
            case Pause(seconds):
                where.pause(length=seconds)
