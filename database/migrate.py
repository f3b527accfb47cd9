"""Migrations: the shared schema, then every establishment's, each in one transaction.

Each schema has a version table of its own and an advisory lock, so that two migrations at once
wait for each other, and one that was cut goes on where it stopped. A schema that fails is
reported and stops nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from config.settings import get_settings
from database import provision
from database.engine import owner_engine
from database.roles import SHARED_SCHEMA, establishment_schema

__all__ = ["Connection", "MigrationReport", "upgrade_everything"]

SHARED = "shared"
ESTABLISHMENT = "establishment"
VERSION_TABLE = "alembic_version"
LOCK_TIMEOUT = "10s"
MIGRATION_LOCK = 0x43_4C_4D_49_47  # "CLMIG"; with the schema's hash it is one lock a schema
_INI = Path(__file__).resolve().parent.parent / "alembic.ini"

Progress = Callable[[int, int, str], None]
"""Called with schemas done, schemas in all, and the schema just done."""


@dataclass
class MigrationReport:
    """What a run did: schemas that are at head now, and those that failed with their reason."""

    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


class MigrationFailed(Exception):
    """At least one schema could not be migrated, the others were; or none may be."""


def print_progress(done: int, total: int, schema: str, to: TextIO | None = None) -> None:
    """One line for each schema."""
    print(f"migrated {schema} ({done}/{total})", file=to or sys.stdout, flush=True)


def upgrade_everything(progress: Progress | None = None) -> MigrationReport:
    """Bring `shared` and every establishment to the newest revision; raises `MigrationFailed`."""
    engine = owner_engine(get_settings().database)
    _must_be_unicode(engine)
    report = MigrationReport()
    _upgrade(engine, SHARED, SHARED_SCHEMA, provision.grant_shared)
    report.done.append(SHARED_SCHEMA)
    establishments = provision.establishment_ids(engine)
    for establishment_id in establishments:
        schema = establishment_schema(establishment_id)
        try:
            upgrade_establishment(engine, establishment_id)
        except SQLAlchemyError as error:
            report.failed[schema] = str(getattr(error, "orig", error)).strip().splitlines()[0]
        else:
            report.done.append(schema)
        if progress:
            progress(len(report.done), len(establishments) + 1, schema)
    if report.failed:
        reasons = "; ".join(f"{schema}: {why}" for schema, why in report.failed.items())
        raise MigrationFailed(f"{len(report.failed)} schema(s) not migrated: {reasons}")
    return report


def _must_be_unicode(engine: Engine) -> None:
    """Raise `MigrationFailed` where the database cannot hold what people write.

    That is what `createdb` makes on a server that was set up without a locale.
    """
    with engine.connect() as connection:
        encoding = connection.scalar(text("select getdatabaseencoding()"))
    if encoding != "UTF8":
        raise MigrationFailed(
            f"the database's encoding is {encoding}, it must be UTF8:"
            " createdb --encoding=UTF8 --locale=C.UTF-8 --template=template0 NAME"
        )


def upgrade_establishment(engine: Engine, establishment_id: int) -> None:
    """Make or upgrade one establishment's schema, with its role and grants."""
    provision.make_establishment_role(engine, establishment_id)
    _upgrade(
        engine,
        ESTABLISHMENT,
        establishment_schema(establishment_id),
        lambda connection: provision.grant_establishment(connection, establishment_id),
    )


def _upgrade(
    engine: Engine, history: str, schema: str, grants: Callable[[Connection], None]
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("select set_config('lock_timeout', :timeout, true)"), {"timeout": LOCK_TIMEOUT}
        )
        connection.execute(
            text("select pg_advisory_xact_lock(:space, hashtext(:schema))"),
            {"space": MIGRATION_LOCK % 2**31, "schema": schema},
        )
        connection.execute(text(f'create schema if not exists "{schema}"'))
        connection.execute(
            text("select set_config('search_path', :schema, true)"), {"schema": f'"{schema}"'}
        )
        _run_pending(connection, history, schema)
        grants(connection)


def _run_pending(connection: Connection, history: str, schema: str) -> None:
    """What `alembic upgrade head` does, without its global context, which does not nest."""
    config = Config(_INI, ini_section="alembic" if history == SHARED else history)
    script = ScriptDirectory.from_config(config)
    context = MigrationContext.configure(
        connection,
        opts={
            "fn": lambda revision, _context: script._upgrade_revs("head", revision),
            "version_table": VERSION_TABLE,
            "version_table_schema": schema,
        },
    )
    with Operations.context(context):
        context.run_migrations()


def comparison(history: str) -> dict[str, Any]:
    """How Alembic compares one history's tables with the models: with no others, none left out.

    Tables of an establishment have no schema in the models, and so none here (`None`): the
    `search_path` decides.
    """
    compared = SHARED_SCHEMA if history == SHARED else None
    return {
        "compare_type": True,
        "include_schemas": history == SHARED,
        "include_name": lambda name, kind, _parents: kind != "schema" or name == compared,
        "include_object": lambda _object, name, kind, _reflected, _to: (
            (kind, name) != ("table", VERSION_TABLE)
        ),
    }


def with_reference_schema(history: str, run: Callable[[Connection, str, str], None]) -> None:
    """Run a person's command (`revision`, `check`, `current`) against a schema of that history.

    For the establishments' history that is the first establishment's schema.
    """
    engine = owner_engine(get_settings().database)
    schema = SHARED_SCHEMA
    if history == ESTABLISHMENT:
        ids = provision.establishment_ids(engine)
        if not ids:
            raise SystemExit("there is no establishment yet: `python cli.py prepare` makes one")
        schema = establishment_schema(ids[0])
    with engine.begin() as connection:
        connection.execute(text(f'create schema if not exists "{schema}"'))
        connection.execute(
            text("select set_config('search_path', :schema, true)"), {"schema": f'"{schema}"'}
        )
        run(connection, history, schema)
