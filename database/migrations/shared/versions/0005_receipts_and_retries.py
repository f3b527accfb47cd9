"""Establishments say how deliveries are retried and what becomes of unknown ones.

Questions to providers get a line of their own in the due queue, so that many of them do not keep
back what is to be sent. What was configured about receipts is forgotten: from now on it is proven.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_NUMBERS = {
    "receipt_window_seconds": "1800",
    "call_again_after": "900",
    "call_again_at_most": "0",
    "unknown_after_seconds": "3600",
}
_CHOICES = ("unknown_sms", "unknown_voice", "unknown_email")
_UNCLAIMED = sa.text("claimed_until is null")


def upgrade() -> None:
    for name, value in _NUMBERS.items():
        _add(sa.Column(name, sa.Integer(), server_default=sa.text(value), nullable=False))
    _add(sa.Column("max_attempts", sa.Integer(), nullable=True))
    _add(sa.Column("escalate", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    for name in _CHOICES:
        _add(sa.Column(name, sa.String(length=8), server_default="give_up", nullable=False))
    op.create_check_constraint(
        op.f("ck_establishments_unknown_choice_known"),
        "establishments",
        " and ".join(f"{name} in ('give_up', 'resend')" for name in _CHOICES),
        schema="shared",
    )
    op.create_check_constraint(
        op.f("ck_establishments_policy_positive"),
        "establishments",
        "least(receipt_window_seconds, max_attempts, call_again_after,"
        " call_again_at_most + 1, unknown_after_seconds) > 0",
        schema="shared",
    )
    op.execute("update shared.senders set gives_receipts = false")
    op.add_column(
        "due",
        sa.Column("asks", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="shared",
    )
    _index_unclaimed(["establishment_id", "asks", "due_at"])


def _add(column: sa.Column[object]) -> None:
    op.add_column("establishments", column, schema="shared")


def _index_unclaimed(columns: list[str]) -> None:
    op.drop_index("ix_due_unclaimed", table_name="due", schema="shared")
    op.create_index(
        "ix_due_unclaimed", "due", columns, schema="shared", postgresql_where=_UNCLAIMED
    )


def downgrade() -> None:
    _index_unclaimed(["establishment_id", "due_at"])
    op.drop_column("due", "asks", schema="shared")
    for name in ("unknown_choice_known", "policy_positive"):
        op.drop_constraint(op.f(f"ck_establishments_{name}"), "establishments", schema="shared")
    for name in (*_CHOICES, "escalate", "max_attempts", *_NUMBERS):
        op.drop_column("establishments", name, schema="shared")
