"""Straight to the driver, where a statement runs thousands of times a minute.

What SQLAlchemy does around one statement takes longer than a small statement takes PostgreSQL.
Both raise what SQLAlchemy would, without the parameters: they may be personal data.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2.extras import NamedTupleCursor
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def carry_out(connection: Connection, statement: str, parameters: Any = None) -> None:
    """Run a statement in the connection's transaction; what it returns is not looked at."""
    with _cursor(connection, statement) as cursor:
        cursor.execute(statement, parameters)


def fetched(connection: Connection, statement: str, parameters: Any = None) -> list[Any]:
    """Run a statement in the connection's transaction; all its rows, as named tuples."""
    with _cursor(connection, statement, NamedTupleCursor) as cursor:
        cursor.execute(statement, parameters)
        rows: list[Any] = cursor.fetchall()
    return rows


@contextmanager
def _cursor(connection: Connection, statement: str, kind: Any = None) -> Iterator[Any]:
    raw: Any = connection.connection
    cursor = raw.cursor(cursor_factory=kind)
    try:
        yield cursor
    except psycopg2.Error as error:
        dialect: Any = connection.dialect
        lost: bool = dialect.is_disconnect(error, raw.dbapi_connection, cursor)
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement,
            None,
            error,
            psycopg2.Error,
            hide_parameters=True,
            connection_invalidated=lost,
            dialect=dialect,
        ) from error
    finally:
        cursor.close()
