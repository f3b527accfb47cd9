"""Feedback over HTTP: the published contract, identity, and what is refused."""

from __future__ import annotations

import base64
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.fixtures import owned

PUBLISHED = {"patient_id": "PAT123", "language": "french", "content": "Bon service", "rating": 4}


@pytest.mark.parametrize("path", ["/api/v1/feedback", "/api/feedback", "/api/v1/e/north/feedback"])
def test_the_published_example(client: Any, path: str) -> None:
    answer = client.post(path, json=PUBLISHED)
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert PUBLISHED.items() <= said.items()
    assert said["processed"] is False
    assert said["date_submitted"].endswith("Z")
    assert len(answer.content) < 1024


def test_each_is_numbered_and_read_back(client: Any, staff: dict[str, str]) -> None:
    numbers = [client.post("/api/v1/feedback", json=PUBLISHED).json()["id"] for _ in range(3)]
    assert numbers == [1, 2, 3]
    listed = client.get("/api/v1/feedback", headers=staff).json()
    assert [item["id"] for item in listed["items"]] == [3, 2, 1]
    assert listed["items"][0]["content"] == "Bon service"


def test_the_same_identity_is_the_same_submission(client: Any) -> None:
    body = PUBLISHED | {"client_id": str(uuid4())}
    first = client.post("/api/v1/feedback", json=body)
    again = client.post("/api/v1/feedback", json=body)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"


def test_the_same_identity_with_another_body_names_what_differs(client: Any) -> None:
    body = PUBLISHED | {"client_id": str(uuid4())}
    client.post("/api/v1/feedback", json=body)
    answer = client.post("/api/v1/feedback", json=body | {"rating": 1, "content": "Secret"})
    assert answer.status_code == 409
    assert answer.json()["fields"] == ["content", "rating"]
    assert answer.json()["id"] == 1
    assert "Secret" not in answer.text


def test_an_idempotency_key_is_an_identity(client: Any, staff: dict[str, str]) -> None:
    headers = staff | {"Idempotency-Key": "ward-7-0001"}
    first = client.post("/api/v1/feedback", json=PUBLISHED, headers=headers)
    again = client.post("/api/v1/feedback", json=PUBLISHED, headers=headers)
    assert again.json()["id"] == first.json()["id"]
    other = client.post("/api/v1/feedback", json=PUBLISHED | {"rating": 5}, headers=headers)
    assert other.status_code == 409


