"""staff console: what staff make of a feedback, answers, and hints of what has changed

Works with the previous release's code: every new column is empty or has a default. Hints go out
where people change something; the engine's own statements send none, since each one that does
takes a lock of the whole cluster until its commit is on the disk.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_FILTERED = ["department_id", "language", "rating", "channel", "state", "assigned_to"]
# Each with when it speaks. For each row with its number, or once a statement without one.
_HINTS = {
    "feedback_stored": ("feedbacks", "insert", "feedback", "statement", ""),
    "feedback_changed": (
        "feedbacks",
        "update",
        "feedback",
        "row",
        "old.version <> new.version or old.recording_id is distinct from new.recording_id",
    ),
    "reminder_stored": ("reminders", "insert", "reminder", "statement", ""),
    "reminder_changed": (
        "reminders",
        "update",
        "reminder",
        "row",
        "old.message is distinct from new.message"
        " or old.scheduled_time <> new.scheduled_time"
        " or old.event_time is distinct from new.event_time"
        " or old.rrule is distinct from new.rrule"
        " or old.cancelled_at is distinct from new.cancelled_at",
    ),
    "task_changed": ("tasks", "insert or update", "task", "row", ""),
    "campaign_changed": ("campaigns", "insert or update", "campaign", "row", ""),
    "department_changed": ("departments", "insert or update", "department", "row", ""),
    "phrase_changed": ("phrases", "insert or update", "phrase", "row", ""),
}


def upgrade() -> None:
    op.add_column("feedbacks", sa.Column("assigned_to", sa.Integer(), nullable=True))
    op.add_column("feedbacks", sa.Column("note", sa.LargeBinary(), nullable=True))
    op.add_column("feedbacks", sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "feedbacks", sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )
    op.drop_index("ix_feedbacks_date_submitted", table_name="feedbacks")
    op.create_index(
        "ix_feedbacks_date_submitted",
        "feedbacks",
        ["date_submitted", "id"],
        postgresql_include=[*_FILTERED, "answered_at"],
    )
    op.drop_index(op.f("ix_feedbacks_department_id"), table_name="feedbacks")
    op.create_index(
        "ix_feedbacks_department_id_date_submitted",
        "feedbacks",
        ["department_id", "date_submitted", "id"],
    )
    op.create_index(
        "ix_feedbacks_voice",
        "feedbacks",
        ["date_submitted", "id"],
        postgresql_where=sa.text("recording_id is not null"),
    )
    op.create_table(
        "answers",
        sa.Column("feedback_id", sa.BigInteger(), nullable=False),
        sa.Column("reminder_id", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["feedback_id"], ["feedbacks.id"], name=op.f("fk_answers_feedback_id")
        ),
        sa.ForeignKeyConstraint(
            ["reminder_id"], ["reminders.id"], name=op.f("fk_answers_reminder_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
        sa.UniqueConstraint("reminder_id", name=op.f("uq_answers_reminder_id")),
    )
    op.create_index(op.f("ix_answers_feedback_id"), "answers", ["feedback_id"])
    for name, (table, event, kind, level, when) in _HINTS.items():
        condition = f"when ({when})" if when else ""
        op.execute(
            f"create trigger {name} after {event} on {table} for each {level} {condition}"
            f" execute function shared.announce('{kind}')"
        )


def downgrade() -> None:
    for name, (table, *_) in _HINTS.items():
        op.execute(f"drop trigger {name} on {table}")
    op.drop_table("answers")
    op.drop_index("ix_feedbacks_voice", table_name="feedbacks")
    op.drop_index("ix_feedbacks_department_id_date_submitted", table_name="feedbacks")
    op.create_index(op.f("ix_feedbacks_department_id"), "feedbacks", ["department_id"])
    op.drop_index("ix_feedbacks_date_submitted", table_name="feedbacks")
    op.create_index("ix_feedbacks_date_submitted", "feedbacks", ["date_submitted", "id"])
    for column in ("version", "answered_at", "note", "assigned_to"):
        op.drop_column("feedbacks", column)
