"""Tasks that staff take, assign and close; deliveries and their events by time.

What a task is about stands in `dedupe_key` now: a delivery that became unknown, was looked at and
became unknown again is a second task. No release has shown a task to anybody yet.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_LINKS = {"reminder_id": "reminders", "contact_id": "contacts", "feedback_id": "feedbacks"}


def upgrade() -> None:
    op.add_column("tasks", sa.Column("subject", sa.String(length=40), nullable=True))
    op.add_column("tasks", sa.Column("dedupe_key", sa.String(length=80), nullable=True))
    op.add_column("tasks", sa.Column("assigned_to", sa.Integer(), nullable=True))
    op.add_column("tasks", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    for column, table in _LINKS.items():
        op.add_column("tasks", sa.Column(column, sa.BigInteger(), nullable=True))
        op.create_foreign_key(op.f(f"fk_tasks_{column}"), "tasks", table, [column], ["id"])
    op.add_column("tasks", sa.Column("note", sa.LargeBinary(), nullable=True))
    op.add_column("tasks", sa.Column("done_by", sa.String(length=40), nullable=True))
    op.add_column(
        "tasks",
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
    )
    op.add_column(
        "tasks", sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )
    op.drop_constraint(op.f("ck_tasks_state_known"), "tasks")
    op.create_check_constraint(
        op.f("ck_tasks_state_known"), "tasks", "state in ('open', 'taken', 'done')"
    )
    op.execute(
        "update tasks t set dedupe_key = t.kind || ':' || t.delivery_id,"
        " reminder_id = d.reminder_id,"
        " done_by = case when t.state = 'done' then 'engine' end"
        " from deliveries d where d.id = t.delivery_id"
    )
    op.drop_constraint(op.f("uq_tasks_kind_delivery_id"), "tasks")
    op.create_index(
        "uq_tasks_dedupe_key",
        "tasks",
        ["dedupe_key"],
        unique=True,
        postgresql_where=sa.text("state <> 'done'"),
    )
    op.create_index(
        "ix_tasks_not_done", "tasks", ["id"], postgresql_where=sa.text("state <> 'done'")
    )
    op.create_index("ix_tasks_delivery_id", "tasks", ["delivery_id"])
    op.create_index("ix_deliveries_occurrence", "deliveries", ["occurrence", "id"])
    op.create_index(
        "ix_deliveries_not_arrived",
        "deliveries",
        ["occurrence", "id"],
        postgresql_where=sa.text("status in ('unknown', 'undelivered', 'failed', 'expired')"),
    )
    op.create_index(
        "ix_delivery_events_at",
        "delivery_events",
        ["at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on", "pages_per_range": 16},
    )


def downgrade() -> None:
    op.drop_index("ix_delivery_events_at", table_name="delivery_events")
    op.drop_index("ix_deliveries_not_arrived", table_name="deliveries")
    op.drop_index("ix_deliveries_occurrence", table_name="deliveries")
    for name in ("ix_tasks_delivery_id", "ix_tasks_not_done", "uq_tasks_dedupe_key"):
        op.drop_index(name, table_name="tasks")
    op.execute("delete from tasks where delivery_id is null or state = 'taken'")
    op.execute(
        "delete from tasks t using tasks n"
        " where n.kind = t.kind and n.delivery_id = t.delivery_id and n.id > t.id"
    )
    op.create_unique_constraint(op.f("uq_tasks_kind_delivery_id"), "tasks", ["kind", "delivery_id"])
    op.drop_constraint(op.f("ck_tasks_state_known"), "tasks")
    op.create_check_constraint(op.f("ck_tasks_state_known"), "tasks", "state in ('open', 'done')")
    for name in ("version", "updated_at", "done_by", "note", *_LINKS, "due_at"):
        op.drop_column("tasks", name)
    for name in ("assigned_to", "dedupe_key", "subject"):
        op.drop_column("tasks", name)
