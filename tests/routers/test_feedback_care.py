"""What staff make of a feedback: found, assigned, noted, answered, heard, taken out as a file.

Each of these was broken once, and a test here failed:
- the version check left out of `services/feedback/care.py`;
- `_refuse_stale` before `_known` (an answer that is sent again is refused instead of replayed);
- the opt-out not asked about, or the conversation's number (`_way_back`);
- `safe_cell` returning its text; `personal` not asked for; the role of an export;
- `note_hearing` left out of the player, and its key without the actor.
"""

from __future__ import annotations

import base64
import csv
import io
import wave
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from models.conversation import Conversation
from models.feedback import Feedback
from services.contact.address import address_for, opt_out
from services.feedback.export import safe_cell
from tests.fixtures import NORTH, SOUTH, owned

Headers = dict[str, str]
LogIn = Callable[[str], Headers]
SAID = {"patient_id": "PAT1", "language": "french", "content": "Trop d'attente", "rating": 2}
PHONE = "+237650000001"


def wav(seconds: float) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\x00\x10\x00\xf0" * int(4000 * seconds))
    return file.getvalue()


def amr_nb(frames: int) -> bytes:
    """Frames of 12.2 kbit/s (RFC 4867, section 5): a table of contents byte, 31 bytes of speech."""
    return b"#!AMR\n" + (b"\x3c" + bytes(range(31))) * frames


