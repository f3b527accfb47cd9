"""Several senders on one channel: their order, their operators, credentials of their own.

Works with the previous release's code: every column has a default or may be empty.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_COLUMNS = (
    sa.Column("priority", sa.SmallInteger(), server_default="10", nullable=False),
    sa.Column("operators", sa.ARRAY(sa.String(16)), server_default="{}", nullable=False),
    sa.Column("label", sa.String(80), nullable=True),
    sa.Column("credentials", sa.LargeBinary(), nullable=True),
    sa.Column("version", sa.Integer(), server_default="1", nullable=False),
)


def upgrade() -> None:
    for column in _COLUMNS:
        op.add_column("senders", column, schema="shared")
    _channels("'sms', 'voice', 'email', 'whatsapp'")
    op.add_column(
        "establishments",
        sa.Column("ask_one_way", sa.String(8), server_default="refuse", nullable=False),
        schema="shared",
    )
    op.create_check_constraint(
        op.f("ck_establishments_ask_one_way_known"),
        "establishments",
        "ask_one_way in ('refuse', 'drop')",
        schema="shared",
    )


def downgrade() -> None:
    op.drop_constraint(
        op.f("ck_establishments_ask_one_way_known"), "establishments", schema="shared"
    )
    op.drop_column("establishments", "ask_one_way", schema="shared")
    op.execute("delete from shared.senders where channel = 'whatsapp'")
    _channels("'sms', 'voice', 'email'")
    for column in _COLUMNS:
        op.drop_column("senders", column.name, schema="shared")


def _channels(known: str) -> None:
    name = op.f("ck_senders_channel_known")
    op.drop_constraint(name, "senders", schema="shared")
    op.create_check_constraint(name, "senders", f"channel in ({known})", schema="shared")
