"""The requests themselves: forged, repeated, at once, out of order, and without a database.

Seen to fail: `signed_form` not asking `genuine`; the turn not compared in `answering.answer` (a key
counts twice); `note_call` without its unique key; `AWAY` left empty (a problem document instead of
a sentence); an audio address whose signature is not compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services.phone.links import GOOD_FOR, Links
from simulator.twiml import VOICE, parse
from tests.phone.telephone import Call, Carrier, play

Dial = Callable[..., Call]
Look = Callable[[str], list[tuple[Any, ...]]]
PATHS = ["", "/reminder?delivery=1.1", "/gather?c=1.1.0", "/recorded?c=1.1.0",
         "/recording?c=1.1.0", "/status"]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_what_is_forged_is_refused_and_changes_nothing(
    carrier: Carrier, look: Look, path: str
) -> None:
    form = {"CallSid": "CA1", "From": "+237650000001", "To": "+15005550006", "Digits": "9"}
    answer = carrier.post(f"{carrier.base}/webhooks/twilio/voice{path}", form, signature="Zm9v")
    assert answer.status_code == 403
    assert answer.json()["code"] == "signature_invalid"
    for table in ("calls", "conversations", "addresses", "feedbacks"):
        assert look(f"select count(*) from {table}") == [(0,)]


def test_the_first_request_ten_times_at_once_is_one_call(carrier: Carrier, look: Look) -> None:
    call = Call(carrier, f"{carrier.base}/webhooks/twilio/voice")
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: carrier.post(call.url, call.params()), range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert look("select count(*) from calls") == [(1,)]
    assert look("select count(*) from conversations") == [(1,)]


def test_an_answer_ten_times_at_once_counts_once_and_gets_the_same_document(
    dial: Dial, carrier: Carrier, look: Look
) -> None:
    call = dial()
    play(call, "presses 1\npresses 4")
    assert call.last is not None
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: carrier.post(*call.last), range(10)))
    assert {answer.text for answer in answers} == {call.documents[-1]}
    assert look("select rating from feedbacks") == [(4,)]


def test_every_request_of_a_call_may_come_twice(dial: Dial, look: Look) -> None:
    call = dial()
    for what in ("presses 1", "presses 3", "says 5", "presses 3", "says 6", "presses 2"):
        play(call, what)
        assert call.again() == call.documents[-1]
    assert call.state == "completed"
    assert look("select rating from feedbacks") == [(3,)]
    assert look("select count(*) from call_recordings") == [(2,)]


def test_an_answer_to_an_earlier_question_moves_nothing(
    dial: Dial, carrier: Carrier, look: Look
) -> None:
    call = dial()
    play(call, "presses 1\npresses 2")
    url, form = call.last or ("", {})
    play(call, "says 5")
    late = carrier.post(url, form | {"Digits": "5"})
    assert late.text == call.documents[-1]
    assert look("select rating from feedbacks") == [(2,)]


def test_an_answer_to_somebody_elses_call_is_not_taken(
    dial: Dial, carrier: Carrier, look: Look
) -> None:
    first, second = dial(), dial(number="+237650000002")
    play(first, "presses 1\npresses 1")
    url, form = first.last or ("", {})
    carrier.post(url.replace("c=1.1.1", "c=1.1.2"), form | {"CallSid": second.sid})
    carrier.post(url.replace("c=1.1.1", "c=2.1.1"), form)
    assert look("select step from conversations order by id") == [("speak",), ("language",)]


@pytest.mark.parametrize("order", ["action first", "callback first", "callback only", "both twice"])
def test_a_recording_is_one_whoever_tells_of_it_first(
    dial: Dial, carrier: Carrier, look: Look, order: str
) -> None:
    call = dial()
    play(call, "presses 1\npresses 5")
    record = parse(call.documents[-1], VOICE)[-2]
    call.status_url = record.get("recordingStatusCallback")
    if order == "callback first":
        call.recordings.append("RE" + "0" * 32)
        assert call.recording_ready("RE" + "0" * 32).status_code == 200
        form = call.params() | {"RecordingSid": "RE" + "0" * 32, "RecordingDuration": "7"}
        assert carrier.post(record.get("action"), form).status_code == 200
    elif order == "callback only":
        call.hang_up()
        assert call.recording_ready("RE" + "1" * 32).status_code == 200
    else:
        sid = call.speak(7) or ""
        for _ in range(2 if order == "both twice" else 1):
            call.again()
            assert call.recording_ready(sid).status_code == 200
    assert look("select count(*), count(replaced_at) from call_recordings") == [(1, 0)]
    assert look("select count(*) from feedbacks where awaited_recording is not null") == [(1,)]


@pytest.mark.parametrize(
    ("status", "seconds"), [("absent", 0), ("in-progress", 3), ("completed", 0)]
)
def test_a_recording_of_nothing_is_none(dial: Dial, look: Look, status: str, seconds: int) -> None:
    call = dial()
    play(call, "presses 1\npresses 5")
    call.status_url = parse(call.documents[-1], VOICE)[-2].get("recordingStatusCallback")
    assert call.recording_ready("RE" + "2" * 32, seconds, status).status_code == 200
    assert look("select count(*) from call_recordings") == [(0,)]


@pytest.mark.parametrize(
    "odd",
    [
        {"Digits": "1" * 500},
        {"Digits": "\x00"},
        {"Digits": "é²"},
        {"CallSid": ""},
        {"RecordingSid": "RE" + "x" * 500, "RecordingDuration": "-1"},
        {"RecordingSid": "RE3", "RecordingDuration": "9" * 40},
        {"From": "\u202e+2376"},
    ],
)
def test_odd_parameters_end_in_a_sentence(
    dial: Dial, carrier: Carrier, odd: dict[str, str]
) -> None:
    call = dial()
    play(call, "presses 1\npresses 2")
    url, form = call.last or ("", {})
    for path in (url, f"{carrier.base}/webhooks/twilio/voice"):
        answer = carrier.post(path, form | odd)
        assert answer.status_code == 200
        parse(answer.text, VOICE)


def test_without_a_database_a_caller_hears_a_sentence_in_both_languages(
    dial: Dial, carrier: Carrier, no_database: Any
) -> None:
    call = dial()
    with no_database():
        answer = carrier.post(*(call.last or ("", {})))
    assert answer.status_code == 200
    verbs = parse(answer.text, VOICE)
    assert [(verb.name, verb.get("language")) for verb in verbs] == [
        ("Say", "fr-FR"),
        ("Say", "en-GB"),
        ("Hangup", ""),
    ]


def test_audio_is_heard_only_at_a_signed_address_and_for_a_while() -> None:
    now = 1_800_000_000.0
    links = Links("https://h.example", (b"new", b"old"))
    identity = "0197aaaa-0000-7000-8000-000000000001"
    from uuid import UUID

    url = links.audio(1, UUID(identity), "prompt", now)
    path = url.partition("/audio/")[2]
    named = links.parse_audio(path, now)
    assert named is not None
    assert (named.establishment_id, str(named.recording_id), named.kind) == (1, identity, "prompt")
    assert links.audio(1, UUID(identity), "prompt", now + 1) == url  # the provider may keep it
    assert links.parse_audio(path, now + 2 * GOOD_FOR + 1) is None
    assert links.parse_audio(path.replace("prompt", "voice"), now) is None
    assert links.parse_audio("2" + path[1:], now) is None
    assert links.parse_audio(path[:-5] + "0.wav", now) is None or path[-5] == "0"
    older = Links("https://h.example", (b"old",)).audio(1, UUID(identity), "voice", now)
    assert links.parse_audio(older.partition("/audio/")[2], now) is not None
    assert Links("", (b"other",)).parse_audio(path, now) is None


@pytest.mark.parametrize("path", ["", "1/2", "../../etc/passwd", "1/x/prompt/1/00.wav"])
def test_an_address_that_nobody_signed_holds_nothing(carrier: Carrier, path: str) -> None:
    answer = carrier.client.get(f"/webhooks/twilio/voice/audio/{path}")
    assert answer.status_code == 404


def test_an_address_is_good_for_an_hour_at_least() -> None:
    links, now = Links("", (b"k",)), time.time()
    from uuid import uuid4

    path = links.audio(1, uuid4(), "prompt", now).partition("/audio/")[2]
    assert links.parse_audio(path, now + GOOD_FOR) is not None
