"""The one engine of a process. Every new connection steps down to a role that may do nothing."""

from __future__ import annotations

import select
import time
from typing import Any

import psycopg2
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.pool import NullPool

from config.settings import DatabaseSettings, Settings
from database.roles import nobody_role

DIRECT = "direct"
"""In a connection's `info`: true when it leads to one server process for as long as it lives."""
TRUSTED_SECONDS = 1.0
"""A connection that was in use so long ago at most is not asked whether it lives, if its server has
not said anything since: one that has gone says so, by closing it."""
_USED = "used"


class DatabaseNotReady(Exception):
    """PostgreSQL answers, but the schema `shared` is not there yet: `make migrate` makes it."""


class OwningLogin(DatabaseNotReady):
    """The service's login could undo what keeps establishments apart; the message says how."""


# What a login may be or have that lets it pass by the roles it steps down to.
_POWERS = """
    select word from pg_catalog.pg_roles as login, lateral (values
        (rolsuper, 'is a superuser'),
        (rolcreaterole, 'may make roles'),
        (rolbypassrls, 'passes by row-level security'),
        (rolreplication, 'may replicate'),
        (exists (
            select from pg_catalog.pg_database
            where datname = current_database() and pg_has_role(login.oid, datdba, 'member')
        ), 'owns the database'),
        (exists (
            select from pg_catalog.pg_namespace
            where (nspname = 'shared' or nspname ~ '^est_[0-9]+$')
            and pg_has_role(login.oid, nspowner, 'member')
        ), 'owns its schemas'),
        (exists (
            select from pg_catalog.pg_roles as ours
            where ours.rolname ~ '^careloop_[0-9a-f]{8}_(service|est_[0-9]+)$'
            and pg_has_role(login.oid, ours.oid, 'usage')
        ), 'inherits the rights of establishments (make it NOINHERIT)')
    ) as power (has, word)
    where login.rolname = session_user and has
"""


def refuse_owning_login(engine: Engine, settings: Settings) -> None:
    """In production, raise `OwningLogin` when the service's login is a superuser or an owner.

    Looks at once, and again at every new connection: a service that was started while PostgreSQL
    was away must not serve as owner later. Call it with the engine of `service_engine`, before
    the first request or job.
    """
    if not settings.production:
        return

    @event.listens_for(engine, "connect")
    def _look(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_POWERS)
            powers = [word for (word,) in cursor.fetchall()]
        connection.rollback()
        if powers:
            connection.close()
            raise OwningLogin(
                f"DATABASE_URL's login {', '.join(powers)}: give the service a login that owns"
                " nothing, and the owner's to DATABASE_OWNER_URL"
            )

    try:
        engine.connect().close()
    except OwningLogin:
        raise
    except (DBAPIError, DatabaseNotReady):
        return  # not there yet: looked at when it is


def service_engine(settings: DatabaseSettings) -> Engine:
    """The engine that serves. Make it after a fork, never before.

    Connections start as the installation's `nobody` role with an empty `search_path`; only a
    session opened for an establishment (or for the service itself) can do anything.
    """
    engine = create_engine(
        settings.url.get_secret_value(),
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=settings.pool_timeout,
        connect_args={
            "connect_timeout": settings.connect_timeout,
            # A server that vanished without a word is noticed within a minute, not in hours.
            "keepalives_idle": 20,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
        },
    )
    statement_timeout = str(settings.statement_timeout_ms)

    @event.listens_for(engine, "checkin")
    def _note_use(_connection: Any, record: Any) -> None:
        record.info[_USED] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _see_whether_it_lives(connection: Any, record: Any, _fairy: Any) -> None:
        """Asking costs as much as a small statement, and a worker has a transaction for every few
        deliveries."""
        if time.monotonic() - record.info.get(_USED, 0.0) < TRUSTED_SECONDS and _silent(connection):
            return
        try:
            engine.dialect.do_ping(connection)
        except psycopg2.Error as error:
            raise InvalidatePoolError from error  # the pool tries a new one

    @event.listens_for(engine, "connect")
    def _step_down(connection: Any, record: Any) -> None:
        connection.autocommit = True  # a SET inside a transaction would go with its rollback
        with connection.cursor() as cursor:
            cursor.execute(
                "select set_config('role', %s, false), set_config('search_path', '', false),"
                " set_config('statement_timeout', %s, false), set_config('timezone', 'UTC', false)",
                (nobody_role(_installation_id(cursor)), statement_timeout),
            )
            record.info[DIRECT] = _leads_to_one_server(connection, cursor)
        connection.autocommit = False

    return engine


def _silent(connection: Any) -> bool:
    """False when something came on an idle connection, its end included; that is not waited for."""
    socket = select.poll()
    socket.register(connection.fileno(), select.POLLIN | select.POLLPRI)
    return not socket.poll(0)  # closed by the other side or broken: told unasked


def _leads_to_one_server(connection: Any, cursor: Any) -> bool:
    """False behind a pooler: it makes up the process id that it tells its clients."""
    cursor.execute("select pg_backend_pid()")
    return bool(cursor.fetchone()[0] == connection.info.backend_pid)


def _installation_id(cursor: Any) -> str:
    try:
        cursor.execute("select id from shared.installation")
    except psycopg2.errors.UndefinedTable as error:
        raise DatabaseNotReady("the database is not migrated: run `make migrate`") from error
    except psycopg2.errors.InsufficientPrivilege as error:
        raise DatabaseNotReady(
            "this login was not granted the service's roles: run `make migrate` with"
            " DATABASE_OWNER_URL and DATABASE_URL both set"
        ) from error
    row = cursor.fetchone()
    if row is None:
        raise DatabaseNotReady("the database is not migrated: run `make migrate`")
    return str(row[0])


def owner_engine(settings: DatabaseSettings) -> Engine:
    """The engine that migrates: it does not step down and keeps no pool."""
    return create_engine(
        settings.owner_url.get_secret_value(),
        poolclass=NullPool,
        connect_args={"connect_timeout": settings.connect_timeout},
    )
