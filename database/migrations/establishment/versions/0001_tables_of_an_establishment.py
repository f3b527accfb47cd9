"""tables of an establishment

Each revision works with the previous release's code: add as nullable, backfill, then tighten in a
later revision.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "addresses",
        sa.Column("kind", sa.String(length=5), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("value_index", sa.LargeBinary(), nullable=False),
        sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opt_out_cause", sa.String(length=40), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("kind in ('phone', 'email')", name=op.f("ck_addresses_kind_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_addresses")),
        sa.UniqueConstraint("kind", "value_index", name=op.f("uq_addresses_kind_value_index")),
    )
    op.create_table(
        "audit_entries",
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("row_id", sa.String(length=40), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=True),
        sa.Column("after", sa.LargeBinary(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index("ix_audit_entries_at", "audit_entries", ["at"], unique=False)
    op.create_index("ix_audit_entries_row", "audit_entries", ["kind", "row_id"], unique=False)
    op.create_table(
        "departments",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departments")),
        sa.UniqueConstraint("code", name=op.f("uq_departments_code")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status_code", sa.SmallInteger(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency_keys")),
    )
    op.create_table(
        "recordings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("checksum", sa.LargeBinary(), nullable=False),
        sa.Column("container", sa.String(length=16), nullable=True),
        sa.Column("codec", sa.String(length=24), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("problems", sa.ARRAY(sa.String(length=24)), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("probed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings")),
    )
    op.create_index(
        "ix_recordings_unprobed",
        "recordings",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("probed_at is null"),
    )
    op.create_table(
        "webhook_events",
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_events")),
        sa.UniqueConstraint(
            "provider",
            "kind",
            "external_id",
            "status",
            name=op.f("uq_webhook_events_provider_kind_external_id_status"),
        ),
    )
    op.create_table(
        "contacts",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("patient_id", sa.LargeBinary(), nullable=False),
        sa.Column("patient_id_index", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("name_tokens", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("language", sa.String(length=3), nullable=True),
        sa.Column("phone_id", sa.BigInteger(), nullable=True),
        sa.Column("email_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind in ('patient', 'staff', 'student')", name=op.f("ck_contacts_kind_known")
        ),
        sa.ForeignKeyConstraint(["email_id"], ["addresses.id"], name=op.f("fk_contacts_email_id")),
        sa.ForeignKeyConstraint(["phone_id"], ["addresses.id"], name=op.f("fk_contacts_phone_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
        sa.UniqueConstraint("patient_id_index", name=op.f("uq_contacts_patient_id_index")),
    )
    op.create_index(op.f("ix_contacts_email_id"), "contacts", ["email_id"], unique=False)
    op.create_index(
        "ix_contacts_name_tokens", "contacts", ["name_tokens"], unique=False, postgresql_using="gin"
    )
    op.create_index(op.f("ix_contacts_phone_id"), "contacts", ["phone_id"], unique=False)
    op.create_table(
        "feedbacks",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("patient_id", sa.LargeBinary(), nullable=True),
        sa.Column("patient_id_index", sa.LargeBinary(), nullable=True),
        sa.Column("language", sa.String(length=3), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("rating", sa.SmallInteger(), nullable=True),
        sa.Column("emoji", sa.LargeBinary(), nullable=True),
        sa.Column("recording_id", sa.Uuid(), nullable=True),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "date_submitted",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("processed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.String(length=8), server_default="open", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "state in ('open', 'answered', 'closed')", name=op.f("ck_feedbacks_state_known")
        ),
        sa.CheckConstraint("rating between 1 and 5", name=op.f("ck_feedbacks_rating_range")),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_feedbacks_department_id")
        ),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name=op.f("fk_feedbacks_recording_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedbacks")),
        sa.UniqueConstraint("client_id", name=op.f("uq_feedbacks_client_id")),
        sa.UniqueConstraint("recording_id", name=op.f("uq_feedbacks_recording_id")),
    )
    op.create_index(
        "ix_feedbacks_date_submitted", "feedbacks", ["date_submitted", "id"], unique=False
    )
    op.create_index(
        op.f("ix_feedbacks_department_id"), "feedbacks", ["department_id"], unique=False
    )
    op.create_index(
        op.f("ix_feedbacks_patient_id_index"), "feedbacks", ["patient_id_index"], unique=False
    )
    op.create_index(
        "ix_feedbacks_unprocessed",
        "feedbacks",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("not processed"),
    )
    op.create_table(
        "reminders",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("patient_id", sa.LargeBinary(), nullable=True),
        sa.Column("patient_id_index", sa.LargeBinary(), nullable=True),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.Column("template", sa.String(length=40), nullable=True),
        sa.Column("language", sa.String(length=3), nullable=False),
        sa.Column("scheduled_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("phone_id", sa.BigInteger(), nullable=True),
        sa.Column("email_id", sa.BigInteger(), nullable=True),
        sa.Column("channels", sa.ARRAY(sa.String(length=8)), nullable=False),
        sa.Column("rrule", sa.String(length=500), nullable=True),
        sa.Column("validity_seconds", sa.Integer(), nullable=False),
        sa.Column("expects_reply", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "status in ('scheduled', 'active', 'done', 'partly_failed', 'failed', 'expired', 'cancelled')",
            name=op.f("ck_reminders_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_reminders_contact_id")
        ),
        sa.ForeignKeyConstraint(["email_id"], ["addresses.id"], name=op.f("fk_reminders_email_id")),
        sa.ForeignKeyConstraint(["phone_id"], ["addresses.id"], name=op.f("fk_reminders_phone_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminders")),
        sa.UniqueConstraint("client_id", name=op.f("uq_reminders_client_id")),
    )
    op.create_index(op.f("ix_reminders_contact_id"), "reminders", ["contact_id"], unique=False)
    op.create_index(op.f("ix_reminders_email_id"), "reminders", ["email_id"], unique=False)
    op.create_index(
        op.f("ix_reminders_patient_id_index"), "reminders", ["patient_id_index"], unique=False
    )
    op.create_index(op.f("ix_reminders_phone_id"), "reminders", ["phone_id"], unique=False)
    op.create_index(
        "ix_reminders_scheduled_time", "reminders", ["scheduled_time", "id"], unique=False
    )
    op.create_table(
        "deliveries",
        sa.Column("reminder_id", sa.BigInteger(), nullable=False),
        sa.Column("occurrence", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("address_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider", sa.String(length=16), nullable=True),
        sa.Column("provider_id", sa.String(length=128), nullable=True),
        sa.Column("error_code", sa.String(length=24), nullable=True),
        sa.Column("correlation_id", sa.String(length=64), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "status in ('scheduled', 'queued', 'sending', 'unknown', 'sent', 'delivered', 'undelivered', 'failed', 'expired', 'cancelled', 'suppressed')",
            name=op.f("ck_deliveries_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["address_id"], ["addresses.id"], name=op.f("fk_deliveries_address_id")
        ),
        sa.ForeignKeyConstraint(
            ["reminder_id"], ["reminders.id"], name=op.f("fk_deliveries_reminder_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "reminder_id",
            "occurrence",
            "channel",
            name=op.f("uq_deliveries_reminder_id_occurrence_channel"),
        ),
    )
    op.create_index(op.f("ix_deliveries_address_id"), "deliveries", ["address_id"], unique=False)
    op.create_index(op.f("ix_deliveries_reminder_id"), "deliveries", ["reminder_id"], unique=False)
    op.create_index(
        "ix_deliveries_unknown",
        "deliveries",
        ["attempted_at"],
        unique=False,
        postgresql_where=sa.text("status = 'unknown'"),
    )
    op.create_table(
        "calls",
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=True),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("provider_id", sa.String(length=128), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("direction in ('in', 'out')", name=op.f("ck_calls_direction_known")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_calls_delivery_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.UniqueConstraint("provider", "provider_id", name=op.f("uq_calls_provider_provider_id")),
    )
    op.create_index(op.f("ix_calls_delivery_id"), "calls", ["delivery_id"], unique=False)
    op.create_table(
        "delivery_events",
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=24), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_delivery_events_delivery_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_events")),
    )
    op.create_index(
        op.f("ix_delivery_events_delivery_id"), "delivery_events", ["delivery_id"], unique=False
    )
    op.create_table(
        "messages",
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=True),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("provider_id", sa.String(length=128), nullable=False),
        sa.Column("encoding", sa.String(length=8), nullable=True),
        sa.Column("segments", sa.SmallInteger(), nullable=True),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("direction in ('in', 'out')", name=op.f("ck_messages_direction_known")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_messages_delivery_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint(
            "provider", "provider_id", name=op.f("uq_messages_provider_provider_id")
        ),
    )
    op.create_index(op.f("ix_messages_delivery_id"), "messages", ["delivery_id"], unique=False)
    op.create_table(
        "tasks",
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("state in ('open', 'done')", name=op.f("ck_tasks_state_known")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_tasks_delivery_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("kind", "delivery_id", name=op.f("uq_tasks_kind_delivery_id")),
    )


def downgrade() -> None:
    op.drop_table("tasks")
    op.drop_index(op.f("ix_messages_delivery_id"), table_name="messages")
    op.drop_table("messages")
    op.drop_index(op.f("ix_delivery_events_delivery_id"), table_name="delivery_events")
    op.drop_table("delivery_events")
    op.drop_index(op.f("ix_calls_delivery_id"), table_name="calls")
    op.drop_table("calls")
    op.drop_index(
        "ix_deliveries_unknown",
        table_name="deliveries",
        postgresql_where=sa.text("status = 'unknown'"),
    )
    op.drop_index(op.f("ix_deliveries_reminder_id"), table_name="deliveries")
    op.drop_index(op.f("ix_deliveries_address_id"), table_name="deliveries")
    op.drop_table("deliveries")
    op.drop_index("ix_reminders_scheduled_time", table_name="reminders")
    op.drop_index(op.f("ix_reminders_phone_id"), table_name="reminders")
    op.drop_index(op.f("ix_reminders_patient_id_index"), table_name="reminders")
    op.drop_index(op.f("ix_reminders_email_id"), table_name="reminders")
    op.drop_index(op.f("ix_reminders_contact_id"), table_name="reminders")
    op.drop_table("reminders")
    op.drop_index(
        "ix_feedbacks_unprocessed",
        table_name="feedbacks",
        postgresql_where=sa.text("not processed"),
    )
    op.drop_index(op.f("ix_feedbacks_patient_id_index"), table_name="feedbacks")
    op.drop_index(op.f("ix_feedbacks_department_id"), table_name="feedbacks")
    op.drop_index("ix_feedbacks_date_submitted", table_name="feedbacks")
    op.drop_table("feedbacks")
    op.drop_index(op.f("ix_contacts_phone_id"), table_name="contacts")
    op.drop_index("ix_contacts_name_tokens", table_name="contacts", postgresql_using="gin")
    op.drop_index(op.f("ix_contacts_email_id"), table_name="contacts")
    op.drop_table("contacts")
    op.drop_table("webhook_events")
    op.drop_index(
        "ix_recordings_unprobed",
        table_name="recordings",
        postgresql_where=sa.text("probed_at is null"),
    )
    op.drop_table("recordings")
    op.drop_table("idempotency_keys")
    op.drop_table("departments")
    op.drop_index("ix_audit_entries_row", table_name="audit_entries")
    op.drop_index("ix_audit_entries_at", table_name="audit_entries")
    op.drop_table("audit_entries")
    op.drop_table("addresses")
