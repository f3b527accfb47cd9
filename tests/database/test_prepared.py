"""Prepared statements: planned once where that can be, and the same answers where it cannot.

Seen to fail: `MOST_KEPT` not looked at, the pooler taken for a server, the parameters left in an
error, a lost connection not told.
"""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from database import prepared
from database.engine import DIRECT
from database.prepared import Prepared, numbers
from tests.fixtures import NORTH, SOUTH

STATEMENT = Prepared(
    "select current_schema() as place, x from unnest(:ids) as t (x) where x > :least"
    " and '10%'::text is not null order by x",
    ids="bigint[]",
    least="integer",
)


def kept(session: Any) -> int:
    return int(session.scalar(text("select count(*) from pg_prepared_statements")))


@pytest.mark.parametrize("direct", [True, False], ids=["server", "pooler"])
def test_answers_are_the_same_behind_a_pooler(database: Any, direct: bool) -> None:
    with database.establishment_by_key(NORTH) as session:
        info = session.connection().info
        assert info[DIRECT]
        info[DIRECT] = direct
        before = kept(session)
        statement = Prepared(
            f"select x from unnest(:ids) as t (x) where x > :least and '10%' <> '{direct}'"
            " order by x",
            ids="bigint[]",
            least="integer",
        )
        for _ in range(3):
            rows = statement.run(session, ids=numbers([3, 1, 2]), least=1)
            assert [row.x for row in rows] == [2, 3]
        assert statement.run(session, ids=numbers([]), least=1) == []
        assert kept(session) == before + direct
        info[DIRECT] = True


def test_a_plan_belongs_to_one_establishment(database: Any) -> None:
    for number in (NORTH, SOUTH, NORTH):
        with database.establishment_by_key(number) as session:
            (row,) = STATEMENT.run(session, ids=numbers([7]), least=0)
            assert row.place == f"est_{number}"


def test_a_connection_keeps_so_many(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "MOST_KEPT", 2)
    with database.establishment_by_key(NORTH) as session:
        for number in range(5):
            Prepared(f"select {number} as x").run(session)
            assert kept(session) <= 2


def test_an_error_is_the_usual_one_and_tells_nothing(database: Any) -> None:
    failing = Prepared("select 1 / (length(:word) - 6) as x", word="text")
    with (
        pytest.raises(DBAPIError) as raised,
        database.establishment_by_key(NORTH) as session,
    ):
        failing.run(session, word="secret")
    assert "secret" not in str(raised.value)
    with database.establishment_by_key(NORTH) as session:
        assert failing.run(session, word="longer ones") != []


def test_a_lost_connection_is_not_used_again(database: Any, owner: Any) -> None:
    with contextlib.suppress(OperationalError), database.establishment_by_key(NORTH) as session:
        pid = session.scalar(text("select pg_backend_pid()"))
        with owner.begin() as connection:
            connection.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})
        with pytest.raises(OperationalError) as raised:
            STATEMENT.run(session, ids=numbers([1]), least=0)
        assert raised.value.connection_invalidated
        raise raised.value
    with database.establishment_by_key(NORTH) as session:
        assert STATEMENT.run(session, ids=numbers([1]), least=0)
