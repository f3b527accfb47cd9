"""Holidays; a cap that may be none; the rate of a sender, and the line that waits for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "holidays",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("establishment_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("every_year", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["establishment_id"],
            ["shared.establishments.id"],
            name=op.f("fk_holidays_establishment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holidays")),
        sa.UniqueConstraint(
            "establishment_id", "day", name=op.f("uq_holidays_establishment_id_day")
        ),
        schema="shared",
    )
    op.add_column(
        "establishments",
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        schema="shared",
    )
    op.alter_column("establishments", "daily_cap", nullable=True, schema="shared")
    op.execute("update shared.establishments set daily_cap = null where daily_cap < 1")
    op.create_check_constraint(
        op.f("ck_establishments_daily_cap_positive"),
        "establishments",
        "daily_cap > 0",
        schema="shared",
    )
    op.add_column(
        "senders", sa.Column("rate_per_second", sa.Float(), nullable=True), schema="shared"
    )
    op.add_column(
        "senders",
        sa.Column("line_opens_at", sa.DateTime(timezone=True), nullable=True),
        schema="shared",
    )
    op.create_check_constraint(
        op.f("ck_senders_rate_positive"), "senders", "rate_per_second > 0", schema="shared"
    )
    op.add_column("due", sa.Column("line", sa.Integer(), nullable=True), schema="shared")
    op.create_index(
        "ix_due_line",
        "due",
        ["line", "due_at", "delivery_id"],
        schema="shared",
        postgresql_where=sa.text("claimed_until = 'infinity'"),
    )


def downgrade() -> None:
    op.execute("update shared.due set claimed_until = null where claimed_until = 'infinity'")
    op.drop_index("ix_due_line", "due", schema="shared")
    op.drop_column("due", "line", schema="shared")
    op.drop_column("senders", "line_opens_at", schema="shared")
    op.drop_column("senders", "rate_per_second", schema="shared")
    op.drop_constraint("ck_establishments_daily_cap_positive", "establishments", schema="shared")
    op.execute("update shared.establishments set daily_cap = 4 where daily_cap is null")
    op.alter_column("establishments", "daily_cap", nullable=False, schema="shared")
    op.drop_column("establishments", "version", schema="shared")
    op.drop_table("holidays", schema="shared")