def say(client: Any, **more: Any) -> int:
    body = {k: v for k, v in (SAID | more).items() if v is not None}
    answer = client.post("/api/v1/feedback", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def found(client: Any, headers: Headers, query: str) -> list[int]:
    answer = client.get(f"/api/v1/feedback{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def patch(client: Any, headers: Headers, etag: str | None = None, **body: Any) -> Any:
    sent = headers | ({"If-Match": etag} if etag else {})
    return client.patch("/api/v1/feedback/1", json=body, headers=sent)


def contact(client: Any, headers: Headers, **more: Any) -> None:
    body = {"patient_id": "PAT1", "phone_number": PHONE} | more
    answer = client.post("/api/v1/contacts", json=body, headers=headers)
    assert answer.status_code == 201, answer.text


def reply(client: Any, headers: Headers, etag: str | None = None, **body: Any) -> Any:
    sent = headers | ({"If-Match": etag} if etag else {})
    given = {"text": "Merci de nous l'avoir dit. Nous avons parlé à l'équipe."} | body
    return client.post("/api/v1/feedback/1/answer", json=given, headers=sent)


FILTERS = {
    "": [4, 3, 2, 1],
    "?rating=2": [3, 1],
    "?rating=1&rating=2": [3, 2, 1],
    "?department=lab": [2],
    "?department=nowhere": [],
    "?language=ewondo": [3],
    "?channel=web": [4],
    "?state=closed": [1],
    "?assigned=me": [1],
    "?assigned=nobody": [4, 3, 2],
    "?assigned=99": [],
    "?has_voice=true": [4],
    "?has_voice=false&rating=2": [3, 1],
    "?patient_id=PAT1": [3, 1],
}


def test_filters(client: Any, log_in: LogIn) -> None:
    admin = log_in("admin@north")
    client.post("/api/v1/departments", json={"code": "lab", "name": "Labo"}, headers=admin)
    say(client)
    say(client, rating=1, department="lab", patient_id=None)
    say(client, language="ewondo")
    audio = base64.b64encode(wav(0.3)).decode()
    say(client, rating=None, channel="web", voice_data=audio, patient_id=None)
    mine = client.get("/api/v1/auth/me", headers=admin).json()["id"]
    assert patch(client, admin, state="closed", assigned_to=mine).status_code == 200
    assert {query: found(client, admin, query) for query in FILTERS} == FILTERS


def test_days_are_the_establishments_own(client: Any, database: Any, staff: Headers) -> None:
    for _ in range(3):
        say(client)
    with database.establishment(NORTH) as session:  # midnight in Douala is 23:00 UTC
        for number, moment in enumerate(("22:59:59", "23:00", "23:30"), 1):
            session.execute(
                text("update feedbacks set date_submitted = :at where id = :id"),
                {"at": f"2026-03-01 {moment}+00", "id": number},
            )
    assert found(client, staff, "?from=2026-03-02") == [3, 2]
    assert found(client, staff, "?to=2026-03-01") == [1]
    assert found(client, staff, "?from=2026-03-02&to=2026-03-02") == [3, 2]
    assert found(client, staff, "?since=2026-03-01T23:10:00Z") == [3]


SENSELESS = {
    "?from=2026-03-02&to=2026-03-01": "query.from",
    "?from=2026-03-02&since=2026-03-01T00:00:00Z": "query.from",
    "?to=9999-12-31": "query.to",
    "?from=0001-01-01": "query.from",
    "?rating=6": "query.rating.0",
    "?assigned=0": "query.assigned",
    "?assigned=everybody": "query.assigned",
    "?has_voice=perhaps": "query.has_voice",
}


def test_a_condition_that_makes_no_sense(client: Any, staff: Headers) -> None:
    said = {}
    for query in SENSELESS:
        answer = client.get(f"/api/v1/feedback{query}", headers=staff)
        said[query] = answer.json()["field"]
        assert answer.status_code == 422
    assert said == SENSELESS


def test_pages_go_on(client: Any, staff: Headers) -> None:
    for _ in range(5):
        say(client)
    first = client.get("/api/v1/feedback?limit=3&rating=2", headers=staff).json()
    rest = client.get(f"/api/v1/feedback?limit=3&rating=2&cursor={first['cursor']}", headers=staff)
    assert [i["id"] for i in first["items"] + rest.json()["items"]] == [5, 4, 3, 2, 1]
    assert rest.json()["cursor"] is None


def test_the_second_of_two_is_told(client: Any, staff: Headers, log_in: LogIn) -> None:
    say(client)
    etag = client.get("/api/v1/feedback/1", headers=staff).headers["ETag"]
    first = patch(client, staff, etag, note="Appeler la famille")
    assert (first.status_code, first.json()["note"]) == (200, "Appeler la famille")
    assert first.headers["ETag"] != etag
    late = patch(client, log_in("admin@north"), etag, state="closed")
    assert (late.status_code, late.json()["code"]) == (409, "changed_meanwhile")
    assert client.get("/api/v1/feedback/1", headers=staff).json()["state"] == "open"


def test_nobody_of_another_hospital_gets_it(
    client: Any, staff: Headers, log_in: LogIn, owner: Any
) -> None:
    say(client)
    stranger = client.get("/api/v1/auth/me", headers=log_in("staff@south")).json()["id"]
    answer = patch(client, staff, assigned_to=stranger)
    assert (answer.status_code, answer.json()["field"]) == (422, "assigned_to")
    assert patch(client, log_in("staff@south"), state="closed").status_code == 404
    assert patch(client, staff, note="Secret de famille").status_code == 200
    with owned(owner) as connection:
        assert b"Secret" not in bytes(connection.scalar(text("select note from feedbacks")))


def test_a_change_that_makes_no_sense(client: Any, staff: Headers) -> None:
    say(client)
    for body in (
        {}, {"state": None}, {"state": "lost"}, {"note": "x" * 2001}, {"assigned_to": 0},
        {"rating": 5}, {"note": "a\u0000"},
    ):  # fmt: skip
        answer = client.patch("/api/v1/feedback/1", json=body, headers=staff)
        assert answer.status_code == 422, body


def test_an_answer_goes_out_through_the_engine(client: Any, staff: Headers, database: Any) -> None:
    say(client)
    contact(client, staff)
    etag = client.get("/api/v1/feedback/1", headers=staff).headers["ETag"]
    made = reply(client, staff, etag)
    assert made.status_code == 201, made.text
    said = made.json()
    assert (said["language"], said["channels"], said["status"]) == ("french", ["sms"], "scheduled")
    assert made.headers["Location"] == f"/api/v1/reminders/{said['reminder_id']}"
    with database.establishment(NORTH) as session:
        row = session.execute(
            text("select r.purpose, d.channel, d.status from reminders r"
                 " join deliveries d on d.reminder_id = r.id")
        ).one()  # fmt: skip
    assert tuple(row) == ("answer", "sms", "scheduled")
    whole = client.get("/api/v1/feedback/1", headers=staff).json()
    assert (whole["state"], [a["text"] for a in whole["answers"]]) == ("answered", [said["text"]])
    assert whole["answered_at"] is not None
    late = reply(client, staff, etag)
    assert (late.status_code, late.json()["code"]) == (409, "changed_meanwhile")
    assert client.get("/api/v1/reminders", headers=staff).json()["items"] == []


def test_an_answer_that_is_sent_again_is_the_same(client: Any, staff: Headers) -> None:
    say(client)
    contact(client, staff)
    etag = client.get("/api/v1/feedback/1", headers=staff).headers["ETag"]
    identity = str(uuid4())
    first = reply(client, staff, etag, client_id=identity)
    again = reply(client, staff, etag, client_id=identity)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    other = reply(client, staff, etag, client_id=identity, text="Autre chose")
    assert (other.status_code, other.json()["fields"]) == (409, ["text"])
    keyed = [reply(client, staff | {"Idempotency-Key": "7"}) for _ in range(2)]
    assert keyed[0].json() == keyed[1].json()
    assert len(client.get("/api/v1/feedback/1", headers=staff).json()["answers"]) == 2


def test_an_answer_goes_back_to_the_number_that_it_came_from(
    client: Any, staff: Headers, database: Any
) -> None:
    say(client, patient_id=None)
    refused = reply(client, staff)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_address")
    with database.establishment(NORTH) as session:
        address = address_for(session, "phone", "+237650000077")
        conversation = Conversation(
            channel="sms", address_id=address.id, flow="feedback_by_sms", step="done"
        )
        session.add(conversation)
        session.flush()
        session.get_one(Feedback, 1).conversation_id = conversation.id
    made = reply(client, staff)
    assert made.status_code == 201, made.text
    shown = client.get(f"/api/v1/reminders/{made.json()['reminder_id']}", headers=staff).json()
    assert shown["phone_number"] == "+237650000077"


def test_who_said_stop_gets_no_answer(client: Any, staff: Headers, database: Any) -> None:
    say(client)
    contact(client, staff, email="famille@example.com")
    with database.establishment(NORTH) as session:
        opt_out(address_for(session, "phone", PHONE), "key 9")
    refused = reply(client, staff, channels=["sms"])
    assert (refused.status_code, refused.json()["code"]) == (409, "opted_out")
    assert reply(client, staff, channels=["email"]).status_code == 201
    assert client.get("/api/v1/feedback/1", headers=staff).json()["state"] == "answered"


def test_an_answer_that_makes_no_sense(client: Any, staff: Headers) -> None:
    say(client)
    contact(client, staff)
    for body in (
        {"text": ""}, {"text": "x" * 1601}, {"text": "a\u0000"}, {"channels": []},
        {"channels": ["sms", "sms"]}, {"channels": ["whatsapp"]}, {"channels": ["email"]},
        {"language": "english"},
    ):  # fmt: skip
        answer = reply(client, staff, **body)
        assert answer.status_code == 422, body
        assert "code" in answer.json()
    assert client.get("/api/v1/feedback/1", headers=staff).json()["state"] == "open"


def test_history(client: Any, staff: Headers) -> None:
    say(client)
    contact(client, staff)
    mine = client.get("/api/v1/auth/me", headers=staff).json()["id"]
    patch(client, staff, assigned_to=mine)
    patch(client, staff, note="À rappeler")
    reply(client, staff)
    patch(client, staff, state="closed")
    steps = client.get("/api/v1/feedback/1/history", headers=staff).json()
    assert [s["action"] for s in steps] == ["received", "change", "change", "answer", "change"]
    assert steps[1]["changes"] == [{"field": "assigned_to", "before": None, "after": mine}]
    assert steps[2]["changes"] == [{"field": "note", "before": None, "after": "À rappeler"}]
    assert steps[3]["changes"] == [{"field": "state", "before": "open", "after": "answered"}]
    assert steps[3]["reminder_id"] == 1
    assert {s["actor"] for s in steps[1:]} == {f"user:{mine}"}
    assert client.get("/api/v1/feedback/2/history", headers=staff).status_code == 404


def play(client: Any, headers: Headers, ranged: str | None = None) -> Any:
    more = {"Range": ranged} if ranged else {}
    return client.get("/api/v1/feedback/1/recording", headers=headers | more)


RANGES = {
    None: (200, slice(None)),
    "bytes=0-": (206, slice(None)),
    "bytes=10-19": (206, slice(10, 20)),
    "bytes=-7": (206, slice(-7, None)),
    "bytes=100-99999999": (206, slice(100, None)),
    "bytes=99999999-": (416, None),
    "bytes=-0": (416, None),
    "bytes=0-1,5-6": (200, slice(None)),
    "bytes=9-5": (200, slice(None)),
    "pages=1-2": (200, slice(None)),
    "bytes=-": (200, slice(None)),
}


def test_a_recording_in_parts(client: Any, staff: Headers) -> None:
    audio = wav(0.3)
    say(client, voice_data=base64.b64encode(audio).decode())
    for ranged, (status, part) in RANGES.items():
        answer = play(client, staff, ranged)
        assert answer.status_code == status, ranged
        if part is not None:
            assert answer.content == audio[part], ranged
            assert answer.headers["Accept-Ranges"] == "bytes"
            assert "no-store" in answer.headers["Cache-Control"]
        if status != 200:
            assert answer.headers["Content-Range"].endswith(f"/{len(audio)}")


def test_what_no_browser_plays_is_made_playable(client: Any, staff: Headers) -> None:
    say(client, voice_data=base64.b64encode(amr_nb(50)).decode())
    answer = play(client, staff)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "audio/mpeg")
    assert answer.content[0] == 0xFF  # an MPEG frame
    assert play(client, staff, "bytes=0-99").content == answer.content[:100]


def test_what_is_no_sound_is_said_to_be_none(client: Any, staff: Headers) -> None:
    say(client, voice_data=base64.b64encode(b"not a sound at all" * 20).decode())
    answer = play(client, staff)
    assert (answer.status_code, answer.json()["code"]) == (422, "recording_not_playable")


def test_each_who_hears_is_noted_once(
    client: Any, staff: Headers, log_in: LogIn, owner: Any
) -> None:
    say(client, voice_data=base64.b64encode(wav(0.3)).decode())
    other = log_in("viewer@north")
    for headers in (staff, staff, other, log_in("viewer@south")):
        play(client, headers, "bytes=100-")
    with owned(owner) as connection:
        entries = connection.execute(
            text("select actor from audit_entries where kind = 'recording' and action = 'read'")
        ).scalars().all()  # fmt: skip
    assert len(entries) == len(set(entries)) == 2
    assert play(client, log_in("viewer@south")).status_code == 404


def lines(answer: Any, delimiter: str = ";") -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    said = answer.content.decode("utf-8-sig")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(said), delimiter=delimiter))


