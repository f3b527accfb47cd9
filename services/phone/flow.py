"""Where a key, a silence or a recording leads in a call: a table, and nothing else.

No row, no provider and no clock here, so that every state can be tried with everything that a
caller can do. Every question is repeated a bounded number of times and then left in the kindest
way; a call as a whole has at most `MOST_TURNS`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

MOST_TURNS = 40
REPEATS = 2
"""A question is asked once more after each of so many silences or keys that mean nothing."""
LOOKS = 4
"""So often is it looked whether a recording is here, two seconds apart."""
LANGUAGE_KEYS = {"1": "fra", "2": "eng", "3": "dua", "4": "bas", "5": "ewo"}
"""A language has the same key in every call of every establishment: people learn it."""
STAFF_KEY = "*"
"""Told to staff only, with their code: leads to recording a phrase."""


class Flow(StrEnum):
    """The conversations there are by phone, of `services.phrase.phrases.FLOWS`."""

    feedback = "feedback_by_phone"
    reminder = "reminder_by_phone"
    notice = "notice_by_phone"  # a reminder that asks for no answer
    phrase = "phrase_by_phone"


class Step(StrEnum):
    """Where something is awaited from the person on the phone."""

    language = "language"
    rating = "rating"
    speak = "speak"
    fetching = "fetching"  # waits for a recording that they want to hear
    review = "review"
    patient = "patient"  # one of those who share this phone
    reminder = "reminder"
    stop = "stop"
    code = "code"
    done = "done"


class Remark(StrEnum):
    """What is said before the question; at the end, what is said last."""

    welcome = "welcome"
    called_back = "called_back"
    nothing_heard = "nothing_heard"
    wrong_key = "wrong_key"
    code_wrong = "code_wrong"
    not_ready = "not_ready"
    play = "play"  # the person's own recording
    thanks = "thanks"
    goodbye = "goodbye"
    confirmed = "confirmed"
    reschedule = "reschedule"
    stopped = "stopped"
    phrase_kept = "phrase_kept"
    machine = "machine"
    silence = "silence"  # nothing at all


class Effect(StrEnum):
    """What is done besides going on."""

    language = "language"
    rate = "rate"
    confirm = "confirm"
    reschedule = "reschedule"
    stop = "stop"
    keep = "keep"
    patient = "patient"


@dataclass(frozen=True, slots=True)
class State:
    """Where a call stands. `tries` counts what meant nothing, since the question was reached."""

    flow: Flow
    step: Step
    tries: int = 0
    remark: Remark | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What the person did, and what is known by then.

    `keys` is empty for a silence. `recorded`: they spoke after the tone. `ready`: their recording
    can be played. `given`: they have said something worth thanks. `code_good`: the keys are a
    code that is still valid. `languages`: those that a menu may offer. `greeting`: what is said
    when a language was chosen. `patients`: so many share this phone and can be told apart; 0 when
    that is not asked.
    """

    keys: str = ""
    recorded: bool = False
    ready: bool = False
    given: bool = False
    code_good: bool = False
    languages: frozenset[str] = frozenset()
    greeting: Remark = Remark.welcome
    patients: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """What follows: the next state, and what is done."""

    state: State
    effect: Effect | None = None


def go_on(state: State, heard: Heard, turn: int) -> Move:
    """What follows from something heard; `turn` is the number of the answer."""
    move = _MOVES[state.step](state, heard)
    if turn >= MOST_TURNS and move.state.step != Step.done:
        return Move(_end(state, _end_of(state, heard)), move.effect)
    return move


def _at(state: State, step: Step, remark: Remark | None = None) -> State:
    return State(state.flow, step, 0, remark)


def _end(state: State, remark: Remark) -> State:
    return _at(state, Step.done, remark)


def _end_of(state: State, heard: Heard) -> Remark:
    thanks = state.flow == Flow.feedback and heard.given
    return Remark.thanks if thanks else Remark.goodbye


def _again(state: State, heard: Heard, otherwise: Move) -> Move:
    """The same question once more, or `otherwise` when it was repeated enough."""
    if state.tries >= REPEATS:
        return otherwise
    remark = Remark.wrong_key if heard.keys else Remark.nothing_heard
    return Move(replace(state, tries=state.tries + 1, remark=remark))


