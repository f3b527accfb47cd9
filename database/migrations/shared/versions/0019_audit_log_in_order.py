"""The audit trail of an establishment is read in the order of time.

Works with the previous release's code: an index alone.
"""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_index(
        "ix_shared_audit_entries_at",
        "audit_entries",
        ["establishment_id", "at", "id"],
        schema="shared",
    )


def downgrade() -> None:
    op.drop_index("ix_shared_audit_entries_at", "audit_entries", schema="shared")
