"""Voice that patients attach to a message: fetched, stored sealed, deleted at the provider.

Works with the previous release's code: a table that it does not know.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0023"


def _moment(name: str, *, now: bool = False) -> sa.Column[sa.DateTime]:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not now)


def upgrade() -> None:
    op.create_table(
        "voice_messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        _moment("received_at", now=True),
        _moment("fetched_at"),
        _moment("deleted_at"),
        sa.Column("problem", sa.String(length=24), nullable=True),
        sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False),
        _moment("next_at"),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_voice_messages_message_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voice_messages")),
        sa.UniqueConstraint(
            "provider", "provider_id", name=op.f("uq_voice_messages_provider_provider_id")
        ),
        sa.UniqueConstraint("recording_id", name=op.f("uq_voice_messages_recording_id")),
    )
    op.create_index("ix_voice_messages_message_id", "voice_messages", ["message_id"])
    op.create_index(
        "ix_voice_messages_next_at",
        "voice_messages",
        ["next_at"],
        postgresql_where=sa.text("next_at is not null"),
    )


def downgrade() -> None:
    op.drop_table("voice_messages")
