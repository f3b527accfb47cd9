"""tables of the service

Each revision works with the previous release's code: add as nullable, backfill, then tighten in a
later revision.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "encryption_keys",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("fingerprint", sa.String(length=16), nullable=False),
        sa.Column(
            "first_seen",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encryption_keys")),
        schema="shared",
    )
    op.create_table(
        "establishments",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("region", sa.String(length=2), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("languages", sa.ARRAY(sa.String(length=3)), nullable=False),
        sa.Column("quiet_start", sa.Time(), nullable=True),
        sa.Column("quiet_end", sa.Time(), nullable=True),
        sa.Column("daily_cap", sa.Integer(), nullable=False),
        sa.Column("validity_seconds", sa.Integer(), nullable=False),
        sa.Column(
            "anonymous_feedback", sa.Boolean(), server_default=sa.text("true"), nullable=False
        ),
        sa.Column("fold_french_sms", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(quiet_start is null) = (quiet_end is null)",
            name=op.f("ck_establishments_quiet_hours_whole"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_establishments")),
        sa.UniqueConstraint("slug", name=op.f("uq_establishments_slug")),
        schema="shared",
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
        schema="shared",
    )
    op.create_table(
        "processes",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_processes")),
        schema="shared",
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.LargeBinary(), nullable=False),
        sa.Column("email_index", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email_index", name=op.f("uq_users_email_index")),
        schema="shared",
    )
    op.create_table(
        "devices",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("establishment_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("code_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["establishment_id"],
            ["shared.establishments.id"],
            name=op.f("fk_devices_establishment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_devices_code_hash")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_devices_token_hash")),
        schema="shared",
    )
    op.create_index(
        op.f("ix_devices_establishment_id"),
        "devices",
        ["establishment_id"],
        unique=False,
        schema="shared",
    )
    op.create_table(
        "due",
        sa.Column("establishment_id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["establishment_id"],
            ["shared.establishments.id"],
            name=op.f("fk_due_establishment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("establishment_id", "delivery_id", name=op.f("pk_due")),
        schema="shared",
    )
    op.create_index(
        "ix_due_claimed",
        "due",
        ["establishment_id", "claimed_until"],
        unique=False,
        schema="shared",
        postgresql_where=sa.text("claimed_until is not null"),
    )
    op.create_index(
        "ix_due_unclaimed",
        "due",
        ["establishment_id", "due_at"],
        unique=False,
        schema="shared",
        postgresql_where=sa.text("claimed_until is null"),
    )
    op.create_table(
        "memberships",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("establishment_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.CheckConstraint(
            "role in ('admin', 'staff', 'viewer')", name=op.f("ck_memberships_role_known")
        ),
        sa.ForeignKeyConstraint(
            ["establishment_id"],
            ["shared.establishments.id"],
            name=op.f("fk_memberships_establishment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["shared.users.id"],
            name=op.f("fk_memberships_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "establishment_id", name=op.f("pk_memberships")),
        schema="shared",
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sign_in", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("establishment_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["establishment_id"],
            ["shared.establishments.id"],
            name=op.f("fk_refresh_tokens_establishment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["shared.users.id"],
            name=op.f("fk_refresh_tokens_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_refresh_tokens")),
        schema="shared",
    )
    op.create_index(
        op.f("ix_refresh_tokens_sign_in"),
        "refresh_tokens",
        ["sign_in"],
        unique=False,
        schema="shared",
    )
    op.create_index(
        op.f("ix_refresh_tokens_user_id"),
        "refresh_tokens",
        ["user_id"],
        unique=False,
        schema="shared",
    )
    op.create_table(
        "senders",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("establishment_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("can_receive", sa.Boolean(), nullable=False),
        sa.Column("gives_receipts", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint(
            "channel in ('sms', 'voice', 'email')", name=op.f("ck_senders_channel_known")
        ),
        sa.ForeignKeyConstraint(
            ["establishment_id"],
            ["shared.establishments.id"],
            name=op.f("fk_senders_establishment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_senders")),
        schema="shared",
    )
    op.create_index(
        op.f("ix_senders_establishment_id"),
        "senders",
        ["establishment_id"],
        unique=False,
        schema="shared",
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_senders_establishment_id"), table_name="senders", schema="shared")
    op.drop_table("senders", schema="shared")
    op.drop_index(op.f("ix_refresh_tokens_user_id"), table_name="refresh_tokens", schema="shared")
    op.drop_index(op.f("ix_refresh_tokens_sign_in"), table_name="refresh_tokens", schema="shared")
    op.drop_table("refresh_tokens", schema="shared")
    op.drop_table("memberships", schema="shared")
    op.drop_index(
        "ix_due_unclaimed",
        table_name="due",
        schema="shared",
        postgresql_where=sa.text("claimed_until is null"),
    )
    op.drop_index(
        "ix_due_claimed",
        table_name="due",
        schema="shared",
        postgresql_where=sa.text("claimed_until is not null"),
    )
    op.drop_table("due", schema="shared")
    op.drop_index(op.f("ix_devices_establishment_id"), table_name="devices", schema="shared")
    op.drop_table("devices", schema="shared")
    op.drop_table("users", schema="shared")
    op.drop_table("processes", schema="shared")
    op.drop_table("installation", schema="shared")
    op.drop_table("establishments", schema="shared")
    op.drop_table("encryption_keys", schema="shared")
