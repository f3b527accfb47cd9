"""Reminders over HTTP: the published contract, and what is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.fixtures import owned

PHONE = "+237650000001"


def soon(**delta: float) -> str:
    return (datetime.now(UTC) + timedelta(**(delta or {"minutes": 5}))).isoformat()


def body(**more: Any) -> dict[str, Any]:
    given = {
        "patient_id": "PAT123",
        "message": "Rappel: RDV à 10h",
        "language": "french",
        "scheduled_time": soon(),
        "phone_number": PHONE,
    } | more
    return {name: value for name, value in given.items() if value is not None}


@pytest.mark.parametrize("path", ["/api/v1/reminders", "/api/reminders"])
def test_the_published_example(client: Any, staff: dict[str, str], path: str) -> None:
    answer = client.post(path, json=body(email="patient@example.com"), headers=staff)
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert said["id"] == 1
    assert said["patient_id"] == "PAT123"
    assert said["message"] == "Rappel: RDV à 10h"
    assert said["language"] == "french"
    assert said["phone_number"] == PHONE
    assert said["email"] == "patient@example.com"
    assert said["status"] == "scheduled"
    assert said["channels"] == ["sms", "email"]
    assert (said["encoding"], said["segments"]) == ("GSM-7", 1)
    assert len(answer.content) < 1024


def test_what_is_tried_again_is_the_reminders_word_else_the_establishments(
    client: Any, staff: dict[str, str]
) -> None:
    said = {
        "retry": {"call_again_after": "PT10M", "call_again_at_most": 2},
        "receipt_window": "PT20M",
        "escalate": False,
    }
    for more, shown in (
        (said, ({"call_again_after": 600, "call_again_at_most": 2}, 1200, False)),
        ({}, ({"call_again_after": 900, "call_again_at_most": 0}, 1800, True)),
    ):
        answer = client.post("/api/v1/reminders", json=body(**more), headers=staff)
        assert answer.status_code == 201, answer.text
        read = client.get(f"/api/v1/reminders/{answer.json()['id']}", headers=staff).json()
        retry, window, escalate = shown
        assert read["retry"] == {"max_attempts": None} | retry
        assert (read["receipt_window"], read["escalate"]) == (window, escalate)


def test_reading_shows_deliveries_and_events(client: Any, staff: dict[str, str]) -> None:
    number = client.post("/api/v1/reminders", json=body(), headers=staff).json()["id"]
    answer = client.get(f"/api/v1/reminders/{number}", headers=staff)
    assert answer.status_code == 200, answer.text
    (delivery,) = answer.json()["deliveries"]
    assert delivery["status"] == "scheduled"
    assert [event["cause"] for event in delivery["events"]] == ["scheduled"]


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"phone_number": "12"}, "phone_number", "phone_invalid"),
        ({"phone_number": "77 12 34 56"}, "phone_number", "phone_invalid"),
        ({"phone_number": None}, "phone_number", "no_address"),
        ({"email": "nobody"}, "email", "email_invalid"),
        ({"email": "a@b.c\r\nBcc: x@y.cm"}, "email", "email_invalid"),
        ({"message": None}, "message", "missing"),
        ({"message": "x" * 1601}, "message", "string_too_long"),
        ({"message": "a\u202eb"}, "message", "value_error"),
        ({"channels": ["pigeon"]}, "channels.0", "enum"),
        ({"channels": []}, "channels", "too_short"),
        ({"receipt_window": 59}, "receipt_window", "out_of_range"),
        ({"receipt_window": "soon"}, "receipt_window", "value_error"),
        ({"retry": {"max_attempts": 0}}, "retry.max_attempts", "out_of_range"),
        ({"retry": {"call_again_at_most": 6}}, "retry.call_again_at_most", "out_of_range"),
        ({"retry": {"every": 1}}, "retry.every", "extra_forbidden"),
        ({"channels": ["sms", "sms"]}, "channels", "value_error"),
        ({"channels": ["email"]}, "channels", "channel_without_address"),
        ({"channels": ["voice"], "language": "ewondo"}, "channels", "voice_needs_recording"),
        ({"scheduled_time": "soon"}, "scheduled_time", "datetime_from_date_parsing"),
        ({"scheduled_time": "2020-01-01T00:00:00Z"}, "scheduled_time", "scheduled_time_past"),
        ({"scheduled_time": "2190-01-01T00:00:00Z"}, "scheduled_time", "scheduled_time_too_far"),
        ({"valid_for": "PT10S"}, "valid_for", "out_of_range"),
        ({"valid_for": "a while"}, "valid_for", "value_error"),
        ({"rrule": "FREQ=SECONDLY"}, "rrule", "rrule_frequency"),
        ({"template": "appointment"}, "template", "given_twice"),
        ({"message": None, "template": "nothing"}, "template", "template_unknown"),
        ({"message": None, "template": "appointment"}, "parameters", "parameters_wrong"),
    ],
)
def test_a_bad_field_is_named(
    client: Any, staff: dict[str, str], change: dict[str, Any], field: str, code: str
) -> None:
    answer = client.post("/api/v1/reminders", json=body(**change), headers=staff)
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["field"] == field
    assert code in (problem["code"], *(e["code"] for e in problem.get("errors", [])))
    for name, value in change.items():
        if name != "language" and isinstance(value, str) and len(value) > 3:
            assert value not in answer.text


def test_a_time_without_an_offset_is_local_time(client: Any, staff: dict[str, str]) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT09:00:00")
    answer = client.post("/api/v1/reminders", json=body(scheduled_time=tomorrow), headers=staff)
    assert answer.json()["scheduled_time"] == tomorrow.replace("T09", "T08") + "Z"  # Douala: +1
    assert answer.json()["local_time"].endswith("09:00")


def test_a_time_just_past_is_still_good(client: Any, staff: dict[str, str]) -> None:
    answer = client.post(
        "/api/v1/reminders", json=body(scheduled_time=soon(minutes=-10)), headers=staff
    )
    assert answer.status_code == 201, answer.text


def test_a_preview_stores_nothing(client: Any, staff: dict[str, str]) -> None:
    answer = client.post(
        "/api/v1/reminders/preview", json=body(message="Hôpital: être là"), headers=staff
    )
    assert answer.status_code == 200, answer.text
    assert (answer.json()["encoding"], answer.json()["segments"]) == ("GSM-7", 1)
    assert client.get("/api/v1/reminders", headers=staff).json()["items"] == []


def night(hour: int) -> str:
    """The next time when it is `hour` o'clock in Douala, at least an hour from now."""
    local = datetime.now(UTC) + timedelta(hours=1)
    wanted = local.replace(hour=hour, minute=30, second=0, microsecond=0)
    return (wanted + timedelta(days=1) - timedelta(hours=1)).isoformat()


