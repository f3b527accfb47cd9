"""Relative reminders, what was left out, and what a delivery said before a change.

Each revision works with the previous release's code: every new column has a default or may be
empty. The unique constraint of deliveries only becomes wider.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("reminders", sa.Column("event_time", sa.DateTime(timezone=True)))
    op.add_column("reminders", sa.Column("before", sa.ARRAY(sa.Integer())))
    op.add_column(
        "reminders",
        sa.Column("event_margin_seconds", sa.Integer(), server_default="0", nullable=False),
    )
    op.add_column("reminders", sa.Column("cancelled_at", sa.DateTime(timezone=True)))
    op.execute("update reminders set cancelled_at = updated_at where status = 'cancelled'")
    op.create_check_constraint(
        op.f("ck_reminders_event_whole"), "reminders", "(event_time is null) = (before is null)"
    )
    op.create_check_constraint(
        op.f("ck_reminders_one_kind_of_repeating"),
        "reminders",
        "rrule is null or event_time is null",
    )
    op.create_index(
        "ix_reminders_series", "reminders", ["id"], postgresql_where=sa.text("rrule is not null")
    )
    op.add_column(
        "deliveries", sa.Column("before_seconds", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("deliveries", sa.Column("message", sa.LargeBinary()))
    op.create_unique_constraint(
        op.f("uq_deliveries_reminder_id_occurrence_before_seconds_channel"),
        "deliveries",
        ["reminder_id", "occurrence", "before_seconds", "channel"],
    )
    op.drop_constraint(op.f("uq_deliveries_reminder_id_occurrence_channel"), "deliveries")
    op.create_table(
        "omissions",
        sa.Column("reminder_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=12), nullable=False),
        sa.Column("first", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "reason in ('skipped', 'missed', 'past', 'merged', 'quiet_hours', 'holiday')",
            name=op.f("ck_omissions_reason_known"),
        ),
        sa.ForeignKeyConstraint(
            ["reminder_id"], ["reminders.id"], name=op.f("fk_omissions_reminder_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_omissions")),
        sa.UniqueConstraint("reminder_id", "first", name=op.f("uq_omissions_reminder_id_first")),
    )


def downgrade() -> None:
    op.drop_table("omissions")
    op.create_unique_constraint(
        op.f("uq_deliveries_reminder_id_occurrence_channel"),
        "deliveries",
        ["reminder_id", "occurrence", "channel"],
    )
    op.drop_constraint(
        op.f("uq_deliveries_reminder_id_occurrence_before_seconds_channel"), "deliveries"
    )
    op.drop_column("deliveries", "message")
    op.drop_column("deliveries", "before_seconds")
    op.drop_index("ix_reminders_series", "reminders")
    op.drop_constraint(op.f("ck_reminders_one_kind_of_repeating"), "reminders")
    op.drop_constraint(op.f("ck_reminders_event_whole"), "reminders")
    op.drop_column("reminders", "cancelled_at")
    op.drop_column("reminders", "event_margin_seconds")
    op.drop_column("reminders", "before")
    op.drop_column("reminders", "event_time")
