"""Senders that administrators add and retire: each address once, and one owner for who receives.

Rows that were replaced by others of the same address are retired. Where several establishments said
that they receive on one number, only the first ever got anything: the others do not say so any more.

Works with the previous release's code, which knows neither the column nor that an address stands
once; it adds a sender only where an operator enters one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0016"

_RETIRE_DOUBLES = """
    update shared.senders s set retired_at = now(), active = false
    where exists (
        select from shared.senders o
        where o.establishment_id = s.establishment_id and o.channel = s.channel
            and o.address = s.address
            and (not o.active, not o.can_receive, o.id) < (not s.active, not s.can_receive, s.id)
    )
"""
_ONE_RECEIVES = """
    update shared.senders s set can_receive = false
    where s.can_receive and s.retired_at is null and exists (
        select from shared.senders o
        where o.channel = s.channel and o.address = s.address and o.can_receive
            and o.retired_at is null and (not o.active, o.id) < (not s.active, s.id)
    )
"""


def upgrade() -> None:
    op.add_column("senders", sa.Column("retired_at", sa.DateTime(timezone=True)), schema="shared")
    op.execute(_RETIRE_DOUBLES)
    op.execute(_ONE_RECEIVES)
    op.create_check_constraint(
        op.f("ck_senders_retired_out_of_use"),
        "senders",
        "retired_at is null or not active",
        schema="shared",
    )
    op.create_index(
        "uq_senders_address",
        "senders",
        ["establishment_id", "channel", "address"],
        unique=True,
        schema="shared",
        postgresql_where=sa.text("retired_at is null"),
    )
    op.create_index(
        "uq_senders_receiving",
        "senders",
        ["channel", "address"],
        unique=True,
        schema="shared",
        postgresql_where=sa.text("can_receive and retired_at is null"),
    )


def downgrade() -> None:
    op.drop_index("uq_senders_receiving", "senders", schema="shared")
    op.drop_index("uq_senders_address", "senders", schema="shared")
    op.drop_column("senders", "retired_at", schema="shared")