def test_quiet_hours_defer(client: Any, log_in: Any) -> None:
    south = log_in("staff@south")
    answer = client.post(
        "/api/v1/reminders", json=body(scheduled_time=night(5), valid_for="PT4H"), headers=south
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["local_time"].endswith("07:00")
    assert answer.json()["deferred"] == "quiet_hours"


def test_what_would_not_be_valid_after_the_night_goes_before_it(client: Any, log_in: Any) -> None:
    south = log_in("staff@south")
    answer = client.post(
        "/api/v1/reminders", json=body(scheduled_time=night(22), valid_for="PT1H"), headers=south
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["local_time"].endswith("19:59")


def test_changing_is_guarded_by_the_version(client: Any, staff: dict[str, str]) -> None:
    client.post("/api/v1/reminders", json=body(), headers=staff)
    etag = client.get("/api/v1/reminders/1", headers=staff).headers["ETag"]
    first = client.patch(
        "/api/v1/reminders/1", json={"message": "one"}, headers=staff | {"If-Match": etag}
    )
    second = client.patch(
        "/api/v1/reminders/1", json={"message": "two"}, headers=staff | {"If-Match": etag}
    )
    assert first.status_code == 200, first.text
    assert (second.status_code, second.json()["code"]) == (409, "changed_meanwhile")
    assert client.get("/api/v1/reminders/1", headers=staff).json()["message"] == "one"


def test_moving_a_reminder_moves_what_is_due(
    client: Any, staff: dict[str, str], owner: Any
) -> None:
    client.post("/api/v1/reminders", json=body(), headers=staff)
    later = soon(hours=5)
    client.patch("/api/v1/reminders/1", json={"scheduled_time": later}, headers=staff)
    with owned(owner) as connection:
        due = connection.scalar(text("select due_at from shared.due"))
    assert due == datetime.fromisoformat(later)


def test_cancelling_twice_is_cancelling_once(
    client: Any, staff: dict[str, str], owner: Any
) -> None:
    client.post("/api/v1/reminders", json=body(), headers=staff)
    for _ in range(2):
        answer = client.post("/api/v1/reminders/1/cancel", headers=staff)
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled"), answer.text
        assert answer.json()["already_with_carrier"] == 0
    with owned(owner) as connection:
        assert connection.scalar(text("select count(*) from shared.due")) == 0
    late = client.patch("/api/v1/reminders/1", json={"message": "late"}, headers=staff)
    assert (late.status_code, late.json()["code"]) == (409, "already_gone")


def test_deleting_is_not_there_and_says_what_is(client: Any, staff: dict[str, str]) -> None:
    answer = client.delete("/api/v1/reminders/7", headers=staff)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "POST /api/v1/reminders/7/cancel" in answer.json()["detail"]
    assert answer.headers["Allow"] == "GET, PATCH"
    assert "reminders" not in client.put("/api/v1/reminders/7", headers=staff).json()["detail"]


def test_the_same_identity_is_one_reminder_even_at_once(
    client: Any, staff: dict[str, str], owner: Any
) -> None:
    same = body(client_id="0197c4a0-0000-7000-8000-000000000001")
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: client.post("/api/v1/reminders", json=same, headers=staff), range(8))
        )
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}
    with owned(owner) as connection:
        assert connection.scalar(text("select count(*) from deliveries")) == 1
    other = client.post("/api/v1/reminders", json=same | {"message": "other"}, headers=staff)
    assert (other.status_code, other.json()["fields"]) == (409, ["message"])


