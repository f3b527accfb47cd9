"""A message before an event may be left out for a holiday.

Works with the previous release's code, which never writes it.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

_BEFORE = "'skipped', 'missed', 'past', 'merged', 'quiet_hours'"


def upgrade() -> None:
    _know(f"{_BEFORE}, 'holiday'")


def downgrade() -> None:
    op.execute("update omissions set reason = 'quiet_hours' where reason = 'holiday'")
    _know(_BEFORE)


def _know(reasons: str) -> None:
    name = op.f("ck_omissions_reason_known")
    op.drop_constraint(name, "omissions")
    op.create_check_constraint(name, "omissions", f"reason in ({reasons})")
