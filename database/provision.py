"""Roles, schemas and grants: made by the owner, never by the login that serves.

Everything here may be repeated. After a restore on a fresh cluster, repeating it is what brings
the roles back (`python cli.py restore-roles`).
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, make_url, text

from config.settings import get_settings
from database.roles import (
    SHARED_SCHEMA,
    cluster_lock,
    ensure_role,
    establishment_role,
    establishment_schema,
    nobody_role,
    service_role,
)

# What an establishment's role may do in `shared`; row-level security shows it its own rows only.
_SHARED_FOR_ESTABLISHMENTS = {
    "due": "select, insert, update, delete",
    "establishments": "select",
    "holidays": "select",
    # Pacing, proving, suspending and lifting belong to the transaction that learns of it.
    # Administrators keep them; what a sender is (channel, address, provider) never changes.
    "senders": "select, insert, delete, update (active, line_opens_at, gives_receipts,"
    " suspended_at, suspended_code, suspended_by, probe_at, probes, label, can_receive,"
    " rate_per_second, priority, operators, credentials, retired_at, version)",
    "alarms": "select, insert, update",
    "alarm_mails": "select, insert, update",
}
# What an establishment's role may not do in its own schema: history is only added to.
_APPEND_ONLY = ("audit_entries", "delivery_events", "messages", "calls", "webhook_events")
# What becomes known of a message or a call only after it was stored; never what was said.
_NOTED_LATER = {
    "messages": "conversation_id, handled_at, tries",
    "calls": "conversation_id, status, answered_by, seconds, ended_at, heard_at, recorded,"
    " recordings_asked_at",
}


def installation_id(connection: Connection) -> str:
    """The id that the first migration drew."""
    return str(connection.scalar(text("select id from shared.installation")))


def establishment_ids(engine: Engine) -> list[int]:
    """The numbers of all establishments, in order."""
    with engine.connect() as connection:
        return list(connection.scalars(text("select id from shared.establishments order by id")))


def _members(connection: Connection) -> list[str]:
    """The logins that may become our roles: the owner, and the one that serves."""
    owner = str(connection.scalar(text("select current_user")))
    serving = make_url(get_settings().database.url.get_secret_value()).username
    return [owner] if serving in (None, owner) else [owner, str(serving)]


def make_shared_roles(engine: Engine) -> None:
    """Make the installation's `nobody` and `service` roles."""
    with cluster_lock(engine), engine.begin() as connection:
        installation, members = installation_id(connection), _members(connection)
        ensure_role(connection, nobody_role(installation), members)
        ensure_role(connection, service_role(installation), members)


def make_establishment_role(engine: Engine, establishment_id: int) -> None:
    """Make one establishment's role."""
    with cluster_lock(engine), engine.begin() as connection:
        role = establishment_role(installation_id(connection), establishment_id)
        ensure_role(connection, role, _members(connection))


def grant_shared(connection: Connection) -> None:
    """Give the service its schema, and everybody the one row that tells the role names."""
    installation = installation_id(connection)
    members = _members(connection)
    for role in (nobody_role(installation), service_role(installation)):
        ensure_role(connection, role, members)
    service = service_role(installation)
    for statement in (
        f"revoke all on schema {SHARED_SCHEMA} from public",
        f"grant usage on schema {SHARED_SCHEMA} to public",
        "grant select on shared.installation to public",
        f'grant select, insert, update, delete on all tables in schema shared to "{service}"',
        "revoke insert, update, delete on shared.installation, shared.alembic_version"
        f' from "{service}"',
        f'revoke update, delete on shared.audit_entries from "{service}"',
        f'grant usage on all sequences in schema shared to "{service}"',
    ):
        connection.execute(text(statement))


def grant_establishment(connection: Connection, establishment_id: int) -> None:
    """Give an establishment's role its own schema and the few shared tables that it needs."""
    role = establishment_role(installation_id(connection), establishment_id)
    schema = establishment_schema(establishment_id)
    for statement in (
        f'revoke all on schema "{schema}" from public',
        f'grant usage on schema "{schema}" to "{role}"',
        f'grant select, insert, update, delete on all tables in schema "{schema}" to "{role}"',
        f'revoke insert, update, delete on "{schema}".alembic_version from "{role}"',
        f'grant usage on all sequences in schema "{schema}" to "{role}"',
        f'grant usage on sequence shared.alarms_id_seq, shared.alarm_mails_id_seq to "{role}"',
        *(f'revoke update, delete on "{schema}".{table} from "{role}"' for table in _APPEND_ONLY),
        *(
            f'grant update ({columns}) on "{schema}".{table} to "{role}"'
            for table, columns in _NOTED_LATER.items()
        ),
        *(
            f'grant {rights} on shared.{table} to "{role}"'
            for table, rights in _SHARED_FOR_ESTABLISHMENTS.items()
        ),
    ):
        connection.execute(text(statement))


def restore_roles(engine: Engine) -> int:
    """Make every role and grant again; the number of establishments that have theirs."""
    make_shared_roles(engine)
    ids = establishment_ids(engine)
    with engine.begin() as connection:
        grant_shared(connection)
    for establishment_id in ids:
        make_establishment_role(engine, establishment_id)
        with engine.begin() as connection:
            grant_establishment(connection, establishment_id)
    return len(ids)