def test_lists_are_paged_to_the_end(client: Any, staff: dict[str, str]) -> None:
    for _ in range(5):
        client.post("/api/v1/reminders", json=body(), headers=staff)
    seen, cursor = [], ""
    for _ in range(5):
        page = client.get(f"/api/v1/reminders?limit=2{cursor}", headers=staff).json()
        seen += [item["id"] for item in page["items"]]
        if page["cursor"] is None:
            break
        cursor = f"&cursor={page['cursor']}"
    assert sorted(seen) == [1, 2, 3, 4, 5]


def test_a_viewer_reads_and_does_not_write(client: Any, log_in: Any) -> None:
    viewer = log_in("viewer@north")
    assert client.get("/api/v1/reminders", headers=viewer).status_code == 200
    answer = client.post("/api/v1/reminders", json=body(), headers=viewer)
    assert (answer.status_code, answer.json()["code"]) == (403, "role_too_low")


def test_another_hospitals_reminder_is_not_there(
    client: Any, staff: dict[str, str], log_in: Any
) -> None:
    client.post("/api/v1/reminders", json=body(), headers=staff)
    south = log_in("admin@south")
    for method, path, given in (
        ("GET", "/api/v1/reminders/1", None),
        ("PATCH", "/api/v1/reminders/1", {"message": "theirs"}),
        ("POST", "/api/v1/reminders/1/cancel", None),
    ):
        assert client.request(method, path, json=given, headers=south).status_code == 404


def test_every_write_and_every_read_of_an_address_is_audited(
    client: Any, staff: dict[str, str], owner: Any
) -> None:
    client.post("/api/v1/reminders", json=body(), headers=staff)
    client.get("/api/v1/reminders/1", headers=staff)
    client.patch("/api/v1/reminders/1", json={"message": "Autrement"}, headers=staff)
    client.post("/api/v1/reminders/1/cancel", headers=staff)
    with owned(owner) as connection:
        rows = connection.execute(
            text("select actor, action, before is not null from audit_entries order by id")
        ).all()
    assert [row.action for row in rows] == ["create", "read", "change", "cancel"]
    assert all(row.actor.startswith("user:") for row in rows)
    assert [row[2] for row in rows] == [False, False, True, True]


@pytest.mark.parametrize("language", ["duala", "bassa", "ewondo"])
def test_no_french_voice_speaks_another_language(
    client: Any, staff: dict[str, str], language: str
) -> None:
    asked = body(language=language, message="ŋ ɓ ɗ", channels=["sms", "voice"])
    answer = client.post("/api/v1/reminders", json=asked, headers=staff)
    assert answer.status_code == 422
    problem = answer.json()
    assert (problem["field"], problem["code"]) == ("channels", "voice_needs_recording")
    assert "ŋ ɓ ɗ" not in answer.text
