"""One message to many contacts, made into reminders at a pace. It never sends by itself."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from database.types import Sealed, SealedJSON
from models.base import Base, Created, Numbered

SMALLEST_WINDOW = 20
"""Deliveries that a campaign may always have in the due queue, however slow the carrier is."""


class CampaignStatus(StrEnum):
    """What a campaign is at."""

    draft = "draft"
    running = "running"
    paused = "paused"
    done = "done"
    cancelled = "cancelled"


class Exclusion(StrEnum):
    """Why a recipient gets no message from a campaign."""

    contact_gone = "contact_gone"  # erased since the campaign started
    no_address = "no_address"
    no_sender = "no_sender"
    opted_out = "opted_out"
    language_without_text = "language_without_text"
    voice_needs_recording = "voice_needs_recording"
    name_missing = "name_missing"  # the text says {name} and the contact has none
    same_address = "same_address"  # another recipient with this address gets the same text
    past_validity = "past_validity"  # its turn would come after the campaign's validity


class Campaign(Numbered, Created, Base):
    """A campaign. `version` counts what people change, not its progress.

    `cursor` is the last recipient (by position) that was dealt with; it moves in the transaction
    that stores that recipient's reminder. `next_slot` is the time that the next one gets.
    `expand_at` is when a worker must look at it; a scheduler that hands it over moves it on by a
    lease, so that a lost job is found again.
    """

    __tablename__ = "campaigns"

    name: Mapped[str] = mapped_column(Sealed("campaigns.name"))
    texts: Mapped[dict[str, str]] = mapped_column(
        SealedJSON("campaigns.texts"), doc="whole texts by language (ISO 639-3)"
    )
    value_names: Mapped[list[str] | None] = mapped_column(
        ARRAY(String(32)), doc="what each recipient has of their own: {time} in the texts"
    )
    template: Mapped[str | None] = mapped_column(String(40), doc="where the texts came from")
    channels: Mapped[list[str] | None] = mapped_column(
        ARRAY(String(8)), doc="in order of fallback; None: sms, then email"
    )
    filter: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), doc="which contacts; None: those of an explicit list"
    )
    scheduled_time: Mapped[datetime | None] = mapped_column(doc="None: as soon as it is started")
    validity_seconds: Mapped[int] = mapped_column(Integer)
    rate_per_minute: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(String(9), default=CampaignStatus.draft)
    total: Mapped[int] = mapped_column(Integer, default=0)
    cursor: Mapped[int] = mapped_column(Integer, default=0)
    most_waiting: Mapped[int] = mapped_column(
        Integer, default=SMALLEST_WINDOW, doc="deliveries that it may have in the due queue"
    )
    valid_until: Mapped[datetime | None]
    next_slot: Mapped[datetime | None]
    expand_at: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(String(40), doc="user:7, device:3 or cli")
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own spelling
    __table_args__ = (
        CheckConstraint(
            "status in (" + ", ".join(f"'{status}'" for status in CampaignStatus) + ")",
            name="status_known",
        ),
        Index("ix_campaigns_running", "expand_at", postgresql_where=text("status = 'running'")),
    )


class CampaignRecipient(Base):
    """One contact of a campaign, in the order of their turns (`position` counts from 1).

    There is no foreign key to the contact: one who is erased stays counted, as `contact_gone`.
    """

    __tablename__ = "campaign_recipients"

    campaign_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(Campaign.id, ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    contact_id: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(String(24), doc="an `Exclusion`")

    __table_args__ = (UniqueConstraint("campaign_id", "contact_id"),)


class CampaignValues(Numbered, Base):
    """What one recipient of a campaign has of their own, by the campaign's `value_names`.

    A table of its own, since most campaigns have none. A row is gone once its recipient's turn has
    come: then it stands in their message.
    """

    __tablename__ = "campaign_values"

    campaign_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(Campaign.id, ondelete="CASCADE")
    )
    contact_id: Mapped[int] = mapped_column(BigInteger)
    values: Mapped[dict[str, str]] = mapped_column(SealedJSON("campaign_values.values"))

    __table_args__ = (UniqueConstraint("campaign_id", "contact_id"),)
