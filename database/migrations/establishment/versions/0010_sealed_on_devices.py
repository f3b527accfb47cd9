"""sealing keys: devices seal what waits on them for their establishment"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "sealing_keys",
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealing_keys")),
        sa.UniqueConstraint("key_id", name=op.f("uq_sealing_keys_key_id")),
    )
    op.add_column("uploads", sa.Column("sealed_for", sa.String(length=16), nullable=True))


def downgrade() -> None:
    op.drop_column("uploads", "sealed_for")
    op.drop_table("sealing_keys")
