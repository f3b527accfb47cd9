"""inbound: who wrote where that is no number, and addresses that bounced

Works with the previous release's code: every new column is empty.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("messages", sa.Column("written_from", sa.LargeBinary(), nullable=True))
    op.add_column("addresses", sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("addresses", "bounced_at")
    op.drop_column("messages", "written_from")
