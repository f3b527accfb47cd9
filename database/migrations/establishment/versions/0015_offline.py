"""Offline: reminders keep the device's time and how far its clock was off; feedback touches fewer
indexes when it comes in, for those of what it mostly has not hold only what is there.

Works with the previous release's code: both columns may be empty.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("reminders", sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("reminders", sa.Column("clock_offset", sa.BigInteger(), nullable=True))
    op.drop_constraint("uq_feedbacks_recording_id", "feedbacks", type_="unique")
    op.create_index(
        "uq_feedbacks_recording_id",
        "feedbacks",
        ["recording_id"],
        unique=True,
        postgresql_where=sa.text("recording_id is not null"),
    )
    op.drop_index("ix_feedbacks_department_id", table_name="feedbacks")
    op.create_index(
        "ix_feedbacks_department_id",
        "feedbacks",
        ["department_id"],
        postgresql_where=sa.text("department_id is not null"),
    )


def downgrade() -> None:
    op.drop_index("ix_feedbacks_department_id", table_name="feedbacks")
    op.create_index("ix_feedbacks_department_id", "feedbacks", ["department_id"])
    op.drop_index("uq_feedbacks_recording_id", table_name="feedbacks")
    op.create_unique_constraint("uq_feedbacks_recording_id", "feedbacks", ["recording_id"])
    op.drop_column("reminders", "clock_offset")
    op.drop_column("reminders", "recorded_at")
