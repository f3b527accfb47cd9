"""One hospital never sees another's rows, whatever goes wrong in between.

The pool has one connection here and every test asserts that both hospitals really shared one
backend: a leak through the pool would show.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from config.settings import DatabaseSettings
from database.engine import service_engine
from database.roles import establishment_role, establishment_schema
from database.session import Database, NoEstablishment
from models.department import Department
from models.due import Due
from models.establishment import Establishment
from tests.fixtures import NORTH, SOUTH


@pytest.fixture
def one_connection(empty: None) -> Iterator[Database]:
    database = Database(service_engine(DatabaseSettings(DATABASE_POOL_SIZE=1)))
    with database.establishment(NORTH) as session:
        session.add(Department(code="north-only", name="Nord"))
    with database.establishment(SOUTH) as session:
        session.add(Department(code="south-only", name="South"))
    yield database
    database.dispose()


def codes(session: Any) -> list[str]:
    return sorted(session.scalars(select(Department.code)))


def backend(session: Any) -> int:
    return int(session.scalar(text("select pg_backend_pid()")))


def test_each_sees_its_own_over_the_same_backend(one_connection: Database) -> None:
    pids = set()
    for establishment, expected in ((NORTH, ["north-only"]), (SOUTH, ["south-only"])) * 2:
        with one_connection.establishment(establishment) as session:
            assert codes(session) == expected
            pids.add(backend(session))
    assert len(pids) == 1


def test_scope_survives_commits_and_rollbacks_in_mid_request(one_connection: Database) -> None:
    with one_connection.establishment(NORTH) as session:
        first = backend(session)
        session.commit()
        assert codes(session) == ["north-only"]
        session.rollback()
        assert codes(session) == ["north-only"]
    with one_connection.establishment(SOUTH) as session:
        assert backend(session) == first
        assert codes(session) == ["south-only"]


def test_scope_survives_savepoints(one_connection: Database) -> None:
    with one_connection.establishment(NORTH) as session:
        with session.begin_nested():
            assert codes(session) == ["north-only"]
            with pytest.raises(ProgrammingError), session.begin_nested():
                session.execute(text("select * from nothing_here"))
            assert codes(session) == ["north-only"]
        assert codes(session) == ["north-only"]


def test_nothing_leaks_after_an_exception(one_connection: Database) -> None:
    pids = []

    def fail_after_a_write() -> None:
        with one_connection.establishment(NORTH) as session:
            pids.append(backend(session))
            session.add(Department(code="never", name="never"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_a_write()
    with one_connection.establishment(SOUTH) as session:
        assert [backend(session)] == pids
        assert codes(session) == ["south-only"]
    with one_connection.establishment(NORTH) as session:
        assert codes(session) == ["north-only"]


def test_a_bare_connection_may_do_nothing(one_connection: Database) -> None:
    with one_connection.engine.connect() as connection:
        for statement in (
            "select * from departments",
            "select * from est_1.departments",
            "select * from shared.users",
            "select * from shared.due",
        ):
            with pytest.raises(ProgrammingError):
                connection.execute(text(statement))
            connection.rollback()


def test_one_hospital_reading_the_others_table_is_an_error(one_connection: Database) -> None:
    with one_connection.establishment(NORTH) as session:
        other = establishment_schema(SOUTH)
        with pytest.raises(ProgrammingError, match="permission denied"):
            session.execute(text(f'select * from "{other}".departments'))


def test_the_service_reaches_no_establishments_rows(one_connection: Database) -> None:
    with one_connection.service() as session:
        with pytest.raises(NoEstablishment):
            _ = session.establishment_id
        with pytest.raises(ProgrammingError, match="permission denied"):
            session.execute(text("select * from est_1.departments"))


def test_shared_tables_show_an_establishment_its_own_rows_only(one_connection: Database) -> None:
    with one_connection.service() as session:
        session.add(Due(establishment_id=NORTH, delivery_id=1, due_at=text("now()")))
        session.add(Due(establishment_id=SOUTH, delivery_id=2, due_at=text("now()")))
    with one_connection.establishment(SOUTH) as session:
        assert session.scalars(select(Due.delivery_id)).all() == [2]
        assert session.scalars(select(Establishment.id)).all() == [SOUTH]
        with pytest.raises(ProgrammingError, match="row-level security"):
            session.execute(
                text("insert into shared.due values (:other, 3, now(), null)"), {"other": NORTH}
            )
    with one_connection.establishment(SOUTH) as session:
        session.execute(text("delete from shared.due"))
    with one_connection.service() as session:
        assert session.scalars(select(Due.delivery_id)).all() == [1]


def test_an_establishment_reads_no_users(one_connection: Database) -> None:
    with one_connection.establishment(NORTH) as session:
        for table in ("users", "memberships", "refresh_tokens", "devices"):
            with (
                pytest.raises(ProgrammingError, match="permission denied"),
                session.begin_nested(),
            ):
                session.execute(text(f"select * from shared.{table}"))


def test_history_is_only_added_to(one_connection: Database) -> None:
    with one_connection.establishment(NORTH) as session:
        for table in ("audit_entries", "delivery_events", "messages"):
            for statement in (f"delete from {table}", f"update {table} set id = id"):
                with (
                    pytest.raises(ProgrammingError, match="permission denied"),
                    session.begin_nested(),
                ):
                    session.execute(text(statement))


def test_threads_keep_their_own_establishment(empty: None) -> None:
    database = Database(service_engine(DatabaseSettings(DATABASE_POOL_SIZE=2)))
    wrong: list[object] = []

    def look(establishment: int, role: str) -> None:
        for _ in range(40):
            with database.establishment(establishment) as session:
                session.execute(text("select pg_sleep(0.001)"))
                current = session.scalar(text("select current_user"))
                schema = session.scalar(text("select current_schema()"))
                if current != role or schema != establishment_schema(establishment):
                    wrong.append((current, schema))

    threads = [
        threading.Thread(
            target=look, args=(number, establishment_role(database.installation, number))
        )
        for number in (NORTH, SOUTH) * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    database.dispose()
    assert wrong == []


@pytest.mark.parametrize(
    "hostile",
    ['1"; drop schema shared cascade; --', "1", "../2", "1 or 1=1", None, 1.0, True],
)
def test_names_are_made_of_numbers_only(hostile: Any) -> None:
    with pytest.raises(TypeError):
        establishment_schema(hostile)


@pytest.mark.parametrize("number", [0, -1, 2**31])
def test_numbers_are_positive_and_bounded(number: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        establishment_schema(number)


@pytest.mark.parametrize("hostile", ['ab"; --', "ABCDEF01", "123", "0123456789"])
def test_installation_ids_have_one_shape(hostile: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        establishment_role(hostile, 1)


def test_bound_parameters_stop_injection(one_connection: Database) -> None:
    hostile = "x'; set role none; select * from est_2.departments; --"
    with one_connection.establishment(NORTH) as session:
        assert session.scalars(select(Department).where(Department.code == hostile)).all() == []
        assert codes(session) == ["north-only"]