def test_a_file_without_persons(client: Any, staff: Headers, owner: Any) -> None:
    say(client, content="=1+1", emoji="🙁")
    say(client, rating=5)
    rows = lines(client.get("/api/v1/feedback/export.csv?rating=2", headers=staff))
    assert [row[0] for row in rows] == ["numéro", "1"]
    assert rows[1][3:8] == ["french", "2", "🙁", "app", "open"]
    assert "PAT1" not in str(rows)
    english = client.get("/api/v1/feedback/export.csv?locale=en", headers=staff)
    assert [row[0] for row in lines(english, ",")] == ["number", "2", "1"]
    with owned(owner) as connection:
        kept = connection.execute(text("select action, kind from audit_entries")).all()
    assert ("export", "feedback") in [tuple(row) for row in kept]


def test_a_file_with_persons_is_for_administrators(
    client: Any, staff: Headers, log_in: LogIn
) -> None:
    say(client, content="=HYPERLINK(1)")
    path = "/api/v1/feedback/export.csv?personal=true"
    assert client.get(path, headers=staff).status_code == 403
    assert client.get(path, headers=log_in("viewer@north")).status_code == 403
    rows = lines(client.get(path, headers=log_in("admin@north")))
    assert rows[1][-3:] == ["PAT1", "'=HYPERLINK(1)", ""]


