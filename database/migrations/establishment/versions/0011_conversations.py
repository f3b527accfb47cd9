"""conversations: what patients write and say, and what is replied to them

Works with the previous release's code: every new column is empty or has a default.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def _moment(name: str, *, now: bool = False) -> sa.Column[sa.DateTime]:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not now)


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("address_id", sa.BigInteger(), nullable=False),
        sa.Column("sender_id", sa.Integer(), nullable=True),
        sa.Column("flow", sa.String(length=24), nullable=False),
        sa.Column("step", sa.String(length=24), nullable=False),
        sa.Column("language", sa.String(length=3), nullable=True),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("feedback_id", sa.BigInteger(), nullable=True),
        sa.Column("reminder_id", sa.BigInteger(), nullable=True),
        sa.Column("questions", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column(
            "offered", sa.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False
        ),
        _moment("started_at", now=True),
        _moment("last_at", now=True),
        _moment("ended_at"),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.CheckConstraint(
            "channel in ('sms', 'whatsapp', 'voice')", name=op.f("ck_conversations_channel_known")
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_conversations_{column}")
            )
            for column, table in (
                ("address_id", "addresses"),
                ("contact_id", "contacts"),
                ("feedback_id", "feedbacks"),
                ("reminder_id", "reminders"),
            )
        ),
    )
    op.create_index(op.f("ix_conversations_address_id"), "conversations", ["address_id"])
    op.create_index(
        "uq_conversations_open",
        "conversations",
        ["address_id", "channel"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    _upgrade_messages()
    _upgrade_calls()
    op.add_column(
        "reminders",
        sa.Column("purpose", sa.String(length=8), server_default="reminder", nullable=False),
    )
    op.add_column("reminders", sa.Column("sender_id", sa.Integer(), nullable=True))
    op.add_column("reminders", sa.Column("conversation_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_reminders_conversation_id"),
        "reminders",
        "conversations",
        ["conversation_id"],
        ["id"],
    )
    op.create_check_constraint(
        op.f("ck_reminders_purpose_known"),
        "reminders",
        "purpose in ('reminder', 'reply', 'opt_out', 'answer')",
    )
    op.create_index(
        "ix_reminders_conversation_id",
        "reminders",
        ["conversation_id"],
        postgresql_where=sa.text("conversation_id is not null"),
    )


def _upgrade_messages() -> None:
    for column in (
        sa.Column("address_id", sa.BigInteger(), nullable=True),
        sa.Column("sender_id", sa.Integer(), nullable=True),
        sa.Column("conversation_id", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("media", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("opt_out_type", sa.String(length=8), nullable=True),
        _moment("handled_at"),
    ):
        op.add_column("messages", column)
    _lead_to("messages")
    op.create_index(op.f("ix_messages_conversation_id"), "messages", ["conversation_id"])
    op.create_index(
        "ix_messages_address_id",
        "messages",
        ["address_id", "id"],
        postgresql_where=sa.text("direction = 'in'"),
    )
    op.create_index(
        "ix_messages_unhandled",
        "messages",
        ["id"],
        postgresql_where=sa.text("direction = 'in' and handled_at is null"),
    )


def _upgrade_calls() -> None:
    for column in (
        sa.Column("address_id", sa.BigInteger(), nullable=True),
        sa.Column("sender_id", sa.Integer(), nullable=True),
        sa.Column("conversation_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=True),
        sa.Column("answered_by", sa.String(length=24), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=True),
        _moment("ended_at"),
    ):
        op.add_column("calls", column)
    _lead_to("calls")
    op.create_index(op.f("ix_calls_address_id"), "calls", ["address_id"])
    op.create_index(op.f("ix_calls_conversation_id"), "calls", ["conversation_id"])


def _lead_to(table: str) -> None:
    for column, other in (("address_id", "addresses"), ("conversation_id", "conversations")):
        op.create_foreign_key(op.f(f"fk_{table}_{column}"), table, other, [column], ["id"])


def downgrade() -> None:
    for column in ("conversation_id", "sender_id", "purpose"):
        op.drop_column("reminders", column)
    for column in ("answered_by", "conversation_id", "ended_at", "seconds", "sender_id", "status"):
        op.drop_column("calls", column)
    op.drop_column("calls", "address_id")
    for column in (
        "handled_at", "opt_out_type", "media", "body", "conversation_id", "sender_id", "address_id",
    ):  # fmt: skip
        op.drop_column("messages", column)
    op.drop_table("conversations")
