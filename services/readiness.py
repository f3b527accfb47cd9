"""What must be true before a process serves: its database login and its keys are the right ones."""

from __future__ import annotations

from weakref import WeakSet

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from config.settings import Settings
from database.engine import DatabaseNotReady, OwningLogin, refuse_owning_login
from database.session import Database
from services.keys import KeyProblem, register_keys


class NotFit(Exception):
    """This process must not serve; the message says why and what to do."""


# Engines whose every new connection is looked at already.
_guarded: WeakSet[Engine] = WeakSet()


def make_ready(database: Database, settings: Settings) -> bool:
    """Check login and keys; False when PostgreSQL is away, so that it must be done again.

    Raises `NotFit`.
    """
    try:
        if database.engine not in _guarded:
            _guarded.add(database.engine)
            refuse_owning_login(database.engine, settings)
        register_keys(database, settings.privacy)
    except (OwningLogin, KeyProblem) as error:
        raise NotFit(str(error)) from error
    except (DBAPIError, PoolTimeout, DatabaseNotReady):
        return False
    return True
