"""Alembic's entry: hands over to `database.migrate`, which knows both histories."""

from __future__ import annotations

from typing import Literal

from alembic import context

import models
from database import migrate
from database.types import SEALED_TYPES, Moment
from models.base import Base, SharedBase

_METADATA = {migrate.SHARED: SharedBase.metadata, migrate.ESTABLISHMENT: Base.metadata}
assert models.Base is Base  # the import above filled the metadata


def main() -> None:
    """Run what a person asked for; `upgrade head` means every schema."""
    history = context.config.get_main_option("history") or migrate.SHARED
    if context.is_offline_mode():
        raise SystemExit("SQL scripts are not offered: roles and schemas depend on the database")
    elif "upgrade" in _command_name() and history == migrate.SHARED:
        try:
            migrate.upgrade_everything(migrate.print_progress)
        except migrate.MigrationFailed as error:
            raise SystemExit(str(error)) from error
    else:
        migrate.with_reference_schema(history, run)


def _command_name() -> str:
    """The Alembic command being run, e.g. `upgrade`; empty when called from code."""
    options = context.config.cmd_opts
    command = getattr(options, "cmd", None)
    return command[0].__name__ if command else ""


def run(connection: migrate.Connection, history: str, schema: str) -> None:
    """Let Alembic compare, write or show one history against one schema."""
    context.configure(
        connection=connection,
        target_metadata=_METADATA[history],
        version_table=migrate.VERSION_TABLE,
        version_table_schema=schema,
        **migrate.comparison(history),
        render_item=_render_storage_type,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


def _render_storage_type(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write what is stored, not our Python types: a revision must outlive their renaming."""
    if kind == "type" and isinstance(item, SEALED_TYPES):
        return "sa.LargeBinary()"
    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    return False


main()
