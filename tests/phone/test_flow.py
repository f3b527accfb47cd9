"""Every state of a call with everything a caller can do: a valid document, and an end.

Seen to fail: `_fetching` without its bound and `MOST_TURNS` not looked at (calls that do not end),
an `_at` to a step that the script does not know (no document).
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from models.conversation import Conversation
from models.establishment import Establishment
from models.phrase import PhraseCode
from models.reminder import Reminder
from services.identity import Principal
from services.phone.flow import (
    LANGUAGE_KEYS,
    MOST_TURNS,
    REPEATS,
    Flow,
    Heard,
    Remark,
    State,
    Step,
    go_on,
)
from services.phone.links import Links
from services.phone.script import instructions
from services.phrase.phone_code import issue
from simulator.twiml import VOICE, parse
from tests.fixtures import NORTH
from tests.services.deliveries import make
from utils.twiml import twiml

KEYS = ["", *"0123456789*#", "12345678", "D"]
LANGUAGES = [frozenset({"fra"}), frozenset({"fra", "eng"}), frozenset(LANGUAGE_KEYS.values())]
BEGINNINGS = [
    State(Flow.feedback, Step.language, 0, Remark.welcome),
    State(Flow.feedback, Step.rating, 0, Remark.welcome),
    State(Flow.feedback, Step.rating, 0, Remark.called_back),
    State(Flow.reminder, Step.reminder),
    State(Flow.notice, Step.reminder),
    State(Flow.reminder, Step.done, 0, Remark.machine),
    State(Flow.reminder, Step.done, 0, Remark.silence),
]
EVERYTHING = [
    Heard(keys, recorded, ready, given, code_good, languages, greeting, patients)
    for keys, recorded, ready, given, code_good, languages, greeting, patients in itertools.product(
        KEYS,
        *[(False, True)] * 4,
        LANGUAGES[1:],
        (Remark.welcome, Remark.called_back),
        (0, 3),
    )
]


def reachable() -> set[State]:
    """Every state that any way leads to."""
    found, new = set(BEGINNINGS), list(BEGINNINGS)
    while new:
        state = new.pop()
        for heard in EVERYTHING:
            for turn in (1, MOST_TURNS):
                following = go_on(state, heard, turn).state
                if following not in found:
                    found.add(following)
                    new.append(following)
                    assert len(found) < 500, "states without an end"
    return found


STATES = sorted(reachable(), key=str)


def test_every_step_and_remark_is_reached() -> None:
    assert {state.step for state in STATES} == set(Step)
    assert {state.remark for state in STATES} - {None} == set(Remark)
    assert max(state.tries for state in STATES) <= max(REPEATS, 3)


@pytest.mark.parametrize("languages", [["fra", "eng"], ["eng"], ["dua", "ewo"]])
def test_every_state_has_a_valid_document(database: Any, languages: list[str]) -> None:
    make(database, channels=("voice",), message="À <10 h> & à jeun\x00\x07")
    with database.establishment(NORTH) as session:
        reminder_id = session.scalars(select(Reminder.id)).one()
        issue(session, "phone.welcome", "dua", Principal(NORTH, "user:1"))
        code = session.scalars(select(PhraseCode.id)).one()
        place = session.get_one(Establishment, NORTH)
        session.expunge(place)
        place.languages = languages
        links = Links("https://hopital.example", (b"key",))
        for state in STATES:
            conversation = Conversation(
                id=7, channel="voice", flow=state.flow, step=state.step, questions=state.tries,
                remark=state.remark, turn=3, reminder_id=reminder_id, offered=[code],
                language="fra" if state.step == Step.patient else None,  # chosen by then
            )  # fmt: skip
            document = twiml(instructions(session, place, conversation, links, 1e9))
            verbs = parse(document, VOICE)
            names = [verb.name for verb in verbs]
            if state.step == Step.done:
                assert names[-1] == "Hangup"
                assert not set(names) & {"Gather", "Record", "Redirect"}
            else:  # whatever is not heard leads on, too
                assert names[-1] == "Redirect"
                spoken = [v for v in verbs if v.name in ("Say", "Play")] + [
                    c for v in verbs for c in v.children
                ]
                assert spoken
        assert session.scalar(select(func.count(Conversation.id))) == 0


caller = st.builds(
    Heard,
    keys=st.sampled_from(KEYS),
    recorded=st.booleans(),
    ready=st.booleans(),
    given=st.booleans(),
    code_good=st.booleans(),
    languages=st.sampled_from(LANGUAGES),
    patients=st.integers(0, 5),
)


@settings(max_examples=100)
@given(st.sampled_from(BEGINNINGS), st.lists(caller, min_size=MOST_TURNS, max_size=MOST_TURNS))
def test_whatever_a_caller_does_the_call_ends(start: State, doings: list[Heard]) -> None:
    state = start
    for turn, heard in enumerate(doings, start=1):
        state = go_on(state, heard, turn).state
    assert state.step == Step.done


CIRCLES = [
    (State(Flow.reminder, Step.reminder), [Heard("3")]),
    (State(Flow.reminder, Step.reminder), [Heard("9"), Heard("1")]),
    (State(Flow.feedback, Step.review), [Heard("1", ready=True)]),
    (State(Flow.feedback, Step.review), [Heard("3"), Heard(recorded=True)]),
    (State(Flow.feedback, Step.rating), [Heard("0", languages=LANGUAGES[1]),
                                         Heard("1", languages=LANGUAGES[1])]),
]  # fmt: skip


@pytest.mark.parametrize(("start", "circle"), CIRCLES)
def test_who_goes_round_in_circles_is_let_go(start: State, circle: list[Heard]) -> None:
    state = start
    for turn in range(1, MOST_TURNS + 1):
        assert state.step != Step.done
        state = go_on(state, circle[(turn - 1) % len(circle)], turn).state
    assert state.step == Step.done


@pytest.mark.parametrize("start", BEGINNINGS, ids=str)
@pytest.mark.parametrize("languages", LANGUAGES)
def test_who_does_nothing_is_not_kept_for_long(start: State, languages: frozenset[str]) -> None:
    state = start
    for _turn in range(8):
        state = go_on(state, Heard(languages=languages), _turn + 1).state
    assert state.step == Step.done


def test_nothing_stops_by_one_key() -> None:
    stops = set()
    for state, heard in itertools.product(STATES, EVERYTHING):
        if go_on(state, heard, 1).effect == "stop":
            stops.add((state.step, heard.keys))
    assert stops == {(Step.stop, "9")}


def test_a_call_that_asks_nothing_is_neither_confirmed_nor_put_off() -> None:
    notices = [state for state in STATES if state.flow == Flow.notice]
    effects = {go_on(one, heard, 1).effect for one in notices for heard in EVERYTHING}
    assert effects == {None, "stop"}
