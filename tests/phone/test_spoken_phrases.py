"""Languages that only recordings speak, and recordings of phrases that staff phone in.

Seen to fail: `_complete` without `spoken` (a French voice would read Duala), `keep_spoken` without
`kept_at` (what nobody kept is stored), a code that is not used up, `_discard_unkept` left out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from models.call_recording import CallRecording
from models.conversation import Conversation
from models.phrase import FlowLanguage, Phrase
from services.identity import Principal
from services.phone.fetching import find_recordings, note_fetched, take
from services.phrase.phone_code import issue
from services.phrase.phrases import FLOWS, shipped
from services.recording import put_away
from tests.fixtures import NORTH
from tests.phone.telephone import Call, Carrier, play
from utils.audio import probe
from utils.audio_telephone import silence, wav
from workers.context import get_context

Dial = Callable[..., Call]
Look = Callable[[str], list[tuple[Any, ...]]]
VOICE = wav(b"\x10\x20" * 8000)


def speak_everything(
    database: Any, language: str, *, leave_out: str = "", flow: str = "feedback_by_phone"
) -> None:
    """Every phrase of a flow was recorded and approved; the language switched on."""
    with database.establishment(NORTH) as session:
        session.add(FlowLanguage(flow=flow, language=language, switched_by="user:2"))
        for key in FLOWS[flow]:
            recording = put_away(get_context().storage, NORTH, VOICE)
            session.add(recording)
            session.flush()
            session.add(
                Phrase(
                    key=key,
                    language=language,
                    recording_id=None if key == leave_out else recording.id,
                    text="(written, not spoken)",
                    written_by="user:1",
                    approved_by="user:2",
                )
            )


def test_a_recorded_language_is_played_from_its_recordings_alone(
    dial: Dial, database: Any, carrier: Carrier, settings: Any, look: Look
) -> None:
    speak_everything(database, "dua")
    with settings(languages=["dua", "fra"]):
        call = dial()
        assert [heard[:2] for heard in call.said] == ["♪ ", "fr"]
        play(call, "presses 3\nhears ♪\npresses 5\nhears ♪\nsays 4\nhears ♪\npresses 2\nends")
    spoken = call.everything[2:]
    assert all(heard.startswith("♪ ") for heard in spoken)
    assert len(spoken) == 2 + 1 + 1 + 1 + 1  # welcome and question, other language, and so on
    assert look("select language from feedbacks") == [("dua",)]
    for url in call.audio:
        heard = carrier.get(url)
        assert (heard.status_code, heard.headers["content-type"]) == (200, "audio/wav")
        assert "max-age" in heard.headers["cache-control"]
        assert probe(heard.content, 60, 10).codec == "pcm_s16le"


def test_a_language_with_one_phrase_unspoken_is_not_offered(
    dial: Dial, database: Any, settings: Any
) -> None:
    speak_everything(database, "dua", leave_out="phone.goodbye")
    with settings(languages=["dua", "fra", "eng"]):
        call = dial()
        assert [heard[:5] for heard in call.said] == ["fr-FR", "en-GB"]
        play(call, "presses 3\nhears Pour le français")


def test_where_nothing_is_recorded_french_and_english_stand_in(dial: Dial, settings: Any) -> None:
    with settings(languages=["ewo"]):
        assert [heard[:5] for heard in dial().said] == ["en-GB", "fr-FR"]


def test_a_prompt_that_cannot_be_played_is_a_moments_silence(
    dial: Dial, database: Any, carrier: Carrier, settings: Any
) -> None:
    speak_everything(database, "dua")
    with settings(languages=["dua"]):
        call = dial()
    (key, *_) = [url.split("/audio/")[1].split("/")[1] for url in call.audio]
    get_context().storage.delete(f"{NORTH}/{key}")
    carrier.client.app.state.careloop.prompts._kept.clear()
    heard = carrier.get(call.audio[0])
    assert (heard.status_code, heard.headers["cache-control"]) == (200, "no-store")
    assert heard.content == silence(0.5)


# --- Phoning a phrase in ---

STAFF = """
    presses *
    hears Tapez le code
