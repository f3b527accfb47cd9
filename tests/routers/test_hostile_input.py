"""Input made to break the service: always a 4xx that names the field, and the next one is served.

Each of these was a 500, a service that stood still, or an answer that was wrong.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from routers.dependencies import expected_version
from schemas.common import cleaned
from services.errors import CareloopError
from tests.routers.test_reminders import body, soon

FEEDBACK = {"language": "french", "rating": 4}


@pytest.mark.parametrize("recorded", ["0001-01-01T00:00:00+15:00", "9999-12-31T23:59:59-15:00"])
def test_a_time_outside_the_calendar_is_refused(
    client: Any, staff: dict[str, str], recorded: str
) -> None:
    answer = client.post("/api/v1/feedback", json=FEEDBACK | {"recorded_at": recorded})
    assert (answer.status_code, answer.json().get("field")) == (422, "recorded_at")
    assert client.post("/api/v1/feedback", json=FEEDBACK).status_code == 201
    assert client.get("/api/v1/feedback", headers=staff).status_code == 200


def test_every_offset_that_iso_8601_knows_is_stored(client: Any, staff: dict[str, str]) -> None:
    sent = FEEDBACK | {"recorded_at": "2026-01-02T00:00:00+23:59"}
    number = client.post("/api/v1/feedback", json=sent).json()["id"]
    stored = client.get(f"/api/v1/feedback/{number}", headers=staff).json()
    assert stored["recorded_at"] == "2026-01-01T00:01:00Z"


def test_a_filter_with_nul_is_refused(client: Any, staff: dict[str, str]) -> None:
    answer = client.get("/api/v1/feedback?department=%00", headers=staff)
    assert (answer.status_code, answer.json()["field"]) == (422, "query.department")


LIVE = "/api/v1/events"  # a stream: its answer does not end


@pytest.mark.parametrize("value", ["\x00", "0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00"])
def test_no_list_is_broken_by_a_filter(
    client: Any, log_in: Callable[[str], dict[str, str]], value: str
) -> None:
    """Every query of every route in the contract."""
    admin, tried = log_in("admin@north"), 0
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        if "get" not in operations or path == LIVE:
            continue
        for parameter in operations["get"].get("parameters", []):
            if parameter["in"] != "query":
                continue
            asked = re.sub(r"\{[a-z_]+\}", "1", path.replace("{slug}", "north"))
            answer = client.get(asked, params={parameter["name"]: value}, headers=admin)
            assert answer.status_code in (200, 404, 422), (path, parameter["name"])
            if answer.status_code == 422:
                assert answer.json()["field"].startswith("query."), path
            tried += 1
    assert tried > 80


def test_an_if_match_of_odd_digits_is_refused() -> None:
    with pytest.raises(CareloopError) as refusal:  # a test client would spell it in UTF-8
        expected_version('"²"')
    assert refusal.value.field == "header.If-Match"


@pytest.mark.parametrize("content", [b'{"language": fr}', b"[" * 100_000, b'{"a":"\xe9"}'])
def test_what_is_not_json_is_said_of_the_body(client: Any, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.post("/api/v1/feedback", content=content, headers=headers)
    assert answer.status_code in (400, 422)
    assert answer.json()["field"] == "body"


@pytest.mark.parametrize("path", ["/api/v1/contacts/import", "/webhooks/twilio/status"])
def test_a_form_in_an_impossible_charset_is_refused(
    client: Any, staff: dict[str, str], path: str
) -> None:
    form = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--B--\r\n'
    kind = {"Content-Type": 'multipart/form-data; boundary=B; charset="undefined"'}
    answer = client.post(path, content=form, headers=staff | kind)
    assert (answer.status_code, answer.json()["field"]) == (400, "body")


def test_a_file_is_not_looked_at_before_its_sender_is_known(client: Any) -> None:
    assert client.post("/api/v1/contacts/import", content=b"x").status_code == 401


@pytest.mark.parametrize(("more", "status"), [(0, 201), (1, 422), (2, 422), (3, 422)])
def test_the_bound_of_a_recording_is_exact(client: Any, more: int, status: int) -> None:
    audio = base64.b64encode(b"\0" * (2 * 1024 * 1024 + more)).decode()
    answer = client.post("/api/v1/feedback", json={"language": "fr", "voice_data": audio})
    assert answer.status_code == status
    if status == 422:
        assert answer.json()["detail"] == "At most 2 MiB of audio, decoded."


def test_a_recording_in_other_letters_is_not_base64(client: Any) -> None:
    answer = client.post("/api/v1/feedback", json={"language": "fr", "voice_data": "é"})
    assert answer.json()["errors"][0]["code"] == "voice_not_base64"


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("FREQ=HOURLY;WKST=MO DTSTART:00010101T000000Z", "rrule_alone"),
        ("FREQ=DAILY;UNTIL=00010101T000000", "rrule_invalid"),
        ("FREQ=MONTHLY;BYDAY=99MO", "rrule_invalid"),
        ("FREQ=MONTHLY;BYDAY=9MO,1TU", "rrule_invalid"),
        ("FREQ=WEEKLY;BYDAY=2MO", "rrule_invalid"),
        ("FREQ=DAILY;BYMONTH=13", "rrule_invalid"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "rrule_invalid"),
        ("FREQ=DAILY;JEANDUPONT=1", "rrule_part"),
    ],
)
def test_a_hostile_rule_is_refused_and_not_echoed(
    client: Any, staff: dict[str, str], rule: str, code: str
) -> None:
    answer = client.post("/api/v1/reminders/preview", json=body(rrule=rule), headers=staff)
    assert (answer.status_code, answer.json()["field"]) == (422, "rrule")
    assert answer.json()["code"] == code
    assert "JEANDUPONT" not in answer.text


@pytest.mark.parametrize(
    "rule", ["FREQ=MONTHLY;BYDAY=-1FR", "FREQ=YEARLY;BYDAY=20MO", "FREQ=MONTHLY;BYMONTHDAY=-1,15"]
)
def test_rules_of_the_standard_are_taken(client: Any, staff: dict[str, str], rule: str) -> None:
    answer = client.post("/api/v1/reminders/preview", json=body(rrule=rule), headers=staff)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        # Seventeen million hours would be counted.
        (
            {"rrule": "FREQ=HOURLY", "scheduled_time": "0001-01-03T00:00:00Z"},
            "scheduled_time",
            "scheduled_time_past",
        ),
        (
            {"scheduled_time": "0001-01-01T00:00:00"},
            "scheduled_time",
            "scheduled_time_out_of_range",
        ),
        ({"valid_for": "PT0S"}, "valid_for", "out_of_range"),
    ],
)
def test_times_that_nobody_means(
    client: Any, staff: dict[str, str], change: dict[str, str], field: str, code: str
) -> None:
    answer = client.post("/api/v1/reminders/preview", json=body(**change), headers=staff)
    assert answer.status_code == 422, answer.text
    assert (answer.json()["field"], answer.json()["code"]) == (field, code)


def test_answers_stay_short_however_much_is_escaped(client: Any, staff: dict[str, str]) -> None:
    said = FEEDBACK | {"patient_id": '"' * 64, "content": 'a"' * 5000}
    answer = client.post("/api/v1/feedback", json=said)
    assert len(answer.content) < 1024
    assert answer.json()["content_truncated"]
    wanted = body(
        patient_id="👨" * 64,
        message='"' * 1600,
        email=f"{'a' * 60}@{'b' * 60}.{'c' * 60}.example",
    )
    answer = client.post("/api/v1/reminders", json=wanted, headers=staff)
    assert answer.status_code == 201, answer.text
    assert len(answer.content) < 1024
    assert answer.json()["message_truncated"]


def at_once(work: Callable[[int], Any], times: int = 8) -> list[Any]:
    with ThreadPoolExecutor(times) as pool:
        return sorted(answer.status_code for answer in pool.map(work, range(times)))


def test_who_comes_second_gets_a_conflict(
    client: Any, log_in: Callable[[str], dict[str, str]]
) -> None:
    admin = log_in("admin@north")
    ids = [
        client.post("/api/v1/contacts", json={"patient_id": f"A{n}"}, headers=admin).json()["id"]
        for n in range(8)
    ]

    def rename(place: int) -> Any:
        wanted = {"patient_id": "THE-SAME"}
        return client.patch(f"/api/v1/contacts/{ids[place]}", json=wanted, headers=admin)

    address = f"twice-{datetime.now(UTC).timestamp()}@north.example"

    def invite(_: int) -> Any:
        person = {"email": address, "password": "x" * 12, "role": "viewer"}
        return client.post("/api/v1/users", json=person, headers=admin)

    assert at_once(rename) == [200] + [409] * 7
    assert at_once(invite) == [201] + [409] * 7


def test_a_recurring_reminder_does_not_go_back(
    client: Any, staff: dict[str, str], owner: Any
) -> None:
    from sqlalchemy import text

    from tests.fixtures import owned

    earlier = (datetime.now(UTC) - timedelta(minutes=5)).replace(microsecond=0)
    wanted = body(rrule="FREQ=DAILY", scheduled_time=earlier.isoformat())
    number = client.post("/api/v1/reminders", json=wanted, headers=staff).json()["id"]
    with owned(owner) as connection:  # the first occurrence has gone out, the second one waits
        connection.execute(text("update deliveries set status = 'delivered'"))
        connection.execute(
            text(
                "insert into deliveries (reminder_id, occurrence, channel, address_id, status,"
                " due_at, valid_until, attempt) select reminder_id, occurrence + interval '1 day',"
                " channel, address_id, 'scheduled', due_at + interval '1 day',"
                " valid_until + interval '1 day', 0 from deliveries"
            )
        )
    back = client.patch(
        f"/api/v1/reminders/{number}", json={"scheduled_time": earlier.isoformat()}, headers=staff
    )
    assert (back.status_code, back.json()["code"]) == (422, "occurrence_gone")
    later = client.patch(
        f"/api/v1/reminders/{number}", json={"scheduled_time": soon(hours=2)}, headers=staff
    )
    assert later.status_code == 200, later.text


def test_a_correlation_id_is_no_phone_number(client: Any) -> None:
    for given, kept in (("237650000001", False), ("b1946ac9-2f", True)):
        answer = client.get("/health/live", headers={"X-Correlation-Id": given})
        assert (answer.headers["X-Correlation-Id"] == given) is kept


def test_the_document_describes_the_errors_there_are(client: Any) -> None:
    document = client.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            assert "application/problem+json" in answers["4XX"]["content"], (method, path)
            assert "422" not in answers, (method, path)
    assert "text/plain" in document["paths"]["/metrics"]["get"]["responses"]["200"]["content"]


@pytest.mark.parametrize(
    "given", ["abcde", "éàüçñ", " ", "   ", "\xad", "\u200b", "ab\x07", "\x00"]
)
def test_a_text_taken_at_a_glance_is_one_that_would_be_taken_anyhow(given: str) -> None:
    taken = TypeAdapter(Annotated[str, cleaned(4)])
    with pytest.raises(ValidationError):
        taken.validate_python(given)
    for text in ("abcd", "é à", "ɓɛ́", "-", ""):
        assert taken.validate_python(text) == text
