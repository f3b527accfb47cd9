"""feedback captured offline, and its recordings: from which device, by a clock how far off"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

AWAITING = "awaited_recording is not null and recording_id is null"
COMPLETE = "received = length and finished_at is null"


def upgrade() -> None:
    op.add_column("feedbacks", sa.Column("device_id", sa.Integer(), nullable=True))
    op.add_column("feedbacks", sa.Column("clock_offset", sa.BigInteger(), nullable=True))
    op.add_column("feedbacks", sa.Column("awaited_recording", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_feedbacks_awaiting",
        "feedbacks",
        ["awaited_recording"],
        postgresql_where=sa.text(AWAITING),
    )
    op.create_table(
        "uploads",
        sa.Column("token", sa.Uuid(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("received between 0 and length", name=op.f("ck_uploads_received_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sa.UniqueConstraint("recording_id", name=op.f("uq_uploads_recording_id")),
        sa.UniqueConstraint("token", name=op.f("uq_uploads_token")),
    )
    op.create_index("ix_uploads_expires_at", "uploads", ["expires_at"])
    op.create_index(
        "ix_uploads_complete", "uploads", ["created_at"], postgresql_where=sa.text(COMPLETE)
    )
    op.create_table(
        "upload_pieces",
        sa.Column("upload_id", sa.BigInteger(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"],
            ["uploads.id"],
            name=op.f("fk_upload_pieces_upload_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_pieces")),
        sa.UniqueConstraint("upload_id", "start", name=op.f("uq_upload_pieces_upload_id_start")),
    )


def downgrade() -> None:
    op.drop_table("upload_pieces")
    op.drop_table("uploads")
    op.drop_index("ix_feedbacks_awaiting", table_name="feedbacks")
    op.drop_column("feedbacks", "awaited_recording")
    op.drop_column("feedbacks", "clock_offset")
    op.drop_column("feedbacks", "device_id")