def test_two_patients_with_one_key_are_both_heard(client: Any) -> None:
    headers = {"Idempotency-Key": "1"}
    answers = [
        client.post("/api/v1/feedback", json=PUBLISHED | {"rating": rating}, headers=headers)
        for rating in (1, 5, 5)
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert [answer.json()["id"] for answer in answers] == [1, 2, 2]


def test_what_is_stored_is_sealed(client: Any, owner: Any) -> None:
    client.post("/api/v1/feedback", json=PUBLISHED)
    with owned(owner) as connection:
        row = connection.execute(text("select patient_id, content from feedbacks")).one()
    assert b"Bon service" not in bytes(row.content)
    assert b"PAT123" not in bytes(row.patient_id)


def test_a_voice_is_kept_sealed_and_heard_by_staff(
    client: Any, staff: dict[str, str], owner: Any
) -> None:
    audio = b"RIFF" + bytes(4) + b"WAVEfmt not really audio"
    body = {"language": "ewondo", "voice_data": base64.b64encode(audio).decode()}
    answer = client.post("/api/v1/feedback", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["has_voice"] is True
    assert "voice_data" not in answer.json()
    heard = client.get("/api/v1/feedback/1/voice", headers=staff)
    assert heard.content == audio
    with owned(owner) as connection:
        audited = connection.execute(
            text("select action, kind from audit_entries order by id")
        ).all()
    assert ("read", "recording") in [tuple(row) for row in audited]


def test_the_same_voice_twice_is_one_feedback(client: Any, owner: Any) -> None:
    body = {
        "client_id": str(uuid4()),
        "language": "fr",
        "voice_data": base64.b64encode(b"x" * 999).decode(),
    }
    first = client.post("/api/v1/feedback", json=body)
    again = client.post("/api/v1/feedback", json=body)
    assert first.json()["id"] == again.json()["id"]
    with owned(owner) as connection:
        assert connection.scalar(text("select count(*) from recordings")) == 1


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"rating": 6}, "rating", "less_than_equal"),
        ({"rating": 0}, "rating", "greater_than_equal"),
        ({"rating": "4"}, "rating", "int_type"),
        ({"rating": 4.5}, "rating", "int_type"),
        ({"rating": 10**30}, "rating", "less_than_equal"),
        ({"language": "klingon"}, "language", "value_error"),
        ({"content": "a\x00b"}, "content", "value_error"),
        ({"content": "x" * 10_001}, "content", "string_too_long"),
        ({"content": "a" + "\u0301" * 5000}, "content", "value_error"),
        ({"content": "a\u202eb"}, "content", "value_error"),
        ({"content": ["a"]}, "content", "string_type"),
        ({"content": "\u200b\u200b"}, "content", "value_error"),
        ({"emoji": "\u202e"}, "emoji", "value_error"),
        ({"emoji": "Marie"}, "emoji", "emoji_invalid"),
        ({"voice_data": "not base64!"}, "voice_data", "voice_not_base64"),
        ({"voice_data": ""}, "voice_data", "voice_empty"),
        ({"department": "nowhere"}, "department", "department_unknown"),
        ({"patient_id": "x" * 65}, "patient_id", "string_too_long"),
        ({"client_id": "12"}, "client_id", "uuid_parsing"),
        ({"surprise": 1}, "surprise", "extra_forbidden"),
        ({"recorded_at": "yesterday"}, "recorded_at", "datetime_from_date_parsing"),
    ],
)
def test_a_bad_field_is_named_and_not_echoed(
    client: Any, change: dict[str, Any], field: str, code: str
) -> None:
    answer = client.post("/api/v1/feedback", json=PUBLISHED | change)
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["field"] == field
    assert code in (problem["code"], *(e["code"] for e in problem.get("errors", [])))
    assert answer.headers["content-type"] == "application/problem+json"
    value = next(iter(change.values()))
    if isinstance(value, str) and len(value) > 2:
        assert value not in answer.text


@pytest.mark.parametrize(
    "raw",
    [
        b"{", b"", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"content": "\\ud800"}',
        b"[" * 100_000, b'{"language": NaN}', b'{"rating": 1e999}',
    ],
)  # fmt: skip
def test_malformed_bodies_are_4xx(client: Any, raw: bytes) -> None:
    answer = client.post(
        "/api/v1/feedback", content=raw, headers={"Content-Type": "application/json"}
    )
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_nothing_said_is_refused(client: Any) -> None:
    answer = client.post("/api/v1/feedback", json={"language": "french"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "feedback_empty"


@pytest.mark.parametrize("face", ["😡", "🙁", "😐", "🙂", "😍", "👩🏾‍⚕️", "🇨🇲", "5️⃣"])
def test_faces_are_kept_as_given(client: Any, face: str) -> None:
    answer = client.post("/api/v1/feedback", json={"language": "duala", "emoji": face})
    assert (answer.status_code, answer.json()["emoji"]) == (201, face), answer.text
    assert answer.json()["rating"] is None


def test_a_moment_without_an_offset_is_local_time(client: Any) -> None:
    body = PUBLISHED | {"recorded_at": "2026-11-18T08:12:00"}
    answer = client.post("/api/v1/feedback", json=body)
    assert answer.json()["date_submitted"] == "2026-11-18T07:12:00Z"  # Douala is an hour ahead


def test_lists_need_a_token(client: Any) -> None:
    assert client.get("/api/v1/feedback").status_code == 401
    assert client.get("/api/v1/feedback/1/voice").status_code == 401


def test_another_hospital_finds_nothing(client: Any, log_in: Any) -> None:
    client.post("/api/v1/e/north/feedback", json=PUBLISHED)
    south = log_in("admin@south")
    assert client.get("/api/v1/feedback/1", headers=south).status_code == 404
    assert client.get("/api/v1/feedback", headers=south).json()["items"] == []
