"""Members of staff: who may change whom, and when sign-ins end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.user import Role
from schemas.user import UserChange
from services.errors import Conflict, Invalid, NotFound
from services.identity import Principal
from services.people.user import change_member, create_user, set_password
from tests.fixtures import NORTH, SOUTH
from tests.template import PASSWORD

LogIn = Callable[[str], dict[str, str]]
NEW = "another-long-password"


@pytest.fixture
def admin(log_in: LogIn) -> dict[str, str]:
    return log_in("admin@north")


def add(client: Any, admin: dict[str, str], **more: Any) -> dict[str, Any]:
    body = {"email": f"{uuid4().hex}@north.example", "password": PASSWORD, "role": "viewer"}
    answer = client.post("/api/v1/users", json=body | more, headers=admin)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def tokens(client: Any, email: str, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/api/v1/auth/token", data={"username": email, "password": password} | more)


def bearer(answer: Any) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def test_made_listed_and_signed_in(client: Any, admin: dict[str, str]) -> None:
    made = add(client, admin, name="Élise", role="staff")
    me = client.get("/api/v1/auth/me", headers=bearer(tokens(client, made["email"]))).json()
    assert me["email"] == made["email"]
    assert (me["name"], me["role"]) == ("Élise", "staff")
    assert [place["slug"] for place in me["establishments"]] == ["north"]
    found = []
    cursor = ""
    while cursor is not None:
        page = client.get(f"/api/v1/users?limit=2&cursor={cursor}" if cursor else
                          "/api/v1/users?limit=2", headers=admin).json()  # fmt: skip
        found += page["items"]
        cursor = page["cursor"]
    assert made["email"] in [user["email"] for user in found]
    assert "admin@south.example" not in [user["email"] for user in found]
    again = client.post(
        "/api/v1/users",
        json={"email": made["email"].upper(), "password": PASSWORD, "role": "admin"},
        headers=admin,
    )
    assert (again.status_code, again.json()["code"]) == (409, "already_member")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"password": "short"}, "password"),
        ({"role": "owner"}, "role"),
        ({"name": "a\x00b"}, "name"),
    ],
)
def test_refused(client: Any, admin: dict[str, str], wrong: dict[str, str], field: str) -> None:
    body = {"email": "someone@north.example", "password": PASSWORD, "role": "viewer"}
    answer = client.post("/api/v1/users", json=body | wrong, headers=admin)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert "short" not in answer.text.replace("password_short", "")


def test_only_administrators(client: Any, log_in: LogIn) -> None:
    for who in ("viewer@north", "staff@north"):
        assert client.get("/api/v1/users", headers=log_in(who)).status_code == 403


def test_another_hospitals_staff_are_neither_seen_nor_signed_up(
    client: Any, admin: dict[str, str], log_in: LogIn
) -> None:
    made = add(client, admin, name="Élise")
    body = {"email": made["email"], "password": NEW, "role": "admin", "name": "x"}
    answer = client.post("/api/v1/users", json=body, headers=log_in("admin@south"))
    assert (answer.status_code, answer.json()["code"]) == (409, "account_exists")
    assert "Élise" not in answer.text
    assert "id" not in answer.json()
    assert tokens(client, made["email"], establishment="south").status_code == 403


def test_deactivated_means_out_here_and_only_here(
    client: Any, admin: dict[str, str], owner: Any
) -> None:
    made = add(client, admin)
    with Session(owner) as session, session.begin():  # as the operator's command does
        create_user(
            session, SOUTH, email=made["email"], password=NEW, role=Role.viewer, name="Other"
        )
    assert tokens(client, made["email"], NEW).status_code == 401  # the password stays their own
    signed_in = tokens(client, made["email"], establishment="north")
    elsewhere = tokens(client, made["email"], establishment="south")
    path = f"/api/v1/users/{made['id']}"
    changed = client.patch(path, json={"active": False}, headers=admin)
    assert changed.json()["active"] is False
    assert client.get("/api/v1/auth/me", headers=bearer(signed_in)).status_code == 401
    assert client.get("/api/v1/auth/me", headers=bearer(elsewhere)).status_code == 200
    refresh = {"refresh_token": signed_in.json()["refresh_token"]}
    assert client.post("/api/v1/auth/refresh", json=refresh).status_code == 401
    assert tokens(client, made["email"], establishment="north").status_code == 403
    client.patch(path, json={"active": True}, headers=admin)
    assert tokens(client, made["email"], establishment="north").status_code == 200
    assert client.get("/api/v1/auth/me", headers=bearer(signed_in)).status_code == 401


def test_nobody_of_another_establishment_is_found(client: Any, admin: dict[str, str]) -> None:
    for number in (4, 5, 6, 2**31 - 1):  # the southern members come second in the template
        answer = client.patch(f"/api/v1/users/{number}", json={"role": "viewer"}, headers=admin)
        assert answer.status_code == 404


def test_the_last_administrator_stays(client: Any, admin: dict[str, str]) -> None:
    myself = client.get("/api/v1/auth/me", headers=admin).json()["id"]
    for change in ({"active": False}, {"role": "staff"}):
        answer = client.patch(f"/api/v1/users/{myself}", json=change, headers=admin)
        assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")
    second = add(client, admin, role="admin")
    path = f"/api/v1/users/{second['id']}"
    assert client.patch(path, json={"role": "viewer"}, headers=admin).json()["role"] == "viewer"


def test_two_administrators_cannot_demote_each_other_at_once(
    client: Any, admin: dict[str, str], database: Any
) -> None:
    first = client.get("/api/v1/auth/me", headers=admin).json()["id"]
    second = add(client, admin, role="admin")["id"]
    refused: list[str] = []

    def demote(session: Any, by: int, other: int) -> None:
        wanted = UserChange(role=Role.viewer)
        change_member(session, other, wanted, Principal(1, f"user:{by}"))

    def meanwhile() -> None:
        try:
            with database.service() as session:
                demote(session, second, first)
        except Conflict as error:
            refused.append(error.code)

    with database.service() as session:
        demote(session, first, second)
        other = threading.Thread(target=meanwhile)
        other.start()
        other.join(0.5)
        waited = other.is_alive()
    other.join(20)
    try:
        assert waited
        assert refused == ["last_admin"]
    finally:
        with database.service() as session:
            session.execute(
                text("update memberships set role = 'admin' where user_id = :id"), {"id": first}
            )
            session.execute(
                text("update memberships set role = 'viewer' where user_id = :id"), {"id": second}
            )


def test_a_new_password_ends_the_other_sign_ins(
    client: Any, admin: dict[str, str], owner: Any
) -> None:
    made = add(client, admin)
    here, there = tokens(client, made["email"]), tokens(client, made["email"])
    change = {"current_password": PASSWORD, "new_password": NEW}
    wrong = client.post(
        "/api/v1/auth/password", json=change | {"current_password": "x"}, headers=bearer(here)
    )
    assert (wrong.status_code, wrong.json()["code"]) == (403, "password_wrong")
    short = client.post(
        "/api/v1/auth/password", json=change | {"new_password": "x"}, headers=bearer(here)
    )
    assert (short.status_code, short.json()["field"]) == (422, "new_password")
    done = client.post("/api/v1/auth/password", json=change, headers=bearer(here))
    assert done.status_code == 204, done.text
    assert client.get("/api/v1/auth/me", headers=bearer(here)).status_code == 200
    assert client.get("/api/v1/auth/me", headers=bearer(there)).status_code == 401
    assert tokens(client, made["email"]).status_code == 401
    assert tokens(client, made["email"], NEW).status_code == 200
    with owner.begin() as connection:
        stored = connection.execute(
            text("select password_hash from shared.users where id = :id"), made
        ).scalar_one()
        actions = connection.execute(
            text("select action from shared.audit_entries order by id")
        ).scalars()
        assert list(actions) == ["create", "password"]
    assert stored.startswith("$argon2id$")


def test_a_forgotten_password_is_set_by_the_operator(
    client: Any, admin: dict[str, str], database: Any, owner: Any
) -> None:
    made = add(client, admin)
    signed_in = tokens(client, made["email"])
    assert client.get("/api/v1/auth/me", headers=bearer(signed_in)).status_code == 200
    with database.service() as session:
        set_password(session, made["email"].upper(), NEW)
    client.app.state.careloop.authenticator.forget()  # as another process's does within seconds
    assert client.get("/api/v1/auth/me", headers=bearer(signed_in)).status_code == 401
    refresh = {"refresh_token": signed_in.json()["refresh_token"]}
    assert client.post("/api/v1/auth/refresh", json=refresh).status_code == 401
    assert tokens(client, made["email"]).status_code == 401
    assert tokens(client, made["email"], NEW).status_code == 200
    with owner.begin() as connection:
        entries = connection.execute(
            text(
                "select establishment_id, actor, action, row_id from shared.audit_entries"
                " order by id"
            )
        ).all()
    assert tuple(entries[-1]) == (NORTH, "cli", "password", str(made["id"]))
    for email, new in ((made["email"], "short"), ("nobody@north.example", NEW)):
        with pytest.raises((Invalid, NotFound)), database.service() as session:
            set_password(session, email, new)
    assert tokens(client, made["email"], NEW).status_code == 200


def test_the_audit_of_users_cannot_be_changed(database: Any, admin: dict[str, str]) -> None:
    from sqlalchemy.exc import ProgrammingError

    for statement in ("update audit_entries set actor = 'x'", "delete from audit_entries"):
        with pytest.raises(ProgrammingError), database.service() as session:
            session.execute(text(statement))
