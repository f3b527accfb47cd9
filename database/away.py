"""Whether an error says that PostgreSQL cannot be used just now, or that we made a mistake."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from database.engine import DatabaseNotReady

_DEADLOCK, _LOCK_TIMEOUT, _STATEMENT_TIMEOUT = "40P01", "55P03", "57014"
_SHUTTING_DOWN = {"57P01", "57P02", "57P03", "53300"}
COME_BACK = {_DEADLOCK, _LOCK_TIMEOUT, _STATEMENT_TIMEOUT} | _SHUTTING_DOWN
"""PostgreSQL's codes for "not now": the same again a little later may well succeed."""


def is_away(error: Exception) -> bool:
    """True when the same again a little later may well succeed."""
    if isinstance(error, (PoolTimeout, DatabaseNotReady)):
        return True
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "pgcode", None)
    return isinstance(error, OperationalError) or error.connection_invalidated or code in COME_BACK


def is_lost(error: Exception) -> bool:
    """True when nothing can be had of PostgreSQL, whoever asks: no connection, or none that lives.

    False when an answer came, such as that a table is locked or lacks a column: that is about what
    was asked.
    """
    if isinstance(error, (PoolTimeout, DatabaseNotReady)):
        return True
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "pgcode", None)
    unanswered = isinstance(error, (OperationalError, InterfaceError)) and code is None
    return unanswered or error.connection_invalidated or code in _SHUTTING_DOWN
