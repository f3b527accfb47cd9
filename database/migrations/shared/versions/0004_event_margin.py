"""How long before its event a relative reminder is no longer worth sending.

Works with the previous release's code: the column has a default.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column(
        "establishments",
        sa.Column("event_margin_seconds", sa.Integer(), server_default="2700", nullable=False),
        schema="shared",
    )


def downgrade() -> None:
    op.drop_column("establishments", "event_margin_seconds", schema="shared")
