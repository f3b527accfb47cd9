"""What is said at each step of a call, part by part: a table without rows, language or clock.

`script` makes sounds of it for a carrier, `rehearsal` a table for staff who want to hear it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from services.phone.flow import Flow, Remark, State, Step

WAIT_SECONDS = 2

_LAST_WORDS = {
    Remark.thanks: "phone.thanks",
    Remark.goodbye: "phone.goodbye",
    Remark.confirmed: "phone.confirmed",
    Remark.reschedule: "phone.reschedule",
    Remark.stopped: "phone.stopped",
    Remark.phrase_kept: "phone.phrase_kept",
    Remark.machine: "phone.machine",
}
_FIRST_WORDS = {
    Remark.welcome: "phone.welcome",
    Remark.called_back: "phone.called_back",
    Remark.nothing_heard: "phone.nothing_heard",
    Remark.wrong_key: "phone.wrong_key",
    Remark.code_wrong: "phone.code_wrong",
    Remark.not_ready: "phone.not_ready",
}


class Kind(StrEnum):
    """What a part is."""

    phrase = "phrase"
    menu = "menu"  # a phrase, once in each language on offer
    message = "message"  # of the reminder
    voice = "voice"  # what the person has said
    model = "model"  # the phrase that staff are to say
    patients = "patients"  # which of those who share this phone
    pause = "pause"


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is said: a phrase by its key, something else, or silence in seconds."""

    kind: Kind
    key: str = ""
    seconds: int = 0


def parts(state: State, *, beginning: bool, several: bool) -> Iterator[Part]:
    """All that is said in a state.

    `beginning`: nobody has answered anything yet. `several`: there is a choice of languages.
    """
    if state.step == Step.done:
        if state.remark != Remark.silence:
            yield _phrase(_LAST_WORDS[state.remark or Remark.goodbye])
        return
    yield from _first(state)
    yield from _question(state, beginning=beginning, several=several)


def _first(state: State) -> Iterator[Part]:
    if state.remark == Remark.play:
        yield Part(Kind.voice)
    elif state.remark is not None and state.step != Step.language:
        yield _phrase(_FIRST_WORDS[state.remark])


def _question(state: State, *, beginning: bool, several: bool) -> Iterator[Part]:
    match state.step:
        case Step.language:
            yield Part(Kind.menu, "phone.language")
        case Step.rating:
            yield _phrase("phone.rate")
            if several:
                yield _phrase("phone.other_language")
        case Step.speak if state.flow == Flow.phrase:
            yield _phrase("phone.say_phrase")
            yield Part(Kind.model)
            yield _phrase("phone.after_tone")
        case Step.speak:
            yield _phrase("phone.speak")
        case Step.fetching:
            yield _phrase("phone.one_moment")
            yield Part(Kind.pause, seconds=WAIT_SECONDS)
        case Step.review:
            yield _phrase("phone.review")
        case Step.patient:
            yield Part(Kind.patients)
        case Step.code:
            yield _phrase("phone.code")
        case Step.stop:
            yield _phrase("phone.stop_sure")
        case Step.reminder:
            yield from _reminder(state, beginning=beginning)


def _reminder(state: State, *, beginning: bool) -> Iterator[Part]:
    """The message twice at first: one may pick up in the middle of a noise."""
    if state.remark is None and beginning:
        yield _phrase("phone.reminder")
        yield Part(Kind.message)
        yield Part(Kind.pause, seconds=1)
    yield Part(Kind.message)
    asks = state.flow == Flow.reminder
    yield _phrase("phone.reminder_keys" if asks else "phone.notice_keys")


def _phrase(key: str) -> Part:
    return Part(Kind.phrase, key)
