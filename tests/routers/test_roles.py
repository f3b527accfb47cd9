"""Every route of staff: who may, and that nobody reaches another hospital's rows through it.

A route that is not in the table fails the first test: whoever adds one says here who may use it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from models.task import Task
from tests.fixtures import SOUTH
from tests.routers.test_reminders import soon

Headers = dict[str, str]
LogIn = Callable[[str], Headers]

NOBODY, VIEWER, STAFF, ADMIN = "nobody", "viewer", "staff", "admin"
"""The least that is needed; `nobody`: the patients' API, and what gives tokens."""
ROLES: dict[str, str] = {
    NOBODY: """
        POST /auth/token, POST /auth/refresh, POST /auth/logout, POST /console/session,
        DELETE /console/session, POST /console/session/refresh, POST /feedback,
        POST /e/{slug}/feedback, GET /departments, POST /devices/enrol, POST /sync, GET /sync,
        POST /e/{slug}/sync, GET /e/{slug}/sync, POST /sync/answers, POST /e/{slug}/sync/answers,
        GET /sync/prompts/{recording_id}, GET /e/{slug}/sync/prompts/{recording_id},
        POST /uploads, OPTIONS /uploads,
        HEAD /uploads/{token}, PATCH /uploads/{token}, DELETE /uploads/{token},
        POST /e/{slug}/uploads, OPTIONS /e/{slug}/uploads, HEAD /e/{slug}/uploads/{token},
        PATCH /e/{slug}/uploads/{token}, DELETE /e/{slug}/uploads/{token}
    """,
    VIEWER: """
        POST /auth/logout-everywhere, GET /auth/me, POST /auth/password, GET /console/me,
        DELETE /console/sessions, POST /console/establishment, GET /feedback,
        GET /feedback/{feedback_id}, GET /feedback/{feedback_id}/history,
        GET /feedback/{feedback_id}/voice, GET /feedback/{feedback_id}/recording, GET /reminders,
        GET /reminders/{reminder_id}, GET /deliveries, GET /deliveries/summary, GET /contacts,
        GET /contacts/{contact_id}, GET /campaigns, GET /campaigns/{campaign_id},
        GET /campaigns/{campaign_id}/recipients, GET /departments/{department_id}/qr.svg,
        GET /departments/{department_id}/qr.png, GET /tasks, GET /tasks/{task_id},
        GET /templates, GET /today, GET /members, GET /events, GET /statistics,
        GET /statistics/report.pdf, GET /conversations, GET /conversations/{conversation_id},
        GET /phrases, GET /phrases/coverage, GET /phrases/{key}/{language}/recording,
        GET /phrases/pending, GET /phrases/export.csv, GET /phrases/export.po,
        GET /phrases/flows/{flow}/{language}, GET /phrases/flows/{flow}/{language}/call
    """,
    STAFF: """
        GET /feedback/export.csv, PATCH /feedback/{feedback_id},
        POST /feedback/{feedback_id}/answer, POST /reminders, POST /reminders/preview,
        PATCH /reminders/{reminder_id}, POST /reminders/{reminder_id}/cancel,
        POST /reminders/{reminder_id}/skip, POST /reminders/{reminder_id}/unskip, POST /contacts,
        POST /contacts/import, POST /contacts/import/columns, PATCH /contacts/{contact_id},
        POST /campaigns, POST /campaigns/preview, POST /campaigns/audience,
        POST /campaigns/texts, POST /campaigns/file, POST /campaigns/{campaign_id}/file,
        PATCH /campaigns/{campaign_id},
        POST /campaigns/{campaign_id}/recipients, POST /campaigns/{campaign_id}/preview,
        POST /campaigns/{campaign_id}/start, POST /campaigns/{campaign_id}/pause,
        POST /campaigns/{campaign_id}/resume, POST /campaigns/{campaign_id}/cancel,
        PATCH /tasks/{task_id}, GET /establishment, GET /establishment/holidays,
        POST /devices, GET /devices, POST /links, GET /links, POST /links/{link_id}/revoke,
        PUT /phrases/{key}/{language}, DELETE /phrases/{key}/{language},
        POST /phrases/{key}/{language}/approve, POST /phrases/{key}/{language}/code,
        PUT /phrases/{key}/{language}/recording, POST /phrases/{key}/{language}/reject,
        POST /phrases/{key}/{language}/preview, POST /phrases/import
    """,
    ADMIN: """
        POST /departments, PATCH /departments/{department_id}, GET /senders, POST /senders,
        GET /senders/choices, PUT /senders/order, GET /senders/{sender_id},
        PATCH /senders/{sender_id}, DELETE /senders/{sender_id},
        POST /devices/{device_id}/revoke, PATCH /establishment, POST /establishment/holidays,
        DELETE /establishment/holidays/{holiday_id}, POST /users,
        GET /users, PATCH /users/{user_id}, GET /audit, PUT /phrases/flows/{flow}/{language}
    """,
}
CONSOLE = {"X-Careloop-Console": "1", "Origin": "http://testserver"}
ENDS = {
    ("POST", "/auth/logout-everywhere"),
    ("DELETE", "/console/sessions"),
    ("GET", "/events"),
}
"""What ends the sign-in, or does not end by itself."""
BELOW: dict[str, list[str]] = {VIEWER: [], STAFF: [VIEWER], ADMIN: [VIEWER, STAFF]}


