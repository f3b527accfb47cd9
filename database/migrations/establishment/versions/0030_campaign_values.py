"""campaigns: what each recipient of a list has of their own, until their turn

Works with the previous release's code: a column that may be empty, and a table that it does not
know. That release must not make the messages of a campaign with such values, and cannot: it does
not know what stands in the braces of its text.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("value_names", sa.ARRAY(sa.String(32)), nullable=True))
    op.create_table(
        "campaign_values",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("values", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_campaign_values_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_values")),
        sa.UniqueConstraint(
            "campaign_id", "contact_id", name=op.f("uq_campaign_values_campaign_id_contact_id")
        ),
    )


def downgrade() -> None:
    op.drop_table("campaign_values")
    op.drop_column("campaigns", "value_names")
