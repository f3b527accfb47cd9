"""Devices: a code once, a token once, nothing told to who guesses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

LogIn = Callable[[str], dict[str, str]]


def add(client: Any, headers: dict[str, str], name: str = "Tablet") -> dict[str, Any]:
    answer = client.post("/api/v1/devices", json={"name": name}, headers=headers)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def enrol(client: Any, code: str) -> Any:
    return client.post("/api/v1/devices/enrol", json={"code": code})


def test_enrolled_used_and_revoked(client: Any, staff: dict[str, str], log_in: LogIn) -> None:
    made = add(client, staff)
    assert len(made["code"]) == 8
    assert not set(made["code"]) & set("01OILU")
    enrolled = enrol(client, f" {made['code'][:4].lower()}-{made['code'][4:]} ")
    assert enrolled.status_code == 201, enrolled.text
    token = enrolled.json()["token"]
    assert token.startswith("cld_")
    assert enrolled.json()["establishment"] == "north"
    device = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/departments", headers=device).status_code == 200
    assert client.get("/api/v1/contacts", headers=device).json()["code"] == "role_too_low"
    (listed,) = client.get("/api/v1/devices", headers=staff).json()["items"]
    assert listed["status"] == "enrolled"
    assert "code" not in listed
    path = f"/api/v1/devices/{made['id']}/revoke"
    assert client.post(path, headers=staff).status_code == 403
    assert client.post(path, headers=log_in("admin@south")).status_code == 404
    assert client.post(path, headers=log_in("admin@north")).json()["status"] == "revoked"
    assert client.get("/api/v1/departments", headers=device).status_code == 401


def test_wrong_expired_used_and_revoked_codes_look_the_same(
    client: Any, staff: dict[str, str], log_in: LogIn, owner: Any
) -> None:
    used, expired, revoked = (add(client, staff) for _ in range(3))
    enrol(client, used["code"])
    with owner.begin() as connection:
        connection.execute(
            text("update shared.devices set code_expires_at = now() where id = :id"), expired
        )
    client.post(f"/api/v1/devices/{revoked['id']}/revoke", headers=log_in("admin@north"))
    answers = [
        enrol(client, code)
        for code in ("WRONG234", "é", used["code"], expired["code"], revoked["code"])
    ]
    assert {answer.status_code for answer in answers} == {422}
    assert len({answer.content for answer in answers}) == 1


def test_neither_code_nor_token_is_stored(client: Any, staff: dict[str, str], owner: Any) -> None:
    made = add(client, staff)
    before = _dump(owner)
    token = enrol(client, made["code"]).json()["token"]
    for secret in (made["code"], token):
        for form in (secret, secret.encode().hex()):  # a column of bytes is shown in hexadecimal
            assert form not in before + _dump(owner)


def _dump(owner: Any) -> str:
    with owner.begin() as connection:
        rows = [
            *connection.execute(text("select t::text from shared.devices t")).scalars(),
            *connection.execute(text("select t::text from shared.idempotency_keys t")).scalars(),
        ]
    return "\n".join(rows)


@pytest.mark.parametrize("who", ["admin@north", "staff@north", "viewer@north"])
def test_who_may_name_a_device(client: Any, log_in: LogIn, who: str) -> None:
    answer = client.post("/api/v1/devices", json={"name": "x"}, headers=log_in(who))
    assert answer.status_code == (403 if who.startswith("viewer") else 201)


def test_an_answer_that_was_lost_is_given_again_for_the_same_code_and_key(
    client: Any, staff: dict[str, str]
) -> None:
    made, other = add(client, staff), add(client, staff)
    headers = {"Idempotency-Key": "tablet-7"}
    sent = [
        client.post("/api/v1/devices/enrol", json={"code": code}, headers=headers)
        for code in (made["code"], made["code"], other["code"])
    ]
    assert [answer.status_code for answer in sent] == [201, 201, 201]
    assert sent[0].json() == sent[1].json()
    assert sent[2].json()["device_id"] == other["id"]


def test_devices_are_audited_and_pages_go_on(
    client: Any, staff: dict[str, str], owner: Any
) -> None:
    for name in ("one", "two", "three"):
        add(client, staff, name)
    first = client.get("/api/v1/devices?limit=2", headers=staff).json()
    rest = client.get(f"/api/v1/devices?cursor={first['cursor']}", headers=staff).json()
    assert [d["name"] for d in first["items"] + rest["items"]] == ["three", "two", "one"]
    assert rest["cursor"] is None
    with owner.begin() as connection:
        rows = connection.execute(text("select action, kind from shared.audit_entries")).all()
    assert [tuple(row) for row in rows] == [("create", "device")] * 3