def _language(state: State, heard: Heard) -> Move:
    rating = _at(state, Step.rating, heard.greeting)
    if heard.keys == STAFF_KEY:
        return _staff()
    if LANGUAGE_KEYS.get(heard.keys) in heard.languages:
        return Move(rating, Effect.language)
    return _again(state, heard, Move(rating))  # in the establishment's first language


def _rating(state: State, heard: Heard) -> Move:
    if heard.keys == STAFF_KEY:
        return _staff()
    if heard.keys in {"1", "2", "3", "4", "5"}:
        return Move(_at(state, Step.speak), Effect.rate)
    if heard.keys == "0" and len(heard.languages) > 1:
        return Move(_at(state, Step.language))
    # A phone whose keys do nothing can still be spoken into.
    return _again(state, heard, Move(_at(state, Step.speak)))


def _staff() -> Move:
    return Move(State(Flow.phrase, Step.code))


def _speak(state: State, heard: Heard) -> Move:
    if heard.recorded:
        return Move(_at(state, Step.review))
    if state.tries == 0:
        return Move(replace(state, tries=1, remark=Remark.nothing_heard))
    return _asked_whose(state, heard) or Move(_end(state, _end_of(state, heard)))


def _review(state: State, heard: Heard) -> Move:
    match heard.keys:
        case "1":
            return _play(state) if heard.ready else Move(_at(state, Step.fetching))
        case "2":
            return _asked_whose(state, heard) or _kept(state)
        case "3":
            return Move(_at(state, Step.speak))
    if state.flow == Flow.phrase:  # staff say clearly what they want to keep
        return _again(state, heard, Move(_end(state, Remark.goodbye)))
    return _again(state, heard, _kept(state))


def _kept(state: State) -> Move:
    remark = Remark.phrase_kept if state.flow == Flow.phrase else Remark.thanks
    return Move(_end(state, remark), Effect.keep)


def _asked_whose(state: State, heard: Heard) -> Move | None:
    """Before the thanks, of whom they spoke; None where that is known or cannot be asked.

    Last, so that whoever hangs up has said what matters; and only of who still presses or speaks.
    """
    if state.flow != Flow.feedback or not (heard.given and heard.patients):
        return None
    return Move(_at(state, Step.patient))


def _patient(state: State, heard: Heard) -> Move:
    thanks = Move(_end(state, Remark.thanks))
    if heard.keys in {str(number) for number in range(1, heard.patients + 1)}:
        return replace(thanks, effect=Effect.patient)
    if heard.keys in ("", "0"):
        return thanks
    return _again(state, heard, thanks)


def _play(state: State) -> Move:
    return Move(_at(state, Step.review, Remark.play))


def _fetching(state: State, heard: Heard) -> Move:
    if heard.ready:
        return _play(state)
    if state.tries + 1 < LOOKS:
        return Move(replace(state, tries=state.tries + 1))
    return Move(_at(state, Step.review, Remark.not_ready))


def _reminder(state: State, heard: Heard) -> Move:
    asks = state.flow == Flow.reminder
    match heard.keys:
        case "1" if asks:
            return Move(_end(state, Remark.confirmed), Effect.confirm)
        case "2" if asks:
            return Move(_end(state, Remark.reschedule), Effect.reschedule)
        case "3":
            return Move(_at(state, Step.reminder))
        case "9":
            return Move(_at(state, Step.stop))
    return _again(state, heard, Move(_end(state, Remark.goodbye)))


def _stop(state: State, heard: Heard) -> Move:
    match heard.keys:
        case "9":
            return Move(_end(state, Remark.stopped), Effect.stop)
        case "1":
            return Move(_at(state, Step.reminder))
    # Nothing is stopped by accident, and nothing is confirmed by it either.
    return _again(state, heard, Move(_end(state, Remark.goodbye)))


def _code(state: State, heard: Heard) -> Move:
    if heard.code_good:
        return Move(_at(state, Step.speak))
    if state.tries >= REPEATS:
        return Move(_end(state, Remark.goodbye))
    remark = Remark.code_wrong if heard.keys else Remark.nothing_heard
    return Move(replace(state, tries=state.tries + 1, remark=remark))


def _done(state: State, _heard: Heard) -> Move:
    return Move(state)


_MOVES = {
    Step.language: _language,
    Step.rating: _rating,
    Step.speak: _speak,
    Step.fetching: _fetching,
    Step.review: _review,
    Step.patient: _patient,
    Step.reminder: _reminder,
    Step.stop: _stop,
    Step.code: _code,
    Step.done: _done,
}
