"""`Idempotency-Key`: one execution, one answer, whatever arrives twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from services import idempotency
from tests.fixtures import NORTH, owned
from tests.template import PASSWORD

LogIn = Callable[[str], dict[str, str]]
KEY = {"Idempotency-Key": "once"}
BODIES: dict[str, dict[str, Any]] = {
    "/api/v1/contacts": {"patient_id": "P1", "name": "Marie"},
    "/api/v1/departments": {"code": "x", "name": "X"},
    "/api/v1/devices": {"name": "Tablet"},
}


@pytest.mark.parametrize("path", BODIES)
def test_sent_twice_done_once(client: Any, log_in: LogIn, path: str) -> None:
    admin = log_in("admin@north")
    first = client.post(path, json=BODIES[path], headers=admin | KEY)
    second = client.post(path, json=BODIES[path], headers=admin | KEY)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert first.headers.get("Location") == second.headers.get("Location")
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    other = client.post(path, json=BODIES[path] | {"name": "Other"}, headers=admin | KEY)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert other.json()["field"] == "header.Idempotency-Key"


def test_users_too(client: Any, log_in: LogIn) -> None:
    admin = log_in("admin@north")
    body = {"email": "once@north.example", "password": PASSWORD, "role": "viewer"}
    answers = [client.post("/api/v1/users", json=body, headers=admin | KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


def test_another_person_path_or_key_is_another_request(client: Any, log_in: LogIn) -> None:
    body = BODIES["/api/v1/devices"]
    made = [
        client.post("/api/v1/devices", json=body, headers=log_in(who) | {"Idempotency-Key": key})
        for who, key in (
            ("admin@north", "a"),
            ("admin@north", "b"),
            ("staff@north", "a"),
            ("admin@south", "a"),
        )
    ]
    assert len({answer.json()["id"] for answer in made}) == 4


def test_an_error_is_not_kept(client: Any, staff: dict[str, str], log_in: LogIn) -> None:
    body = BODIES["/api/v1/contacts"]
    client.post("/api/v1/contacts", json=body, headers=staff)
    refused = client.post("/api/v1/contacts", json=body, headers=staff | KEY)
    assert refused.status_code == 409
    client.patch("/api/v1/contacts/1", json={"patient_id": "P9"}, headers=staff)
    assert client.post("/api/v1/contacts", json=body, headers=staff | KEY).status_code == 201


def test_many_at_once_are_one(client: Any, staff: dict[str, str], owner: Any) -> None:
    def send(_: int) -> Any:
        return client.post("/api/v1/devices", json=BODIES["/api/v1/devices"], headers=staff | KEY)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 7
    with owner.begin() as connection:
        assert connection.execute(text("select count(*) from shared.devices")).scalar_one() == 1


def test_kept_sealed_and_not_for_ever(
    client: Any, staff: dict[str, str], owner: Any, database: Any
) -> None:
    client.post("/api/v1/contacts", json=BODIES["/api/v1/contacts"], headers=staff | KEY)
    with owned(owner) as connection:
        (row,) = connection.execute(text("select t::text from idempotency_keys t")).scalars()
        assert b"Marie".hex() not in row
        connection.execute(text("update idempotency_keys set created_at = now() - interval '8 d'"))
    with database.establishment(NORTH) as session:
        assert idempotency.forget_old(session) == 1
