"""The tenant: a hospital or clinic, and the numbers it sends from."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Identity, Integer, String, Time, true
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Created, SharedBase


class Establishment(Created, SharedBase):
    """A hospital or clinic. Everything here is the hospital's own, not a patient's."""

    __tablename__ = "establishments"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    region: Mapped[str] = mapped_column(String(2), default="CM")
    time_zone: Mapped[str] = mapped_column(String(64), default="Africa/Douala")
    languages: Mapped[list[str]] = mapped_column(
        ARRAY(String(3)), default=lambda: ["fra", "eng"], doc="ISO 639-3, in order of preference"
    )
    quiet_start: Mapped[time | None] = mapped_column(Time, doc="local time; None: no quiet hours")
    quiet_end: Mapped[time | None] = mapped_column(Time)
    daily_cap: Mapped[int] = mapped_column(Integer, default=4, doc="messages a day to one address")
    validity_seconds: Mapped[int] = mapped_column(Integer, default=4 * 3600)
    event_margin_seconds: Mapped[int] = mapped_column(
        Integer,
        server_default="2700",
        default=45 * 60,
        doc="a relative reminder is valid until this long before its event",
    )
    anonymous_feedback: Mapped[bool] = mapped_column(server_default=true(), default=True)
    fold_french_sms: Mapped[bool] = mapped_column(server_default=true(), default=True)
    is_default: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        CheckConstraint("(quiet_start is null) = (quiet_end is null)", name="quiet_hours_whole"),
    )

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which its clocks run."""
        return ZoneInfo(self.time_zone)


class Sender(SharedBase):
    """An address that an establishment sends from. A number called leads back to its owner."""

    __tablename__ = "senders"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    establishment_id: Mapped[int] = mapped_column(
        ForeignKey(Establishment.id, ondelete="CASCADE"), index=True
    )
    channel: Mapped[str] = mapped_column(String(8))
    address: Mapped[str] = mapped_column(String(320))
    provider: Mapped[str] = mapped_column(String(16))
    can_receive: Mapped[bool] = mapped_column(default=False)
    gives_receipts: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(server_default=true(), default=True)

    __table_args__ = (
        CheckConstraint("channel in ('sms', 'voice', 'email')", name="channel_known"),
    )
