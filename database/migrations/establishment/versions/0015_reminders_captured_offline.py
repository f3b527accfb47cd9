"""Reminders that staff captured offline keep the device's time and how far its clock was off.

Works with the previous release's code: both columns may be empty.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("reminders", sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("reminders", sa.Column("clock_offset", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("reminders", "clock_offset")
    op.drop_column("reminders", "recorded_at")
