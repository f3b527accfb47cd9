"""Recordings on their way home: fetched, verified, sealed, joined, deleted at the provider.

Seen to fail: `note_deleted` before the deletion; `take` without its lease (fetched twice at once);
`note_fetched` without `_give` (nothing to hear); `forget_stored` not asking who still wants it;
`_read` without its bound; `find_recordings` not looking for calls that nobody asked about; what was
not fetched whole passed for sound; a recording of no seconds taken in from the list.
"""

from __future__ import annotations

import hashlib
import io
import wave
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from models.call_recording import CallRecording
from models.message import Call as CallRow
from services.feedback.bringing_home import GONE_AFTER
from services.phone.fetching import find_recordings, take, take_in_list
from services.recording import audio_of
from tests.fixtures import NORTH
from tests.phone.telephone import Call, play
from tests.simulator.simulator_harness import NUMBER, PHONE, SID, TOKEN, Simulator, eventually
from tests.simulator.simulator_service import Service
from utils.audio_telephone import silence, wav
from utils.storage import StorageFull
from utils.twilio_recordings import Listed, TwilioRecordings
from workers import call_recording
from workers.context import get_context

Dial = Callable[..., Call]
Look = Callable[[str], list[tuple[Any, ...]]]
STATE = (
    "select fetched_at is not null, deleted_at is not null, next_at is not null"
    " from call_recordings order by id"
)


def provider(base: str) -> TwilioRecordings:
    settings = get_context().settings.twilio.model_copy(
        update={"api_url": base, "account_sid": SID, "auth_token": SecretStr(TOKEN), "timeout": 2}
    )
    return TwilioRecordings(settings)


@pytest.fixture
def at(client: Any, database: Any) -> Iterator[Callable[[str], None]]:
    """Has the workers ask a provider at an address."""
    context = get_context()
    before = context.recordings

    def point(base: str) -> None:
        context.recordings = provider(base)

    yield point
    context.recordings = before


@pytest.fixture
def carried(simulator: Simulator, service: Service, at: Callable[[str], None]) -> Simulator:
    at(simulator.base)
    return simulator


def record(simulator: Simulator, service: Service, *texts: str) -> dict[str, Any]:
    """A call in which somebody says some things; its entry in the carrier's ledger."""
    simulator.behave(voice={"answer": "auto", "speak": list(texts)})
    verbs = '<Record action="/next"/>'
    service.answer("/voice", f"<Response>{verbs}</Response>")
    rest = [f"<Response>{verbs}</Response>"] * (len(texts) - 1)
    service.answer("/next", *rest, "<Response><Hangup/></Response>")
    sid = simulator.post("inbound/calls", {"from": PHONE, "to": NUMBER}).json()["id"]
    return eventually(
        lambda: ((entry := simulator.entry(sid))["state"] == "completed" and entry) or None
    )


def told(dial: Dial, sids: list[str], seconds: int = 3, before: str = "") -> Call:
    """The same call as our service hears of it."""
    call = dial()
    play(call, f"presses 1\npresses 4\n{before}")
    for sid in sids:
        call.tell(sid, seconds)
        if sid != sids[-1]:
            play(call, "presses 3")
    return call


def work(database: Any) -> None:
    """What a worker does with everything that is due."""
    with database.establishment(NORTH) as session:
        session.execute(
            update(CallRecording)
            .where(CallRecording.next_at.is_not(None))
            .values(next_at=datetime.now(UTC) - timedelta(seconds=1))
        )
        ids = list(session.scalars(select(CallRecording.id)))
    call_recording.fetch(NORTH, ids)


def test_it_is_fetched_sealed_joined_and_deleted_over_there(
    carried: Simulator, service: Service, dial: Dial, database: Any, look: Look, twilio: Any
) -> None:
    (sid,) = record(carried, service, "Tout était propre")["extra"]["recordings"]
    told(dial, [sid])
    work(database)
    assert look(STATE) == [(True, True, False)]
    assert twilio.recordings.list() == []
    ((feedback, problems, container, seconds),) = look(
        "select f.rating, r.problems, r.container, r.seconds from feedbacks f"
        " join recordings r on r.id = f.recording_id"
    )
    assert (feedback, problems, container) == (4, [], "wav")
    assert 1 <= seconds <= 3
    ((identity, size, checksum),) = look("select id, size, checksum from recordings")
    audio = audio_of(get_context().storage, NORTH, identity)
    assert (audio[:4], len(audio)) == (b"RIFF", size)
    assert hashlib.sha256(audio).digest() == bytes(checksum)


