"""replies: what patients answer to reminders, and where it leads

Works with the previous release's code: every new column is empty or has a default.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_LINKED = ("feedbacks", "tasks")

_FOUND_BY = ("contact_id", "feedback_id", "reminder_id")


def upgrade() -> None:
    op.add_column("addresses", sa.Column("language", sa.String(length=3), nullable=True))
    op.add_column("deliveries", sa.Column("reply", sa.String(length=12), nullable=True))
    op.add_column("deliveries", sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_deliveries_reply_known"), "deliveries", "reply in ('confirmed', 'reschedule')"
    )
    op.add_column(
        "messages", sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False)
    )
    for table in _LINKED:
        op.add_column(table, sa.Column("conversation_id", sa.BigInteger(), nullable=True))
        op.create_foreign_key(
            op.f(f"fk_{table}_conversation_id"), table, "conversations", ["conversation_id"], ["id"]
        )
    for column in _FOUND_BY:
        op.create_index(op.f(f"ix_conversations_{column}"), "conversations", [column])
    op.create_index(
        "ix_conversations_open",
        "conversations",
        ["last_at"],
        postgresql_where=sa.text("ended_at is null"),
    )


def downgrade() -> None:
    op.drop_index("ix_conversations_open", "conversations")
    for column in _FOUND_BY:
        op.drop_index(op.f(f"ix_conversations_{column}"), "conversations")
    for table in _LINKED:
        op.drop_column(table, "conversation_id")
    op.drop_column("messages", "tries")
    op.drop_column("deliveries", "replied_at")
    op.drop_column("deliveries", "reply")
    op.drop_column("addresses", "language")
