"""Straight to the driver, where a statement runs thousands of times a minute.

What SQLAlchemy does around one statement takes longer than a small statement takes PostgreSQL.
Both raise what SQLAlchemy would, without the parameters: they may be personal data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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


def copied_in(connection: Connection, statement: str, pieces: Iterable[str]) -> None:
    """Run a `COPY ... FROM STDIN` in the connection's transaction.

    `pieces`, whole rows each, are asked for one after the other while PostgreSQL stores what it has
    got already: what makes them takes no time of its own. What they raise is raised here, after the
    statement has ended with an error.
    """
    source = _Source(pieces)
    try:
        with _cursor(connection, statement) as cursor:
            cursor.copy_expert(statement, source)
    except DBAPIError:
        if source.broken is not None:
            raise source.broken from None
        raise


@contextmanager
def undone_on_error(connection: Connection) -> Iterator[None]:
    """Undo the statements inside, and only these, where something is raised, which passes through.

    The savepoint ends with the transaction, so there is one exchange instead of two, and nothing of
    the ORM is looked after: a tenth of the time of `begin_nested`. For statements alone.
    """
    carry_out(connection, "savepoint undone_on_error")
    try:
        yield
    except Exception:
        if not connection.invalidated:
            carry_out(connection, "rollback to savepoint undone_on_error")
        raise


class _Source:
    """What psycopg2 reads from. Of what goes wrong here it would tell as of a cancelled COPY."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces = iter(pieces)
        self.broken: Exception | None = None

    def read(self, _size: int) -> str:
        """The next piece, of whatever length; nothing at the end."""
        try:
            return next(self._pieces, "")
        except Exception as error:
            self.broken = error
            raise


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
