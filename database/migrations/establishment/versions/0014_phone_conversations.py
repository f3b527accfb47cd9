"""phone conversations: turns of a call, and recordings that a provider keeps until we have them

Works with the previous release's code: every new column is empty or has a default.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def _moment(name: str, *, now: bool = False) -> sa.Column[sa.DateTime]:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not now)


def upgrade() -> None:
    op.alter_column("conversations", "address_id", nullable=True)
    op.add_column(
        "conversations", sa.Column("turn", sa.SmallInteger(), server_default="0", nullable=False)
    )
    op.add_column("conversations", sa.Column("remark", sa.String(length=16), nullable=True))
    op.add_column(
        "calls", sa.Column("recorded", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("calls", _moment("recordings_asked_at"))
    op.add_column("calls", _moment("heard_at"))
    op.create_index(
        "ix_calls_recordings_unasked",
        "calls",
        ["at"],
        postgresql_where=sa.text("recorded and recordings_asked_at is null"),
    )
    op.create_table(
        "call_recordings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=True),
        _moment("received_at", now=True),
        _moment("kept_at"),
        _moment("replaced_at"),
        _moment("fetched_at"),
        _moment("deleted_at"),
        sa.Column("problem", sa.String(length=24), nullable=True),
        sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False),
        _moment("next_at"),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_recordings_call_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_call_recordings_conversation_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_recordings")),
        sa.UniqueConstraint(
            "provider", "provider_id", name=op.f("uq_call_recordings_provider_provider_id")
        ),
        sa.UniqueConstraint("recording_id", name=op.f("uq_call_recordings_recording_id")),
    )
    for column in ("call_id", "conversation_id"):
        op.create_index(op.f(f"ix_call_recordings_{column}"), "call_recordings", [column])
    op.create_index(
        "ix_call_recordings_next_at",
        "call_recordings",
        ["next_at"],
        postgresql_where=sa.text("next_at is not null"),
    )


def downgrade() -> None:
    op.drop_table("call_recordings")
    op.drop_index("ix_calls_recordings_unasked", "calls")
    for column in ("heard_at", "recordings_asked_at", "recorded"):
        op.drop_column("calls", column)
    op.drop_column("conversations", "remark")
    op.drop_column("conversations", "turn")
    op.execute("delete from conversations where address_id is null")
    op.alter_column("conversations", "address_id", nullable=False)
