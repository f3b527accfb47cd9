"""Which sender a delivery went out from; languages switched on; codes for phoning in a phrase.

Works with the previous release's code: nothing that was there is asked for more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    for table in ("deliveries", "delivery_events"):
        op.add_column(table, sa.Column("sender_id", sa.Integer(), nullable=True))
    op.create_table(
        "flow_languages",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("flow", sa.String(24), nullable=False),
        sa.Column("language", sa.String(3), nullable=False),
        sa.Column("switched_by", sa.String(40), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_languages")),
        sa.UniqueConstraint("flow", "language", name=op.f("uq_flow_languages_flow_language")),
    )
    op.create_table(
        "phrase_codes",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("key", sa.String(60), nullable=False),
        sa.Column("language", sa.String(3), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.String(40), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phrase_codes")),
    )
    op.create_index(
        "uq_phrase_codes_open",
        "phrase_codes",
        ["code_hash"],
        unique=True,
        postgresql_where=sa.text("used_at is null"),
    )


def downgrade() -> None:
    op.drop_table("phrase_codes")
    op.drop_table("flow_languages")
    for table in ("delivery_events", "deliveries"):
        op.drop_column(table, "sender_id")
