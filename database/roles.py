"""The roles and schemas that keep establishments apart.

Names are made here and nowhere else, from numbers and an installation id that match strict
patterns; they never come from a token or a client. Roles belong to the whole PostgreSQL cluster,
so their names carry the installation id and they are made under one lock of the cluster.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

SHARED_SCHEMA = "shared"
CLUSTER_LOCK = 0x43_4C_52_4F_4C_45  # "CLROLE"
GRANT_TRIES = 8

_INSTALLATION = re.compile(r"[0-9a-f]{8}")
# Since PostgreSQL 16 whoever makes a role is its member, but may not become it: that membership
# has SET false. (The column is read through JSON because older servers have none.)
_MAY_BECOME = text(
    """
    select 1 from pg_auth_members as membership
    where membership.roleid = (select oid from pg_roles where rolname = :role)
    and membership.member = (select oid from pg_roles where rolname = :member)
    and coalesce((to_jsonb(membership) ->> 'set_option')::boolean, true)
    limit 1
    """
)


def new_installation_id() -> str:
    """Eight hexadecimal digits that mark this installation's roles."""
    return secrets.token_hex(4)


def _prefix(installation: str) -> str:
    if not _INSTALLATION.fullmatch(installation):
        raise ValueError("an installation id is eight hexadecimal digits")
    return f"careloop_{installation}"


def nobody_role(installation: str) -> str:
    """The role of a connection that works for nobody: it may do nothing."""
    return f"{_prefix(installation)}_nobody"


def service_role(installation: str) -> str:
    """The role of the service itself: the schema `shared`, no establishment's rows."""
    return f"{_prefix(installation)}_service"


def establishment_role(installation: str, establishment_id: int) -> str:
    """The role of one establishment."""
    return f"{_prefix(installation)}_est_{_number(establishment_id)}"


def establishment_schema(establishment_id: int) -> str:
    """The schema of one establishment."""
    return f"est_{_number(establishment_id)}"


def _number(establishment_id: int) -> int:
    if isinstance(establishment_id, bool) or not isinstance(establishment_id, int):
        raise TypeError("an establishment is known by its number")
    if not 0 < establishment_id < 2**31:
        raise ValueError("an establishment's number is positive")
    return establishment_id


@contextmanager
def cluster_lock(engine: Engine) -> Iterator[None]:
    """Hold one lock for the whole cluster (advisory locks belong to a database).

    Taken in the maintenance database; where this login may not connect to it, `ensure_role`'s
    second tries carry the load alone.
    """
    maintenance = create_engine(engine.url.set(database="postgres"), poolclass=NullPool)
    try:
        connection = maintenance.connect()
    except OperationalError:
        yield
        return
    with connection:
        connection.execute(text("select pg_advisory_lock(:key)"), {"key": CLUSTER_LOCK})
        yield


def ensure_role(connection: Connection, role: str, members: list[str]) -> None:
    """Create `role` where it is missing and let `members` become it. May be repeated.

    Concurrent grants on one cluster can fail with "tuple concurrently updated": tried again.
    """
    for attempt in range(GRANT_TRIES):
        try:
            with connection.begin_nested():
                _create_and_grant(connection, role, members)
        except DBAPIError as error:
            if attempt == GRANT_TRIES - 1 or not _raced(error):
                raise
            time.sleep(0.05 * (attempt + 1))
        else:
            return


def _raced(error: DBAPIError) -> bool:
    code = getattr(error.orig, "pgcode", None)
    return code in ("42710", "23505") or "concurrently updated" in str(error.orig)


def _create_and_grant(connection: Connection, role: str, members: list[str]) -> None:
    known = connection.scalar(text("select 1 from pg_roles where rolname = :role"), {"role": role})
    if not known:
        connection.execute(text(f'create role "{role}" nologin noinherit'))
    for member in members:
        if not connection.scalar(_MAY_BECOME, {"role": role, "member": member}):
            quoted = _quoted(connection, member)
            connection.execute(text(f'grant "{role}" to {quoted}{_may_only_become(connection)}'))


def _may_only_become(connection: Connection) -> str:
    """A member becomes a role by SET ROLE; it never has the role's rights without that.

    Before PostgreSQL 16 a membership cannot say so, only the login's NOINHERIT can.
    """
    version = connection.dialect.server_version_info or (0,)
    return " with inherit false, set true" if version >= (16,) else ""


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)