def test_done_again_it_stays_as_it_is(
    carried: Simulator, service: Service, dial: Dial, database: Any, look: Look
) -> None:
    (sid,) = record(carried, service, "Bien")["extra"]["recordings"]
    told(dial, [sid])
    for _ in range(3):
        work(database)
        with database.establishment(NORTH) as session:
            session.execute(update(CallRecording).values(next_at=datetime.now(UTC)))
    assert look("select count(*) from recordings") == [(1,)]


def test_one_that_was_said_again_is_forgotten_everywhere(
    carried: Simulator, service: Service, dial: Dial, database: Any, look: Look, twilio: Any
) -> None:
    sids = record(carried, service, "Non, attendez", "Très bien reçu")["extra"]["recordings"]
    call = dial()
    play(call, "presses 1\npresses 4")
    call.tell(sids[0], 3)
    work(database)
    assert look("select count(*) from recordings") == [(1,)]
    ((first,),) = look("select recording_id from feedbacks")
    play(call, "presses 3")
    call.tell(sids[1], 3)
    work(database)
    assert look(STATE) == [(True, True, False), (True, True, False)]
    ((second,),) = look("select recording_id from feedbacks")
    assert second != first
    assert look("select id from recordings") == [(second,)]
    assert not get_context().storage.exists(f"{NORTH}/{first}")
    assert twilio.recordings.list() == []


@pytest.mark.parametrize("fault", ["recordings.media", "recordings.delete"])
def test_a_provider_that_is_away_is_asked_again_from_the_row(
    carried: Simulator, service: Service, dial: Dial, database: Any, look: Look, fault: str
) -> None:
    (sid,) = record(carried, service, "Bien")["extra"]["recordings"]
    told(dial, [sid])
    for kind in ("drop", "status"):
        carried.behave(faults=[{"on": fault, "kind": kind, "status": 503, "times": 1}])
        work(database)
        assert look(STATE) == [(fault.endswith("delete"), False, True)]
        ((waits,),) = look("select extract(epoch from next_at - now()) from call_recordings")
        assert 3 < waits < 20
    work(database)
    assert look(STATE) == [(True, True, False)]


def test_one_that_the_provider_never_has_is_given_up_with_a_task(
    carried: Simulator, dial: Dial, database: Any, look: Look
) -> None:
    told(dial, ["RE" + "0" * 32])
    for _ in range(GONE_AFTER - 1):
        work(database)
        assert look(STATE) == [(False, False, True)]
    work(database)
    assert look(STATE) == [(False, True, False)]
    assert look("select rating, awaited_recording from feedbacks") == [(4, None)]
    assert look("select kind from tasks") == [("voice_lost",)]


def test_two_workers_do_not_fetch_it_twice(dial: Dial, database: Any) -> None:
    told(dial, ["RE" + "3" * 32])
    with database.establishment(NORTH) as one, database.establishment(NORTH) as other:
        assert len(take(one, [1], 60)) == 1
        assert take(other, [1], 60) == []
    with database.establishment(NORTH) as later:
        assert take(later, [1], 60) == []


LONG = wav(b"\x10\x20" * (8000 * 1900))


