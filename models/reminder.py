"""An intent: tell this contact this, at this time, by these channels in this order."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from database.types import Sealed
from models.address import Address
from models.base import Base, Created, Numbered
from models.campaign import Campaign
from models.contact import Contact


class Channel(StrEnum):
    """A way to reach a contact."""

    sms = "sms"
    voice = "voice"
    email = "email"
    whatsapp = "whatsapp"  # in a conversation only


class ReminderStatus(StrEnum):
    """What has become of a reminder."""

    scheduled = "scheduled"
    active = "active"  # recurring, with occurrences still to come
    done = "done"
    partly_failed = "partly_failed"
    failed = "failed"
    expired = "expired"
    cancelled = "cancelled"


class Purpose(StrEnum):
    """Why the engine sends something: everything that goes out is a reminder's delivery.

    A `reply` goes to somebody who has just written or called: quiet hours and the daily cap are
    not for it (a conversation bounds itself). `opt_out` is the one confirmation of a stop, made in
    the transaction that stores it: the only message that an opted-out address may still get.
    """

    reminder = "reminder"
    reply = "reply"
    opt_out = "opt_out"
    answer = "answer"  # the hospital's answer to a feedback


class Reminder(Numbered, Created, Base):
    """A reminder. `client_id` is its identity for ever; `version` guards against lost changes."""

    __tablename__ = "reminders"

    client_id: Mapped[UUID] = mapped_column(unique=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary, doc="keyed hash of what was sent in")
    contact_id: Mapped[int | None] = mapped_column(ForeignKey(Contact.id), index=True)
    patient_id: Mapped[str | None] = mapped_column(Sealed("reminders.patient_id"))
    patient_id_index: Mapped[bytes | None] = mapped_column(LargeBinary, index=True)
    message: Mapped[str] = mapped_column(Sealed("reminders.message"))
    template: Mapped[str | None] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(3), doc="the language actually used")
    scheduled_time: Mapped[datetime]
    phone_id: Mapped[int | None] = mapped_column(ForeignKey(Address.id), index=True)
    email_id: Mapped[int | None] = mapped_column(ForeignKey(Address.id), index=True)
    channels: Mapped[list[str]] = mapped_column(ARRAY(String(8)))
    rrule: Mapped[str | None] = mapped_column(String(500))
    validity_seconds: Mapped[int] = mapped_column(Integer)
    expects_reply: Mapped[bool] = mapped_column(default=False)
    # What is None here is as the establishment has it: `services/policy.py`.
    receipt_window_seconds: Mapped[int | None]
    max_attempts: Mapped[int | None] = mapped_column(doc="of each delivery")
    call_again_after: Mapped[int | None] = mapped_column(doc="seconds, when nobody picks up")
    call_again_at_most: Mapped[int | None]
    escalate: Mapped[bool | None] = mapped_column(doc="a task for staff when no channel helped")
    event_time: Mapped[datetime | None] = mapped_column(doc="what a relative reminder is about")
    before: Mapped[list[int] | None] = mapped_column(
        ARRAY(Integer), doc="seconds before the event, the longest first"
    )
    event_margin_seconds: Mapped[int] = mapped_column(
        Integer,
        server_default="0",
        default=0,
        doc="nothing goes out later before the event; 0: `valid_for` was asked for",
    )
    recorded_at: Mapped[datetime | None] = mapped_column(
        doc="when it was captured offline, by the device's own clock, as sent"
    )
    clock_offset: Mapped[int | None] = mapped_column(
        BigInteger, doc="seconds by which the device's clock was slow at sync"
    )
    cancelled_at: Mapped[datetime | None] = mapped_column(
        doc="nothing new is opened after it; what had left by then has left. Staff cancelled it,"
        " or it is a series that came years too late to begin"
    )
    status: Mapped[str] = mapped_column(String(16), default=ReminderStatus.scheduled)
    created_by: Mapped[str] = mapped_column(String(40), doc="user:7, device:3 or cli")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    version: Mapped[int] = mapped_column(Integer, default=1)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey(Campaign.id))
    open_campaign_id: Mapped[int | None] = mapped_column(
        BigInteger,
        Computed("case when status = 'scheduled' then campaign_id end", persisted=True),
        doc="its campaign, while something of it is still to come",
    )
    purpose: Mapped[str] = mapped_column(
        String(8), default=Purpose.reminder, server_default="reminder"
    )
    sender_id: Mapped[int | None] = mapped_column(
        Integer, doc="of `shared.senders`: the one it must go out from; None: any that may"
    )
    conversation_id: Mapped[int | None] = mapped_column(
        # By name: a conversation may be about a reminder, too.
        ForeignKey("conversations.id", use_alter=True),
        doc="the conversation in which it was said",
    )

    @property
    def called_off(self) -> bool:
        """True once it was cancelled: nothing more may go out, whatever has left by then."""
        return self.cancelled_at is not None or self.status == ReminderStatus.cancelled

    phone: Mapped[Address | None] = relationship(foreign_keys=[phone_id], lazy="raise")
    email: Mapped[Address | None] = relationship(foreign_keys=[email_id], lazy="raise")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own spelling
    __table_args__ = (
        CheckConstraint(
            "status in ('scheduled', 'active', 'done', 'partly_failed', 'failed', 'expired',"
            " 'cancelled')",
            name="status_known",
        ),
        CheckConstraint(
            "purpose in ('reminder', 'reply', 'opt_out', 'answer')", name="purpose_known"
        ),
        CheckConstraint("(event_time is null) = (before is null)", name="event_whole"),
        CheckConstraint("rrule is null or event_time is null", name="one_kind_of_repeating"),
        Index("ix_reminders_scheduled_time", "scheduled_time", "id"),
        # Whatever a crash repeats: one reminder for each contact of a campaign.
        Index(
            "uq_reminders_campaign_id_contact_id",
            "campaign_id",
            "contact_id",
            unique=True,
            postgresql_where=text("campaign_id is not null"),
        ),
        Index(
            "ix_reminders_open_campaign_id",
            "open_campaign_id",
            postgresql_where=text("open_campaign_id is not null"),
        ),
        Index(
            "ix_reminders_conversation_id",
            "conversation_id",
            postgresql_where=text("conversation_id is not null"),
        ),
        # Not on `status`, not even in a predicate: every outcome changes that, and would have to
        # write every index of the table.
        Index("ix_reminders_series", "id", postgresql_where=text("rrule is not null")),
        {"postgresql_with": {"fillfactor": 70}},
    )