def listed(roles: str) -> Iterator[tuple[str, str]]:
    for entry in " ".join(roles.split()).split(", "):
        method, path = entry.split(" ")
        yield method, path


def test_every_route_says_who_may(client: Any) -> None:
    said = [one for roles in ROLES.values() for one in listed(roles)]
    assert len(said) == len(set(said))
    there = {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, operations in client.get("/openapi.json").json()["paths"].items()
        if path.startswith("/api/v1")
        for method in operations
    }
    assert set(said) == there


def filled(path: str) -> str:
    for name in ("feedback", "reminder", "contact", "campaign", "department", "task", "device",
                 "holiday", "user", "link", "conversation"):  # fmt: skip
        path = path.replace(f"{{{name}_id}}", "1")
    path = path.replace("{sender_id}", "999")  # the tests' own senders stay
    return f"/api/v1{path}"


def test_who_may_not_is_told_so(client: Any, log_in: LogIn) -> None:
    """And who may is not refused: by what was sent, perhaps, as nothing was."""
    tokens = {role: log_in(f"{role}@north") for role in BELOW}
    for role, below in BELOW.items():
        for method, path in listed(ROLES[role]):
            nobody = client.request(method, filled(path), headers=CONSOLE)
            assert nobody.status_code == 401, (method, path)
            for less in below:
                refused = client.request(method, filled(path), headers=tokens[less] | CONSOLE)
                assert refused.status_code == 403, (method, path, less)
                assert refused.json()["code"] == "role_too_low"
            if (method, path) not in ENDS:
                taken = client.request(method, filled(path), headers=tokens[role])
                code = taken.json()["code"] if taken.is_error else None
                assert (code, taken.status_code) != ("role_too_low", 403), (method, path, role)
                assert taken.status_code != 401, (method, path)


REMINDER = {"message": "Rappel", "phone_number": "+237650000001", "language": "fr"}
THERE: dict[str, dict[str, Any]] = {
    "/contacts": {"patient_id": "P1"},
    "/departments": {"code": "lab", "name": "Lab"},
    "/feedback": {"language": "en", "rating": 1},
    "/campaigns": {"name": "C", "texts": {"english": "Hello"}},
    "/establishment/holidays": {"day": "2026-05-20", "name": "Fête"},
    "/devices": {"name": "Ward tablet"},
    "/links": {"name": "Poster"},
}
BODIES: dict[str, Any] = {
    "PATCH /feedback/{feedback_id}": {"state": "closed"},
    "POST /feedback/{feedback_id}/answer": {"text": "Merci"},
    "PATCH /reminders/{reminder_id}": {"message": "x"},
    "POST /reminders/{reminder_id}/skip": {},
    "POST /reminders/{reminder_id}/unskip": {"occurrence": "2026-01-01T00:00:00Z"},
    "PATCH /contacts/{contact_id}": {"name": "x"},
    "PATCH /campaigns/{campaign_id}": {"name": "x"},
    "POST /campaigns/{campaign_id}/recipients": {"patient_ids": ["P1"]},
    "PATCH /departments/{department_id}": {"name": "x"},
    "PATCH /tasks/{task_id}": {"state": "taken"},
    "PATCH /senders/{sender_id}": {"active": False},
    "PATCH /users/{user_id}": {"role": "viewer"},
}


@pytest.fixture
def south(client: Any, database: Any, log_in: LogIn, owner: Any) -> dict[str, int]:
    """What only the southern hospital has; the numbers of what both number together."""
    admin = log_in("admin@south")
    for path, body in THERE.items():
        made = client.post(f"/api/v1{path}", json=body, headers=admin)
        assert made.status_code == 201, (path, made.text)
    body = REMINDER | {"scheduled_time": soon(minutes=5), "valid_for": "P2D"}
    made = client.post("/api/v1/reminders", json=body, headers=admin)
    assert made.status_code == 201, made.text
    with database.establishment(SOUTH) as session:
        session.add(Task(kind="call_back", dedupe_key="1"))
    senders = client.get("/api/v1/senders", headers=admin).json()
    rows = senders["items"] if isinstance(senders, dict) else senders
    users = client.get("/api/v1/users", headers=admin).json()["items"]
    return {"sender_id": rows[0]["id"], "user_id": users[0]["id"]}


def test_another_hospitals_rows_are_not_there(
    client: Any, south: dict[str, int], log_in: LogIn
) -> None:
    admin = log_in("admin@north")
    for roles in (VIEWER, STAFF, ADMIN):
        for method, path in listed(ROLES[roles]):
            if "_id}" not in path:
                continue
            address = path
            for name, number in south.items():
                address = address.replace(f"{{{name}}}", str(number))
            body: dict[str, Any] = {"json": BODIES.get(f"{method} {path}")}
            if path.endswith("/file"):
                body = {"files": {"file": ("list.csv", b"reference\nP1\n")}}
            answer = client.request(method, filled(address), **body, headers=admin)
            assert answer.status_code == 404, (method, path, answer.text)
            assert answer.json()["code"] == "not_found"
