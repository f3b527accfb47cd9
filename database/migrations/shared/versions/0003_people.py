"""Memberships can be ended; answers and audit entries about users and devices.

Users and devices live in `shared`: what is kept about a change to them is stored in the same
transaction, so it lives there too.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "memberships",
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        schema="shared",
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status_code", sa.SmallInteger(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency_keys")),
        schema="shared",
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        _moment("at"),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("row_id", sa.String(length=40), nullable=False),
        sa.Column("establishment_id", sa.Integer(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=True),
        sa.Column("after", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["establishment_id"],
            ["shared.establishments.id"],
            name=op.f("fk_audit_entries_establishment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
        schema="shared",
    )
    op.create_index(
        "ix_shared_audit_entries_row",
        "audit_entries",
        ["establishment_id", "kind", "row_id"],
        schema="shared",
    )


def _moment(name: str) -> sa.Column[sa.DateTime]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def downgrade() -> None:
    op.drop_table("audit_entries", schema="shared")
    op.drop_table("idempotency_keys", schema="shared")
    op.drop_column("memberships", "active", schema="shared")
