"""Campaigns, their recipients, and the reminders that came out of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "campaigns",
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("texts", sa.LargeBinary(), nullable=False),
        sa.Column("template", sa.String(length=40), nullable=True),
        sa.Column("channels", sa.ARRAY(sa.String(length=8)), nullable=True),
        sa.Column("filter", postgresql.JSONB(none_as_null=True), nullable=True),
        _moment("scheduled_time"),
        sa.Column("validity_seconds", sa.Integer(), nullable=False),
        sa.Column("rate_per_minute", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=9), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("most_waiting", sa.Integer(), nullable=False),
        _moment("valid_until"),
        _moment("next_slot"),
        _moment("expand_at"),
        sa.Column("created_by", sa.String(length=40), nullable=False),
        _moment("started_at"),
        _moment("ended_at"),
        _now("updated_at"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        _now("created_at"),
        sa.CheckConstraint(
            "status in ('draft', 'running', 'paused', 'done', 'cancelled')",
            name=op.f("ck_campaigns_status_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
    )
    op.create_index(
        "ix_campaigns_running",
        "campaigns",
        ["expand_at"],
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_table(
        "campaign_recipients",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_campaign_recipients_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("campaign_id", "position", name=op.f("pk_campaign_recipients")),
        sa.UniqueConstraint(
            "campaign_id", "contact_id", name=op.f("uq_campaign_recipients_campaign_id_contact_id")
        ),
    )
    op.add_column("reminders", sa.Column("campaign_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_reminders_campaign_id"), "reminders", "campaigns", ["campaign_id"], ["id"]
    )
    op.create_index(
        "uq_reminders_campaign_id_contact_id",
        "reminders",
        ["campaign_id", "contact_id"],
        unique=True,
        postgresql_where=sa.text("campaign_id is not null"),
    )
    op.create_index(
        "ix_reminders_campaign_open",
        "reminders",
        ["campaign_id"],
        postgresql_where=sa.text("campaign_id is not null and status = 'scheduled'"),
    )


def _moment(name: str) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _now(name: str) -> sa.Column[sa.DateTime]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def downgrade() -> None:
    op.drop_index("ix_reminders_campaign_open", table_name="reminders")
    op.drop_index("uq_reminders_campaign_id_contact_id", table_name="reminders")
    op.drop_constraint(op.f("fk_reminders_campaign_id"), "reminders", type_="foreignkey")
    op.drop_column("reminders", "campaign_id")
    op.drop_table("campaign_recipients")
    op.drop_index("ix_campaigns_running", table_name="campaigns")
    op.drop_table("campaigns")
