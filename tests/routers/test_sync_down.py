"""What changed for a device: whole sections by version, kept in Redis, true without it."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisGone
from sqlalchemy import event, text
from typer.testing import CliRunner

from cli import app as cli
from services.sync.down import DownSync, cache_name
from tests.fixtures import NORTH
from utils.shared_cache import SharedCache


def down(client: Any, path: str = "/api/v1/sync", **params: str) -> dict[str, Any]:
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def admin(log_in: Any) -> dict[str, str]:
    headers: dict[str, str] = log_in("admin@north")
    return headers


def add(client: Any, admin: Any, code: str) -> int:
    body = {"code": code, "name": code.title()}
    return int(client.post("/api/v1/departments", json=body, headers=admin).json()["id"])


def test_the_first_question_brings_everything(client: Any, admin: Any) -> None:
    add(client, admin, "maternite")
    found = down(client)
    form = found["sections"]["form"]
    assert form["establishment"] == {"slug": "north", "name": "Hôpital Nord"}
    assert form["languages"] == ["french", "english"]
    assert form["faces"] == ["😡", "🙁", "😐", "🙂", "😍"]
    assert form["limits"]["content"] == 10_000
    assert found["sections"]["departments"] == [{"code": "maternite", "name": "Maternite"}]


def test_then_only_what_changed(client: Any, admin: Any) -> None:
    lab = add(client, admin, "lab")
    add(client, admin, "maternite")
    cursor = down(client)["cursor"]
    assert down(client, cursor=cursor) == {"cursor": cursor, "sections": {}}
    client.patch(f"/api/v1/departments/{lab}", json={"active": False}, headers=admin)
    found = down(client, cursor=cursor)
    # A department that was closed is missing from the section, which is how a device forgets it.
    assert found["sections"] == {"departments": [{"code": "maternite", "name": "Maternite"}]}
    assert down(client, cursor=found["cursor"])["sections"] == {}


@pytest.mark.parametrize("cursor", ["nonsense", "bm9uc2Vuc2U", "WzFd", "é", "x" * 400])
def test_a_cursor_that_says_nothing_brings_everything(client: Any, cursor: str) -> None:
    assert set(down(client, cursor=cursor)["sections"]) == {"form", "departments", "phrases"}


def test_a_language_without_the_apps_words_is_not_offered(client: Any, database: Any) -> None:
    try:
        changed = CliRunner().invoke(
            cli, ["set-establishment", "north", "--languages", "duala,english"]
        )
        assert changed.exit_code == 0, changed.output
        assert down(client)["sections"]["form"]["languages"] == ["english"]
    finally:
        CliRunner().invoke(cli, ["set-establishment", "north", "--languages", "french,english"])
    assert down(client)["sections"]["form"]["languages"] == ["french", "english"]


def test_each_establishment_has_its_own(client: Any, log_in: Any) -> None:
    north, south = down(client), down(client, "/api/v1/e/south/sync")
    assert south["sections"]["form"]["establishment"]["slug"] == "south"
    assert north["sections"]["form"]["key"] != south["sections"]["form"]["key"]
    mine = client.get("/api/v1/sync", headers=log_in("staff@south")).json()
    assert mine == south
    answer = client.get("/api/v1/e/north/sync", headers=log_in("staff@south"))
    assert answer.status_code == 403


def test_an_unchanged_answer_is_a_304_and_a_long_one_is_compressed(client: Any, admin: Any) -> None:
    for number in range(20):
        add(client, admin, f"department-{number}")
    first = client.get("/api/v1/sync", headers={"Accept-Encoding": "br"})
    assert first.headers["Content-Encoding"] == "br"
    assert "Authorization" in first.headers["Vary"]
    etag = {"If-None-Match": first.headers["ETag"]}
    again = client.get("/api/v1/sync", headers=etag)
    assert (again.status_code, again.content) == (304, b"")
    add(client, admin, "one-more")
    assert client.get("/api/v1/sync", headers=etag).status_code == 200


def test_what_every_device_asks_for_costs_the_database_nothing(
    client: Any, database: Any, redis: Redis
) -> None:
    statements: list[str] = []
    engine = client.app.state.careloop.database.engine
    down(client)
    note = lambda *seen: statements.append(seen[2])  # noqa: E731
    event.listen(engine, "before_cursor_execute", note)
    try:
        down(client)
        assert statements == []
        redis.flushdb()
        down(client)
        assert statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_change_that_is_rolled_back_outdates_nothing(
    client: Any, database: Any, redis: Any
) -> None:
    down(client)
    before = redis.get(f"{cache_name(NORTH)}:generation")
    with contextlib.suppress(ZeroDivisionError), database.establishment(NORTH) as session:
        session.outdate_devices()
        raise ZeroDivisionError
    assert redis.get(f"{cache_name(NORTH)}:generation") == before
    seen: list[Any] = []
    with database.establishment(NORTH) as session:
        session.outdate_devices()
        look = lambda _: seen.append(redis.get(f"{cache_name(NORTH)}:generation"))  # noqa: E731
        event.listen(session, "before_commit", look)
    assert seen == [before]  # not before the commit
    assert redis.get(f"{cache_name(NORTH)}:generation") != before


def test_what_was_read_before_a_change_is_not_kept_after_it(database: Any, redis: Redis) -> None:
    cache = SharedCache(redis)
    _, generation = cache.get("x")
    cache.forget("x")
    cache.put("x", b"read before the change", generation)
    assert cache.get("x")[0] is None
    cache.put("x", b"read after it", cache.get("x")[1])
    assert cache.get("x")[0] == b"read after it"


def test_without_redis_postgresql_answers(database: Any, owner: Any) -> None:
    nowhere = Redis(port=1, socket_connect_timeout=0.2, retry=None)
    with pytest.raises(RedisGone):
        nowhere.ping()
    service = DownSync(database, SharedCache(nowhere))
    assert service.changed(NORTH, None)["sections"]["departments"] == []
    with database.establishment(NORTH) as session:
        session.execute(text("insert into departments (code, name) values ('lab', 'Lab')"))
    assert service.changed(NORTH, None)["sections"]["departments"] == [
        {"code": "lab", "name": "Lab"}
    ]


def test_a_setting_that_an_administrator_changes(client: Any, admin: Any) -> None:
    cursor = down(client)["cursor"]
    try:
        answer = client.patch(
            "/api/v1/establishment", json={"name": "Hôpital du Nord"}, headers=admin
        )
        assert answer.status_code == 200, answer.text
        found = down(client, cursor=cursor)["sections"]
        assert found["form"]["establishment"]["name"] == "Hôpital du Nord"
    finally:
        client.patch("/api/v1/establishment", json={"name": "Hôpital Nord"}, headers=admin)
