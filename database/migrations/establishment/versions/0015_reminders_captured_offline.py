"""Offline: reminders keep the device's time and how far its clock was off; feedback without a voice
touches one index less.

Works with the previous release's code: both columns may be empty.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


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


def downgrade() -> None:
    op.drop_index("uq_feedbacks_recording_id", table_name="feedbacks")
    op.create_unique_constraint("uq_feedbacks_recording_id", "feedbacks", ["recording_id"])
    op.drop_column("reminders", "clock_offset")
    op.drop_column("reminders", "recorded_at")
