"""Draw the installation id, and show each establishment's role its own rows only.

No role is named here: after a restore on a fresh cluster there are none yet. Policies ask which
role is current instead.
"""

from __future__ import annotations

from alembic import op

from database.roles import new_installation_id

revision = "0002"
down_revision = "0001"

# table -> column that says whose row it is
_OWN_ROWS = {"due": "establishment_id", "establishments": "id", "senders": "establishment_id"}


def upgrade() -> None:
    op.execute(f"insert into shared.installation (id) values ('{new_installation_id()}')")
    op.execute(
        """
        create function shared.my_establishment() returns integer
        language sql stable parallel safe set search_path = '' as
        $$ select substring(current_user from '^careloop_[0-9a-f]{8}_est_([0-9]+)$')::integer $$
        """
    )
    op.execute(
        """
        create function shared.is_service() returns boolean
        language sql stable parallel safe set search_path = '' as
        $$ select current_user ~ '^careloop_[0-9a-f]{8}_service$' $$
        """
    )
    for table, column in _OWN_ROWS.items():
        op.execute(f"alter table shared.{table} enable row level security")
        # The sub-selects are planned once a statement, not once a row.
        op.execute(
            f"create policy own_rows on shared.{table} using"
            f" ({column} = (select shared.my_establishment()) or (select shared.is_service()))"
        )


def downgrade() -> None:
    for table in _OWN_ROWS:
        op.execute(f"drop policy own_rows on shared.{table}")
        op.execute(f"alter table shared.{table} disable row level security")
    op.execute("drop function shared.is_service()")
    op.execute("drop function shared.my_establishment()")
    op.execute("delete from shared.installation")