def test_a_file_of_many_pages_is_whole(client: Any, staff: Headers, database: Any) -> None:
    fill(database, 1201)
    rows = lines(client.get("/api/v1/feedback/export.csv", headers=staff))
    assert [int(row[0]) for row in rows[1:]] == list(range(1201, 0, -1))


def fill(database: Any, count: int) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with database.establishment(NORTH) as session:
        session.bulk_insert_mappings(
            Feedback.__mapper__,
            [
                {"client_id": uuid4(), "fingerprint": b"", "language": "fra", "rating": 3,
                 "channel": "app", "date_submitted": start + timedelta(seconds=n // 3)}
                for n in range(count)
            ],
        )  # fmt: skip


@pytest.mark.parametrize(
    ("text_", "safe"),
    [
        ("Merci", "Merci"), ("=1", "'=1"), ("+237", "'+237"), ("-1", "'-1"), ("@x", "'@x"),
        ("\tx", "'\tx"), ("  =1", "'  =1"), ("1=1", "1=1"), ("", ""), ("＝1", "'＝1"),
    ],
)  # fmt: skip
def test_no_cell_is_a_formula(text_: str, safe: str) -> None:
    assert safe_cell(text_) == safe


ROUTES = [
    ("GET", "/1", None),
    ("GET", "/1/history", None),
    ("GET", "/1/recording", None),
    ("PATCH", "/1", {"state": "closed"}),
    ("POST", "/1/answer", {"text": "Merci"}),
]


def test_another_hospitals_feedback_is_not_there(client: Any, database: Any, log_in: LogIn) -> None:
    with database.establishment(SOUTH) as session:
        session.add(Feedback(client_id=uuid4(), fingerprint=b"", language="fra", rating=1))
    headers = log_in("admin@north")
    for method, path, body in ROUTES:
        answer = client.request(method, f"/api/v1/feedback{path}", json=body, headers=headers)
        assert answer.status_code == 404, path


def test_a_viewer_only_looks(client: Any, log_in: LogIn) -> None:
    headers = log_in("viewer@north")
    for method, path, body in [*ROUTES[3:], ("GET", "/export.csv", None)]:
        answer = client.request(method, f"/api/v1/feedback{path}", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "role_too_low"), path
