"""The due queue in the very order in which it is claimed.

Where very many are due at the same second, each claim had sorted all of them by their ids.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_UNCLAIMED = sa.text("claimed_until is null")
_COLUMNS = ["establishment_id", "asks", "due_at"]


def upgrade() -> None:
    _index_unclaimed([*_COLUMNS, "delivery_id"])


def downgrade() -> None:
    _index_unclaimed(_COLUMNS)


def _index_unclaimed(columns: list[str]) -> None:
    op.drop_index("ix_due_unclaimed", "due", schema="shared")
    op.create_index(
        "ix_due_unclaimed", "due", columns, schema="shared", postgresql_where=_UNCLAIMED
    )
