"""hints of change: which kind of row of which establishment, and its number; nothing else

The staff console's open pages hear of it (`LISTEN careloop_changes`) and ask again.
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute(
        """
        create function shared.announce() returns trigger language plpgsql as $$
        declare
            place text := substr(tg_table_schema, length('est_') + 1);
            number text := '';
        begin
            if tg_level = 'ROW' then
                number := new.id;
            end if;
            perform pg_notify('careloop_changes', concat_ws(':', place, tg_argv[0], number));
            return null;
        end
        $$
        """
    )


def downgrade() -> None:
    op.execute("drop function shared.announce()")
