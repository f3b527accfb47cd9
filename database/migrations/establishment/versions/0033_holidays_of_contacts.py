"""contacts: days on which nothing goes out to them, once or every year

Works with the previous release's code, which does not know these columns: their default is none.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0030"


def upgrade() -> None:
    for column in ("holidays", "yearly_holidays"):
        op.add_column(
            "contacts",
            sa.Column(column, sa.ARRAY(sa.Date()), server_default=sa.text("'{}'"), nullable=False),
        )
    op.create_check_constraint(
        op.f("ck_contacts_holidays_bounded"),
        "contacts",
        "cardinality(holidays) + cardinality(yearly_holidays) <= 100",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_contacts_holidays_bounded"), "contacts")
    op.drop_column("contacts", "yearly_holidays")
    op.drop_column("contacts", "holidays")
