"""phrases: rejected with a reason; open pages hear of phrases taken back and of flows switched

Works with the previous release's code: every new column is empty.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0018"

# A row that is gone has no number to tell: once a statement.
_HINTS = {
    "phrase_taken_back": ("phrases", "delete"),
    "flow_switched": ("flow_languages", "insert or delete"),
}


def upgrade() -> None:
    op.add_column("phrases", sa.Column("rejected_by", sa.String(40), nullable=True))
    op.add_column("phrases", sa.Column("rejected_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("phrases", sa.Column("rejection", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_phrases_rejected_by_another"),
        "phrases",
        "rejected_by is null or (rejected_by <> written_by and approved_by is null)",
    )
    for name, (table, event) in _HINTS.items():
        op.execute(
            f"create trigger {name} after {event} on {table} for each statement"
            " execute function shared.announce('phrase')"
        )


def downgrade() -> None:
    for name, (table, _) in _HINTS.items():
        op.execute(f"drop trigger {name} on {table}")
    op.drop_constraint(op.f("ck_phrases_rejected_by_another"), "phrases", type_="check")
    for column in ("rejection", "rejected_at", "rejected_by"):
        op.drop_column("phrases", column)
