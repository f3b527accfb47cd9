"""feedback captured offline: from which device, by a clock how far off"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("feedbacks", sa.Column("device_id", sa.Integer(), nullable=True))
    op.add_column("feedbacks", sa.Column("clock_offset", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("feedbacks", "clock_offset")
    op.drop_column("feedbacks", "device_id")
