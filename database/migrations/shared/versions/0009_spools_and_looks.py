"""What processes hold in their spools, and how far each sender's inbound list was looked through.

Works with the previous release's code: every column has a default or may be empty.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column(
        "processes",
        sa.Column("spooled", sa.Integer(), server_default="0", nullable=False),
        schema="shared",
    )
    op.add_column(
        "processes",
        sa.Column("turned_away_at", sa.DateTime(timezone=True), nullable=True),
        schema="shared",
    )
    op.create_table(
        "inbound_looks",
        sa.Column("sender_id", sa.Integer(), nullable=False),
        sa.Column("complete_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sender_id", name=op.f("pk_inbound_looks")),
        sa.ForeignKeyConstraint(
            ["sender_id"],
            ["shared.senders.id"],
            name=op.f("fk_inbound_looks_sender_id"),
            ondelete="CASCADE",
        ),
        schema="shared",
    )


def downgrade() -> None:
    op.drop_table("inbound_looks", schema="shared")
    op.drop_column("processes", "turned_away_at", schema="shared")
    op.drop_column("processes", "spooled", schema="shared")
