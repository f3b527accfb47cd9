"""A contact's own quiet hours; the attempts of one day to an address, counted by an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("contacts", sa.Column("quiet_start", sa.Time(), nullable=True))
    op.add_column("contacts", sa.Column("quiet_end", sa.Time(), nullable=True))
    op.create_check_constraint(
        op.f("ck_contacts_quiet_hours_whole"),
        "contacts",
        "(quiet_start is null) = (quiet_end is null)",
    )
    op.create_index(
        "ix_deliveries_address_id_attempted_at", "deliveries", ["address_id", "attempted_at"]
    )
    op.drop_index("ix_deliveries_address_id", "deliveries")


def downgrade() -> None:
    op.create_index("ix_deliveries_address_id", "deliveries", ["address_id"])
    op.drop_index("ix_deliveries_address_id_attempted_at", "deliveries")
    op.drop_constraint(op.f("ck_contacts_quiet_hours_whole"), "contacts")
    op.drop_column("contacts", "quiet_end")
    op.drop_column("contacts", "quiet_start")
