"""A call as a table, for staff who want to hear a whole flow as a caller would.

Made by going everywhere that `flow.go_on` leads, so it is what really happens on the phone. What is
said is the newest words and recordings, approved or not: heard before they are approved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from database.session import ScopedSession
from models.establishment import Establishment
from models.phrase import Phrase
from schemas.phrase import CallBeginning, CallOut, CallStep, ChoiceOut, SaidOut
from services.errors import NotFound
from services.phone.flow import (
    Effect,
    Flow,
    Heard,
    Remark,
    State,
    Step,
    go_on,
)
from services.phone.parts import Kind, Part, parts
from services.phone.script import spoken
from services.phrase.coverage import own_phrases
from services.phrase.flow import newest, state_of
from services.phrase.view import SAMPLES

_KEYS = {
    Step.language: "12345",
    Step.rating: "123450",
    Step.review: "123",
    Step.reminder: "1239",
    Step.stop: "91",
}
"""The keys that a question may offer; those that lead nowhere are left out."""
_GREETINGS = {"incoming": Remark.welcome, "called_back": Remark.called_back}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a call stands, and what its course decides: how it greets, what was given."""

    state: State
    greeting: Remark = Remark.welcome
    given: bool = False
    beginning: bool = False


@dataclass(frozen=True)
class _Talk:
    """What is said in a call in one language."""

    establishment: Establishment
    flow: str
    language: str
    offered: list[str]
    own: dict[tuple[str, str], Phrase]

    def said(self, part: Part) -> Iterator[SaidOut]:
        match part.kind:
            case Kind.phrase:
                yield self._phrase(part.key, self.language)
            case Kind.menu:
                for language in self.offered:
                    yield self._phrase(part.key, language)
            case Kind.pause:
                yield SaidOut(kind=part.kind, seconds=part.seconds)
            case _:
                yield SaidOut(kind=part.kind)

    def _phrase(self, key: str, language: str) -> SaidOut:
        row = self.own.get((key, language))
        words = newest(language, key, row)
        values = {"hospital": self.establishment.name, **SAMPLES}
        return SaidOut(
            kind=Kind.phrase,
            key=key,
            language=language,
            text=words.text.format_map(values) if words and words.text else None,
            recorded=words is not None and words.recording_id is not None,
            state=state_of(self.flow, language, key, row),
        )


def rehearse(
    session: ScopedSession, establishment: Establishment, flow: str, language: str
) -> CallOut:
    """A flow of phone calls in a language; raises `NotFound` for any other flow."""
    if flow not in set(Flow):
        raise NotFound("flow of phone calls")
    whole = list(spoken(session, establishment, Flow(flow)))
    offered = [
        one for one in [*establishment.languages, language] if one in whole or one == language
    ]
    talk = _Talk(establishment, flow, language, list(dict.fromkeys(offered)), own_phrases(session))
    several = len(talk.offered) > 1
    begun = dict(_beginnings(Flow(flow), several=several))
    places = _places(list(begun.values()), frozenset(talk.offered))
    numbers = {place: number for number, place in enumerate(places)}
    return CallOut(
        flow=flow,
        language=language,
        beginnings=[CallBeginning(name=name, step=numbers[at]) for name, at in begun.items()],
        steps=[
            CallStep(
                step=place.state.step,
                said=[
                    one
                    for part in parts(place.state, beginning=place.beginning, several=several)
                    for one in talk.said(part)
                ],
                choices=[ChoiceOut(event=event, to=numbers[to]) for event, to in following.items()],
            )
            for place, following in places.items()
        ],
    )


def _beginnings(flow: Flow, *, several: bool) -> Iterator[tuple[str, _Place]]:
    first = Step.language if several else Step.rating
    match flow:
        case Flow.feedback:
            for name, greeting in _GREETINGS.items():
                state = State(flow, first, 0, greeting)
                yield name, _Place(state, greeting, beginning=True)
        case Flow.reminder | Flow.notice:
            yield "reminder", _Place(State(flow, Step.reminder), beginning=True)
            yield "machine", _Place(State(flow, Step.done, 0, Remark.machine))
        case Flow.phrase:
            yield "staff", _Place(State(flow, Step.code))


def _places(beginnings: list[_Place], languages: frozenset[str]) -> dict[_Place, dict[str, _Place]]:
    """Every place that any way leads to, in the order in which they are found, with what follows.

    A state has a bounded number of tries, so there is an end.
    """
    found: dict[_Place, dict[str, _Place]] = {}
    waiting = list(beginnings)
    while waiting:
        place = waiting.pop(0)
        if place in found:
            continue
        found[place] = dict(_following(place, languages))
        waiting.extend(found[place].values())
    return found


def _following(place: _Place, languages: frozenset[str]) -> Iterator[tuple[str, _Place]]:
    for event, heard in _events(place.state):
        known = replace(heard, given=place.given, languages=languages, greeting=place.greeting)
        move = go_on(place.state, known, 1)
        offered = not (event.isdigit() and move.state.remark == Remark.wrong_key)
        if offered and move.state.flow == place.state.flow:
            given = place.given or move.effect == Effect.rate or heard.recorded
            yield event, _Place(move.state, place.greeting, given)


def _events(state: State) -> Iterator[tuple[str, Heard]]:
    """What a caller can do here, by name. `wrong`: a key that is not offered, or a wrong code."""
    match state.step:
        case Step.done:
            return
        case Step.speak:
            yield "spoken", Heard(recorded=True)
        case Step.fetching:
            yield "ready", Heard(ready=True)
            yield "late", Heard()
            return
        case Step.code:
            yield "right", Heard("00000000", code_good=True)
            yield "wrong", Heard("00000000")
        case _:
            for key in _KEYS[state.step]:
                yield key, Heard(key)
            yield "wrong", Heard("#")
    yield "silence", Heard()
