"""Fixtures that several folders of tests share."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from redis import Redis
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import OperationalError

from models.user import Membership, User

NORTH, SOUTH = 1, 2

# TRUNCATE makes some three hundred new files each time: a tenth of a second, before most tests.
# Rows are deleted instead, and only what has grown is truncated. Without foreign keys (`replica`)
# the order does not matter; who may not set that gets the slow way.
_EMPTY = """
do $$
declare
    one record;
    quick boolean := current_setting('is_superuser')::boolean;
begin
    if quick then
        perform set_config('session_replication_role', 'replica', true);
    end if;
    for one in
        select format('%I.%I', schemaname, tablename) as name from pg_tables
        where tablename <> 'alembic_version' and (
            schemaname like 'est\\_%' or schemaname = 'shared' and tablename in
            ('due', 'refresh_tokens', 'devices', 'links', 'processes', 'encryption_keys',
             'audit_entries', 'idempotency_keys', 'holidays', 'alarms', 'alarm_mails')
        )
    loop
        if quick and pg_relation_size(one.name::regclass) < 1000000 then
            execute 'delete from ' || one.name;
        else
            execute 'truncate ' || one.name || ' cascade';
        end if;
    end loop;
    for one in
        select format('%I.%I', schemaname, sequencename) as name, start_value from pg_sequences
        where last_value is not null and (
            schemaname like 'est\\_%' or schemaname = 'shared' and sequencename in
            ('devices_id_seq', 'links_id_seq', 'audit_entries_id_seq', 'holidays_id_seq',
             'alarms_id_seq', 'alarm_mails_id_seq')
        )
    loop
        perform setval(one.name::regclass, one.start_value, false);
    end loop;
    update shared.senders set active = true, suspended_at = null, suspended_code = null,
        suspended_by = null, probe_at = null, probes = 0, retired_at = null
    where suspended_at is not null or not active;
end $$
"""


@pytest.fixture(scope="session")
def owner() -> Iterator[Any]:
    """The engine of the database's owner, for looking behind the service's back.

    Its connections stay: each test begins with one, and a fresh one has a process of PostgreSQL to
    start, a password to prove and every table to learn of, 30 ms of computing.
    """
    from config.settings import get_settings

    url = get_settings().database.owner_url.get_secret_value()
    engine = create_engine(url, pool_pre_ping=True)  # some tests cut every connection
    yield engine
    engine.dispose()


@pytest.fixture
def empty(owner: Any, redis: Redis) -> None:
    """Start from empty tables: what tests stored here was committed for real."""
    redis.flushdb()
    _truncate(owner)


def _truncate(owner: Any, tries: int = 5) -> None:
    """What the application does beside the tests (a heartbeat, a look) may stand in the way."""
    for tries_left in reversed(range(tries)):
        try:
            with owner.begin() as connection:
                connection.execute(text(_EMPTY))
        except OperationalError as error:
            if tries_left and isinstance(error.orig, psycopg2.errors.DeadlockDetected):
                continue
            raise
        return


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    """This process's own Redis database."""
    from config.settings import get_settings
    from workers.queue import connect

    connection = connect(get_settings().redis)
    yield connection
    connection.close()


@pytest.fixture
def database(empty: None) -> Any:
    """Sessions as the service opens them; jobs go to the real queue."""
    from workers.context import get_context

    return get_context().database


@pytest.fixture(scope="session")
def _client() -> Iterator[Any]:
    """The application, started once for all tests of this process."""
    from fastapi.testclient import TestClient

    from main import app

    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client(_client: Any, empty: None) -> Any:
    """The application over HTTP, without a token, on empty tables."""
    state = _client.app.state.careloop
    state.directory.forget()
    state.authenticator.forget()
    return _client


@pytest.fixture
def log_in(client: Any) -> Callable[[str], dict[str, str]]:
    """Signs somebody in, by the beginning of their address, e.g. `staff@north`.

    As somebody who comes from another establishment, without asking for the password: checking
    one costs a tenth of a second by design, and this is asked for a thousand times a run. That
    the right password is needed is for the tests of signing in.
    """
    from services.people import auth

    state = client.app.state.careloop

    def headers(who: str) -> dict[str, str]:
        with state.database.service() as session:
            member = session.scalars(
                select(Membership)
                .join(User, User.id == Membership.user_id)
                .where(
                    User.email_index == auth.email_index(f"{who}.example"),
                    User.active,
                    Membership.active,
                )
                .order_by(Membership.establishment_id)
            ).first()
            assert member is not None, who
            grant = auth.switch(
                session, state.signer, member.user_id, uuid4(), member.establishment_id
            )
        return {"Authorization": f"Bearer {grant.access_token}"}

    return headers


@pytest.fixture
def staff(log_in: Callable[[str], dict[str, str]]) -> dict[str, str]:
    """The headers of a member of staff of the northern hospital."""
    return log_in("staff@north")


@pytest.fixture
def no_database(client: Any) -> Callable[..., Any]:
    """PostgreSQL turns everybody away, for a while."""
    from tests.conftest import execute
    from workers.context import get_context

    engine = client.app.state.careloop.database.engine
    name = engine.url.database

    @contextlib.contextmanager
    def away() -> Iterator[None]:
        server = os.environ["CARELOOP_TEST_SERVER"]
        ours = f"pg_stat_activity where datname = '{name}'"
        execute(
            server,
            f'alter database "{name}" allow_connections false',
            f"select pg_terminate_backend(pid) from {ours}",
        )
        try:
            yield
        finally:
            execute(server, f'alter database "{name}" allow_connections true')
            engine.dispose()
            get_context().database.engine.dispose()

    return away


@contextlib.contextmanager
def owned(owner: Any, establishment_id: int = NORTH) -> Iterator[Any]:
    """A connection of the owner that looks into one establishment's schema."""
    with owner.begin() as connection:
        connection.execute(
            text("select set_config('search_path', :schema, true)"),
            {"schema": f"est_{establishment_id}"},
        )
        yield connection
