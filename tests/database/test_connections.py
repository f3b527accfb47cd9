"""A connection of the pool that has died is replaced before anybody meets it.

Seen to fail: `_silent` that is always true (an error instead of rows), the second of trust left out
(each transaction asks).
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from database import engine as database_engine
from tests.fixtures import NORTH
from tests.tree import wait_for

_PID = text("select pg_backend_pid()")


@pytest.fixture(autouse=True)
def one_connection(database: Any) -> None:
    database.engine.dispose()


def pid(database: Any) -> int:
    with database.establishment(NORTH) as session:
        return int(session.scalar(_PID))


def running(owner: Any, number: int) -> Any:
    """The latest statement of a connection; None when it is gone."""
    latest = text("select query from pg_stat_activity where pid = :pid")
    with owner.begin() as connection:
        return connection.scalar(latest, {"pid": number})


@pytest.fixture(params=[1000.0, 0.0], ids=["in use just now", "long idle"])
def trusted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> float:
    """For how long a connection is trusted after its use."""
    seconds: float = request.param
    monkeypatch.setattr(database_engine, "TRUSTED_SECONDS", seconds)
    return seconds


@pytest.mark.usefixtures("trusted")
def test_what_died_is_replaced(database: Any, owner: Any) -> None:
    first = pid(database)
    with owner.begin() as connection:
        connection.execute(text("select pg_terminate_backend(:pid)"), {"pid": first})
    wait_for(lambda: running(owner, first) is None, "its process did not end")
    assert pid(database) != first


def test_what_was_in_use_just_now_is_not_asked(database: Any, owner: Any, trusted: float) -> None:
    number = pid(database)
    with database.engine.connect():
        asked = running(owner, number) != "COMMIT"
    assert asked == (trusted == 0.0)
