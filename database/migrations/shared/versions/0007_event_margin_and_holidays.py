"""Until how long before its event a relative reminder is valid; an establishment reads its holidays.

Works with the previous release's code: the column has a default.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column(
        "establishments",
        sa.Column("event_margin_seconds", sa.Integer(), server_default="2700", nullable=False),
        schema="shared",
    )
    op.execute("alter table shared.holidays enable row level security")
    op.execute(
        "create policy own_rows on shared.holidays using"
        " (establishment_id = (select shared.my_establishment()) or (select shared.is_service()))"
    )


def downgrade() -> None:
    op.execute("drop policy own_rows on shared.holidays")
    op.execute("alter table shared.holidays disable row level security")
    op.drop_column("establishments", "event_margin_seconds", schema="shared")
