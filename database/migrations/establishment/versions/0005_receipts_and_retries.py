"""a reminder's own window for receipts, and how often it is tried"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_COLUMNS = {
    "receipt_window_seconds": sa.Integer,
    "max_attempts": sa.Integer,
    "call_again_after": sa.Integer,
    "call_again_at_most": sa.Integer,
    "escalate": sa.Boolean,
}


def upgrade() -> None:
    for name, kind in _COLUMNS.items():
        op.add_column("reminders", sa.Column(name, kind(), nullable=True))


def downgrade() -> None:
    for name in reversed(_COLUMNS):
        op.drop_column("reminders", name)
