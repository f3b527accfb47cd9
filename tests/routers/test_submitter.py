"""Who may submit: staff, devices, and anybody where the establishment allows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from routers import problems
from routers.dependencies import Submitter

LogIn = Callable[[str], dict[str, str]]


async def _whoami(principal: Submitter) -> list[Any]:
    return [principal.establishment_id, principal.actor, principal.anonymous]


@pytest.fixture
def whoami(client: Any) -> Iterator[TestClient]:
    app = FastAPI()
    app.state.careloop = client.app.state.careloop
    problems.install(app)
    app.get("/who")(_whoami)
    app.get("/e/{slug}/who")(_whoami)
    with TestClient(app, raise_server_exceptions=False) as asked:
        yield asked


def test_staff_devices_and_anybody(whoami: TestClient, client: Any, log_in: LogIn) -> None:
    viewer = log_in("viewer@south")
    for _ in range(2):  # asked, then remembered
        assert whoami.get("/who", headers=viewer).json()[0] == 2
        assert whoami.get("/who").json() == [1, "anonymous", True]  # north is the default
        assert whoami.get("/e/south/who").json() == [2, "anonymous", True]
        assert whoami.get("/e/nowhere/who").status_code == 404
        answer = whoami.get("/e/north/who", headers=viewer)
        assert (answer.status_code, answer.json()["code"]) == (403, "other_establishment")
        wrong = {"Authorization": "Bearer cld_nobody"}
        assert whoami.get("/who", headers=wrong).status_code == 401


def test_where_anonymous_feedback_is_off(whoami: TestClient, client: Any, owner: Any) -> None:
    switch = "update shared.establishments set anonymous_feedback = :on where slug = 'north'"
    with owner.begin() as connection:
        connection.execute(text(switch), {"on": False})
    client.app.state.careloop.directory.forget()
    try:
        assert whoami.get("/who").status_code == 401
        assert whoami.get("/e/south/who").status_code == 200
    finally:
        with owner.begin() as connection:
            connection.execute(text(switch), {"on": True})
