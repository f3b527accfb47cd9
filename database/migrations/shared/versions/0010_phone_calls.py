"""What an establishment does with calls that come in, and what it says to answering machines.

Works with the previous release's code: every column has a default.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    for column in (
        sa.Column("inbound_calls", sa.String(9), server_default="answer", nullable=False),
        sa.Column("call_backs_per_hour", sa.Integer(), server_default="60", nullable=False),
        sa.Column("answering_machines", sa.String(8), server_default="message", nullable=False),
    ):
        op.add_column("establishments", column, schema="shared")
    op.create_check_constraint(
        op.f("ck_establishments_phone_choices"),
        "establishments",
        "inbound_calls in ('answer', 'call_back') and call_backs_per_hour > 0"
        " and answering_machines in ('message', 'nothing')",
        schema="shared",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_establishments_phone_choices"), "establishments", schema="shared")
    for column in ("answering_machines", "call_backs_per_hour", "inbound_calls"):
        op.drop_column("establishments", column, schema="shared")