def _fine(seconds: int) -> bytes:
    """Sound in a studio's quality: 192,000 bytes a second."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(2), sound.setsampwidth(2), sound.setframerate(48_000)
        sound.writeframes(b"\x10\x20\x10\x20" * (48_000 * seconds))
    return file.getvalue()


LARGE = _fine(120)


@pytest.mark.parametrize(
    ("audio", "seconds", "problems"),
    [
        (b"<html>captive portal</html>", 3, ["not_audio"]),
        (silence(3)[:-20_000], 3, ["truncated"]),
        (wav(b"\x10\x20" * 8000), 30, ["truncated"]),
        (b"", 3, ["empty"]),
        (LONG, 1900, ["too_long"]),  # half an hour: its beginning is kept
        (LARGE, 120, ["too_long"]),  # no longer than asked for, and too large all the same
    ],
    ids=["page", "cut", "shorter than told", "nothing", "half an hour", "too large"],
)
def test_what_is_wrong_with_one_is_kept_and_flagged(
    at: Callable[[str], None], service: Service, dial: Dial, database: Any, look: Look,
    audio: bytes, seconds: int, problems: list[str],
) -> None:  # fmt: skip
    at(service.url(""))
    sid = "RE" + "4" * 32
    path = f"/2010-04-01/Accounts/{SID}/Recordings/{sid}.wav"
    service.answers[path] = [(200, "audio/x-wav", audio)]
    told(dial, [sid], seconds)
    work(database)
    ((found, size),) = look("select problems, size from recordings")
    assert set(problems) <= set(found)
    assert size <= 20 * 1024 * 1024
    request = service.at(path)[-1]
    assert {k.lower(): v for k, v in request.headers.items()}["authorization"].startswith("Basic ")


def test_a_callback_that_never_came_is_made_good_by_the_providers_list(
    carried: Simulator, service: Service, dial: Dial, database: Any, look: Look
) -> None:
    entry = record(carried, service, "Personne ne l'a dit")
    call = dial(sid=entry["id"])
    play(call, "presses 1\npresses 2\nhangs up")
    with database.establishment(NORTH) as session:
        assert find_recordings(session) == 0  # the call may still go on
        session.execute(update(CallRow).values(ended_at=datetime.now(UTC) - timedelta(minutes=3)))
    with database.establishment(NORTH) as session:
        assert find_recordings(session) == 1
        assert session.jobs[-1].name == "workers.call_recording.ask"
    call_recording.ask(NORTH, [1])
    work(database)
    assert look("select rating, recording_id is not null from feedbacks") == [(2, True)]
    with database.establishment(NORTH) as session:
        assert find_recordings(session) == 0


def test_a_recording_of_no_seconds_is_none_in_the_list_either(
    dial: Dial, database: Any, look: Look
) -> None:
    play(dial(), "presses 1\npresses 2\nhangs up")
    with database.establishment(NORTH) as session:
        now = session.now()
        take_in_list(session, 1, [Listed("RE1", 0, now), Listed("RE2", None, now)])
    assert look("select provider_id from call_recordings") == [("RE2",)]  # not ready: it may be
    assert look("select recordings_asked_at is not null from calls") == [(True,)]


def test_what_a_feedback_leads_to_is_never_forgotten(
    carried: Simulator, service: Service, dial: Dial, database: Any, look: Look
) -> None:
    (sid,) = record(carried, service, "Bien")["extra"]["recordings"]
    told(dial, [sid])
    work(database)
    with database.establishment(NORTH) as session:  # as if it had been replaced all the same
        session.execute(update(CallRecording).values(replaced_at=session.now()))
        session.execute(update(CallRecording).values(next_at=session.now(), deleted_at=None))
    work(database)
    ((kept,),) = look("select recording_id from feedbacks")
    assert look("select id from recordings") == [(kept,)]
    assert get_context().storage.exists(f"{NORTH}/{kept}")


def test_a_list_that_cannot_be_asked_is_asked_again(
    carried: Simulator, service: Service, dial: Dial, database: Any, look: Look
) -> None:
    entry = record(carried, service, "Bien")
    play(dial(sid=entry["id"]), "presses 1\npresses 2\nhangs up")
    carried.behave(faults=[{"on": "recordings.list", "kind": "status", "status": 500}])
    call_recording.ask(NORTH, [1])
    assert look("select recordings_asked_at, recorded from calls") == [(None, True)]


def test_they_listen_to_what_they_said(
    carried: Simulator, service: Service, dial: Dial, database: Any, carrier: Any, look: Look
) -> None:
    (sid,) = record(carried, service, "Tout était propre")["extra"]["recordings"]
    call = told(dial, [sid])
    work(database)
    play(call, "presses 1\nhears ♪\nhears Pour réécouter")
    heard = carrier.get(call.audio[-1])
    assert (heard.status_code, heard.headers["content-type"]) == (200, "audio/wav")
    assert heard.headers["cache-control"] == "no-store"
    assert heard.content[:4] == b"RIFF"
    assert carrier.client.get(call.audio[-1].replace("/voice/", "/prompt/", 2)).status_code == 404
    play(call, "presses 2\nends")


def test_storage_that_is_full_is_no_reason_to_delete_over_there(
    carried: Simulator, service: Service, dial: Dial, database: Any, look: Look, twilio: Any
) -> None:
    class Full:
        def put(self, key: str, data: bytes) -> None:
            raise StorageFull

    (sid,) = record(carried, service, "Bien")["extra"]["recordings"]
    told(dial, [sid])
    context = get_context()
    before, context.storage = context.storage, Full()  # type: ignore[assignment]
    try:
        work(database)
    finally:
        context.storage = before
    assert look(STATE) == [(False, False, True)]
    assert [one.sid for one in twilio.recordings.list()] == [sid]
    work(database)
    assert look(STATE) == [(True, True, False)]
