"""phrases: who spelt it for SMS and who recorded it, beside who wrote it; none of them approves it

Works with the previous release's code: every new column may be empty. What was recorded by then was
recorded by whoever is noted as its writer: until now that was whoever had changed it last.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

_BEFORE = {
    "two_people": "approved_by is null or approved_by <> written_by",
    "rejected_by_another": (
        "rejected_by is null or (rejected_by <> written_by and approved_by is null)"
    ),
}
_AFTER = {
    "two_people": (
        "approved_by is null or approved_by <> all (array[written_by, spelt_by, recorded_by])"
    ),
    "rejected_by_another": (
        "rejected_by is null or (rejected_by <> all (array[written_by, spelt_by, recorded_by])"
        " and approved_by is null)"
    ),
}


def upgrade() -> None:
    for column in ("spelt_by", "recorded_by"):
        op.add_column("phrases", sa.Column(column, sa.String(40), nullable=True))
    op.execute("update phrases set spelt_by = written_by where sms_text is not null")
    op.execute("update phrases set recorded_by = written_by where recording_id is not null")
    _hold(_AFTER)


def downgrade() -> None:
    _hold(_BEFORE)
    for column in ("recorded_by", "spelt_by"):
        op.drop_column("phrases", column)


def _hold(rules: dict[str, str]) -> None:
    for name, rule in rules.items():
        op.drop_constraint(op.f(f"ck_phrases_{name}"), "phrases", type_="check")
        op.create_check_constraint(op.f(f"ck_phrases_{name}"), "phrases", rule)
