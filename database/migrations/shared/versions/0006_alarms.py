"""Alarms and their mails, their thresholds, and senders that a provider shut out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_THRESHOLDS = {
    "alarm_failing_share": (sa.Float(), "0.2"),
    "alarm_failing_count": (sa.Integer(), "10"),
    "alarm_window_seconds": (sa.Integer(), "3600"),
    "alarm_late_seconds": (sa.Integer(), "300"),
    "alarm_unknown_count": (sa.Integer(), "10"),
    "alarm_unknown_seconds": (sa.Integer(), "1800"),
}
_SUSPENSION = (
    ("suspended_at", sa.DateTime(timezone=True)),
    ("suspended_code", sa.String(length=24)),
    ("suspended_by", sa.String(length=8)),
    ("probe_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    for name, (kind, default) in _THRESHOLDS.items():
        op.add_column(
            "establishments",
            sa.Column(name, kind, server_default=sa.text(default), nullable=False),
            schema="shared",
        )
    op.create_check_constraint(
        op.f("ck_establishments_alarm_thresholds"),
        "establishments",
        "alarm_failing_share > 0 and alarm_failing_share <= 1"
        " and least(alarm_failing_count, alarm_window_seconds, alarm_late_seconds,"
        " alarm_unknown_count, alarm_unknown_seconds) > 0",
        schema="shared",
    )
    for name, kind in _SUSPENSION:
        op.add_column("senders", sa.Column(name, kind, nullable=True), schema="shared")
    op.add_column(
        "senders",
        sa.Column("probes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        schema="shared",
    )
    op.create_check_constraint(
        op.f("ck_senders_suspension_whole"),
        "senders",
        "(suspended_at is null) = (suspended_by is null)"
        " and (suspended_at is null) = (probe_at is null)",
        schema="shared",
    )
    _create_alarms()
    _create_alarm_mails()
    for table in ("alarms", "alarm_mails"):
        op.execute(f"alter table shared.{table} enable row level security")
        op.execute(
            f"create policy own_rows on shared.{table} using"
            " (establishment_id = (select shared.my_establishment())"
            " or (select shared.is_service()))"
        )


def _create_alarms() -> None:
    op.create_table(
        "alarms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("establishment_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("subject", sa.String(length=24), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        _moment("raised_at"),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        _establishment("fk_alarms_establishment_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
        schema="shared",
    )
    op.create_index(
        "uq_alarms_raised",
        "alarms",
        ["establishment_id", "kind", "subject"],
        unique=True,
        schema="shared",
        postgresql_where=sa.text("cleared_at is null"),
    )
    op.create_index(
        "ix_alarms_mailed",
        "alarms",
        ["establishment_id", "kind", "subject", "mailed_at"],
        schema="shared",
    )


def _create_alarm_mails() -> None:
    op.create_table(
        "alarm_mails",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("establishment_id", sa.Integer(), nullable=False),
        sa.Column("alarm_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        _moment("next_at"),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("code", sa.String(length=24), nullable=True),
        _moment("created_at"),
        sa.CheckConstraint(
            "status in ('waiting', 'sending', 'sent', 'refused', 'unknown', 'given_up')",
            name=op.f("ck_alarm_mails_status_known"),
        ),
        _establishment("fk_alarm_mails_establishment_id"),
        sa.ForeignKeyConstraint(
            ["alarm_id"],
            ["shared.alarms.id"],
            name=op.f("fk_alarm_mails_alarm_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["shared.users.id"],
            name=op.f("fk_alarm_mails_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_mails")),
        schema="shared",
    )
    op.create_index(
        "uq_alarm_mails_person",
        "alarm_mails",
        ["alarm_id", "user_id"],
        unique=True,
        schema="shared",
    )
    op.create_index(
        "ix_alarm_mails_pending",
        "alarm_mails",
        ["establishment_id", "next_at"],
        schema="shared",
        postgresql_where=sa.text("status in ('waiting', 'sending')"),
    )


def _moment(name: str) -> sa.Column[sa.DateTime]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def _establishment(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["establishment_id"], ["shared.establishments.id"], name=op.f(name), ondelete="CASCADE"
    )


def downgrade() -> None:
    op.drop_table("alarm_mails", schema="shared")
    op.drop_table("alarms", schema="shared")
    op.drop_constraint(op.f("ck_senders_suspension_whole"), "senders", schema="shared")
    for name in ("probes", *(name for name, _ in _SUSPENSION)):
        op.drop_column("senders", name, schema="shared")
    op.drop_constraint(
        op.f("ck_establishments_alarm_thresholds"), "establishments", schema="shared"
    )
    for name in _THRESHOLDS:
        op.drop_column("establishments", name, schema="shared")
