"""A call as staff rehearse it: the very steps of the real one, in the newest words."""

from __future__ import annotations

from typing import Any

import pytest

from models.establishment import Establishment
from models.phrase import Phrase
from schemas.phrase import CallOut
from services.errors import NotFound
from services.phone.flow import Flow
from services.phone.rehearsal import rehearse
from services.phrase.phrases import FLOWS
from services.recording import put_away
from tests.fixtures import NORTH
from utils.audio_telephone import wav
from workers.context import get_context


def call(database: Any, flow: str, language: str = "fra") -> CallOut:
    with database.establishment(NORTH) as session:
        return rehearse(session, session.get_one(Establishment, NORTH), flow, language)


def walk(call: CallOut, events: str, beginning: int = 0) -> list[str]:
    """What is heard on a way through a call, by key."""
    step = call.steps[call.beginnings[beginning].step]
    heard = [one.key or one.kind for one in step.said]
    for event in events.split():
        step = call.steps[next(one.to for one in step.choices if one.event == event)]
        heard += ["|", *(one.key or one.kind for one in step.said)]
    return heard


def test_a_whole_call_is_heard_in_its_order(database: Any) -> None:
    heard = walk(call(database, Flow.feedback), "1 5 spoken 1 ready 2")
    assert heard == [
        "phone.language", "phone.language", "|",
        "phone.welcome", "phone.rate", "phone.other_language", "|",
        "phone.speak", "|", "phone.review", "|", "phone.one_moment", "pause", "|",
        "voice", "phone.review", "|", "phone.thanks",
    ]  # fmt: skip
    assert walk(call(database, Flow.feedback), "wrong 2", 1)[-3:] == [
        "phone.called_back", "phone.rate", "phone.other_language",
    ]  # fmt: skip
    reminder = call(database, Flow.reminder)
    assert walk(reminder, "9 9")[-1] == "phone.stopped"
    assert walk(reminder, "", 1) == ["phone.machine"]
    assert walk(call(database, Flow.phrase), "right spoken 2")[-1] == "phone.phrase_kept"


@pytest.mark.parametrize("flow", list(Flow))
def test_every_phrase_of_a_flow_can_be_heard(database: Any, flow: Flow) -> None:
    whole = call(database, flow)
    heard = {one.key for step in whole.steps for one in step.said}
    # What is said in the menu belongs to feedback; the rest is exactly what the flow needs.
    assert heard - {None} == set(FLOWS[flow])
    assert all(step.choices or step.step == "done" for step in whole.steps)


def test_what_is_new_is_heard_before_it_is_approved(database: Any) -> None:
    with database.establishment(NORTH) as session:
        recording = put_away(get_context().storage, NORTH, wav(b"\x10\x20" * 800))
        session.add(recording)
        session.flush()
        session.add(Phrase(key="phone.rate", language="dua", recording_id=recording.id,
                           text="[dua]", written_by="user:1"))  # fmt: skip
    whole = call(database, Flow.feedback, "dua")
    assert [one.event for one in whole.steps[0].choices] == ["1", "2", "3", "wrong", "silence"]
    said = {one.key: one for step in whole.steps for one in step.said if one.language == "dua"}
    assert (said["phone.rate"].recorded, said["phone.rate"].state) == (True, "waiting")
    assert (said["phone.thanks"].text, said["phone.thanks"].state) == (None, "missing")


def test_what_is_no_call_cannot_be_rehearsed(database: Any) -> None:
    with pytest.raises(NotFound):
        call(database, "choices_by_sms")
