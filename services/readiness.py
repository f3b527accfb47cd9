"""What must be true before a process serves: its database login and its keys are the right ones."""

from __future__ import annotations

import re
from weakref import WeakSet

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from config.settings import Settings
from database.engine import DatabaseNotReady, OwningLogin, refuse_owning_login
from database.session import Database
from services.keys import KeyProblem, register_keys


class NotFit(Exception):
    """This process must not serve; the message says why and what to do."""


class NotYet(Exception):
    """PostgreSQL is away, or not migrated; the message says why, without any credentials."""


# Engines whose every new connection is looked at already.
_guarded: WeakSet[Engine] = WeakSet()
# A password with an unescaped @ is taken for a part of the host's name, and quoted as such.
_BEFORE_AT = re.compile(r'[^\s"]*@')


def make_ready(database: Database, settings: Settings) -> None:
    """Check login and keys. Raises `NotFit`, and `NotYet` when it must be done again later."""
    try:
        if database.engine not in _guarded:
            _guarded.add(database.engine)
            refuse_owning_login(database.engine, settings)
        register_keys(database, settings.privacy)
    except (OwningLogin, KeyProblem) as error:
        raise NotFit(str(error)) from error
    except (DBAPIError, PoolTimeout, DatabaseNotReady) as error:
        password = make_url(settings.database.url.get_secret_value()).password
        raise NotYet(in_one_line(error, password)) from error


def in_one_line(error: Exception, password: str | None) -> str:
    """An error's class and first line, without a password and whatever stands before an @."""
    cause = getattr(error, "orig", None) or error
    line = str(cause).strip().partition("\n")[0]
    if password:
        line = line.replace(password, "[password]")
    return f"{type(cause).__name__}: {_BEFORE_AT.sub('[login]@', line)}"
