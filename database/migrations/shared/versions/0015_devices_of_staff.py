"""A device may be in the hands of staff: then it hands in reminders, too.

Works with the previous release's code: the column has a default.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0012"


def upgrade() -> None:
    op.add_column(
        "devices",
        sa.Column("for_staff", sa.Boolean(), server_default=sa.false(), nullable=False),
        schema="shared",
    )


def downgrade() -> None:
    op.drop_column("devices", "for_staff", schema="shared")
