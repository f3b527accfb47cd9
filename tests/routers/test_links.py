"""Links for patients' own phones: anonymous, revocable, and enough where nobody else is let in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from cli import app as cli
from config.settings import get_settings
from routers.rate_limit import RateLimits
from tests.fixtures import owned
from tests.routers.test_sync import item, now


def make(client: Any, staff: dict[str, str], **more: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/links", json={"name": "Poster"} | more, headers=staff)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def send(client: Any, headers: dict[str, str], path: str = "/api/v1/sync") -> Any:
    return client.post(path, json={"sent_at": now(), "items": [item()]}, headers=headers)


@pytest.fixture
def closed(client: Any, owner: Any) -> Any:
    """The northern hospital takes no feedback from just anybody."""
    state = client.app.state.careloop

    def set_open(value: bool) -> None:
        with owner.begin() as connection:
            statement = "update shared.establishments set anonymous_feedback = :value where id = 1"
            connection.execute(text(statement), {"value": value})
        state.directory.forget()

    set_open(False)
    yield
    set_open(True)


@pytest.mark.usefixtures("closed")
def test_whoever_has_the_link_is_let_in_until_it_is_revoked(
    client: Any, staff: dict[str, str], owner: Any
) -> None:
    assert send(client, {}).status_code == 401
    made = make(client, staff)
    assert made["token"].startswith("cll_")
    assert made["path"] == f"/app/#/north/-/{made['token']}"
    link = bearer(made["token"])
    assert send(client, link).json()["results"][0]["status"] == "created"
    assert client.get("/api/v1/sync", headers=link).status_code == 200
    single = {"language": "french", "rating": 5}
    assert client.post("/api/v1/feedback", json=single, headers=link).status_code == 201
    with owned(owner) as connection:
        stored = connection.execute(text("select device_id from feedbacks")).all()
        assert [row.device_id for row in stored] == [None, None]
        assert connection.scalar(text("select count(*) from audit_entries")) == 0, "nobody is known"
        assert made["token"] not in str(
            connection.execute(text("select * from shared.links")).all()
        )
    path = f"/api/v1/links/{made['id']}/revoke"
    assert client.post(path, headers=staff).json()["status"] == "revoked"
    assert client.post(path, headers=staff).json()["status"] == "revoked"
    assert (send(client, link).status_code, send(client, link).json()["code"]) == (
        401,
        "token_revoked",
    )
    listed = client.get("/api/v1/links", headers=staff).json()["items"]
    assert [(one["status"], "token" in one) for one in listed] == [("revoked", False)]


def test_a_link_opens_its_own_establishment_and_nothing_of_staff(
    client: Any, staff: dict[str, str], log_in: Any
) -> None:
    made = make(client, staff)
    link = bearer(made["token"])
    assert send(client, link, "/api/v1/e/south/sync").json()["code"] == "other_establishment"
    for method, path in (
        ("GET", "/api/v1/reminders"),
        ("GET", "/api/v1/contacts"),
        ("GET", "/api/v1/links"),
        ("POST", "/api/v1/links"),
        ("POST", f"/api/v1/links/{made['id']}/revoke"),
    ):
        assert client.request(method, path, headers=link, json={}).status_code == 403, path
    assert client.post("/api/v1/links", json={"name": "x"}).status_code == 401
    south = log_in("staff@south")
    assert client.post(f"/api/v1/links/{made['id']}/revoke", headers=south).status_code == 404
    assert client.get("/api/v1/links", headers=south).json()["items"] == []
    viewer = log_in("viewer@north")
    assert client.post("/api/v1/links", json={"name": "x"}, headers=viewer).status_code == 403


def test_a_department_and_an_end(client: Any, staff: dict[str, str], owner: Any) -> None:
    with owned(owner) as connection:
        connection.execute(text("insert into departments (code, name) values ('lab', 'Lab')"))
    made = make(client, staff, department="lab")
    assert made["path"] == f"/app/#/north/lab/{made['token']}"
    for more, field in (
        ({"department": "nowhere"}, "department"),
        ({"expires_at": now(days=1)}, "expires_at"),
        ({"name": " "}, "name"),
        ({"token": "cll_mine"}, "token"),
    ):
        refused = client.post("/api/v1/links", json={"name": "Poster"} | more, headers=staff)
        assert (refused.status_code, refused.json()["field"]) == (422, field)
    soon = datetime.now(UTC) + timedelta(days=1)
    ends = make(client, staff, expires_at=soon.isoformat())
    assert send(client, bearer(ends["token"])).status_code == 200
    with owner.begin() as connection:
        connection.execute(text("update shared.links set expires_at = now() where id = :id"), ends)
    client.app.state.careloop.authenticator.forget()
    assert send(client, bearer(ends["token"])).status_code == 401
    assert client.get("/api/v1/links", headers=staff).json()["items"][0]["status"] == "expired"


def test_all_who_have_a_link_share_its_limit_and_each_address_has_its_own(
    client: Any, staff: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (bearer(make(client, staff)["token"]) for _ in range(2))
    state = client.app.state.careloop
    settings = get_settings()
    web = settings.web.model_copy(update={"rate_limit": "3/hour"})
    monkeypatch.setattr(
        state, "rate_limits", RateLimits(settings.model_copy(update={"web": web})), raising=True
    )
    assert [send(client, one).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    assert send(client, other).status_code == 200
    web = settings.web.model_copy(update={"anonymous_rate_limit": "2/hour"})
    monkeypatch.setattr(
        state, "rate_limits", RateLimits(settings.model_copy(update={"web": web})), raising=True
    )
    seen = [send(client, headers).status_code for headers in (one, other, one)]
    assert seen == [200, 200, 429]


def test_on_the_command_line(client: Any, owner: Any) -> None:
    run = CliRunner()
    made = run.invoke(cli, ["create-link", "north", "Affiche"])
    assert made.exit_code == 0, made.output
    token = made.output.strip().rpartition("/")[2]
    assert send(client, bearer(token)).status_code == 200
    assert run.invoke(cli, ["create-link", "north", "x", "--department", "nowhere"]).exit_code != 0
    assert run.invoke(cli, ["revoke-link", "north", "999"]).exit_code != 0
    assert "Affiche: good" in run.invoke(cli, ["list-links", "north"]).output
    assert run.invoke(cli, ["revoke-link", "north", "1"]).exit_code == 0
    client.app.state.careloop.authenticator.forget()
    assert send(client, bearer(token)).status_code == 401
    assert "Affiche: revoked" in run.invoke(cli, ["list-links", "north"]).output