"""


@pytest.fixture
def code(database: Any) -> str:
    with database.establishment(NORTH) as session:
        return issue(session, "phone.welcome", "dua", Principal(NORTH, "user:1")).code


def arrives(database: Any, number: int = 1) -> None:
    """A worker has fetched a recording."""
    with database.establishment(NORTH) as session:
        session.execute(update(CallRecording).values(next_at=datetime.now(UTC)))
    with database.establishment(NORTH) as session:
        (work,) = take(session, [number], 60)
    stored = put_away(get_context().storage, NORTH, VOICE, work.recording_id)
    with database.establishment(NORTH) as session:
        note_fetched(session, work, stored, probe(VOICE, 60, 10), whole=True)


PHRASES = "select key, language, recorded_by, approved_by, recording_id is not null from phrases"
KEPT = [("phone.welcome", "dua", "user:1", None, True)]


@pytest.mark.parametrize("fetched", ["before it is kept", "after it is kept"])
def test_a_phrase_is_spoken_in_and_waits_for_a_second_person(
    dial: Dial, database: Any, look: Look, code: str, fetched: str
) -> None:
    call = dial()
    play(call, STAFF)
    call.press(code)
    words = (shipped()["fra"]["phone.welcome"].text or "").format(hospital="Hôpital Nord")
    play(call, f"hears Voici la phrase\nhears {words}\nhears Dites-la dans votre langue\nsays 4")
    if fetched == "before it is kept":
        arrives(database)
        assert look(PHRASES) == []
        play(call, "presses 1\nhears ♪")
    play(call, "presses 2\nhears L'enregistrement est gardé\nends")
    if fetched == "after it is kept":
        assert look(PHRASES) == []
        arrives(database)
    assert look(PHRASES) == KEPT
    assert look("select count(*) from feedbacks") == [(0,)]


def test_a_code_is_good_once(dial: Dial, look: Look, code: str) -> None:
    first, second = dial(), dial(number="+237650000002")
    for call in (first, second):
        play(call, STAFF)
        call.press(code)
    play(first, "hears Voici la phrase")
    play(second, "hears Ce code n'est pas valable")


def test_guessing_ends_after_three(dial: Dial, code: str) -> None:
    call = dial()
    play(call, STAFF)
    for guess in ("00000000", "********", "99999999"):
        assert call.state == "in-progress"
        call.press(guess)
    play(call, "hears Au revoir\nends")


@pytest.mark.parametrize("ending", ["hangs up", "waits\nwaits\nwaits\nhears Au revoir\nends"])
def test_what_nobody_kept_is_forgotten(
    dial: Dial, database: Any, look: Look, code: str, ending: str
) -> None:
    call = dial()
    play(call, STAFF)
    call.press(code)
    play(call, "says 4")
    arrives(database)
    play(call, ending)
    assert look(PHRASES) == []
    with database.establishment(NORTH) as session:
        session.execute(update(Conversation).values(last_at=datetime.now(UTC) - timedelta(hours=3)))
    with database.establishment(NORTH) as session:
        find_recordings(session)
    assert look("select replaced_at is not null from call_recordings") == [(True,)]


def test_a_new_recording_is_unapproved_again(
    dial: Dial, database: Any, look: Look, code: str
) -> None:
    with database.establishment(NORTH) as session:
        old = put_away(get_context().storage, NORTH, VOICE)
        session.add(old)
        session.flush()
        session.add(
            Phrase(key="phone.welcome", language="dua", recording_id=old.id, text="-",
                   written_by="user:3", approved_by="user:2")
        )  # fmt: skip
    call = dial()
    play(call, STAFF)
    call.press(code)
    play(call, "says 4\npresses 2\nends")
    arrives(database)
    assert look(PHRASES) == KEPT
    assert look("select count(*) from recordings") == [(2,)]
