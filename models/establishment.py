"""The tenant: a hospital or clinic, its holidays, and the numbers it sends from."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Date,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    String,
    Time,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, MappedColumn, mapped_column, relationship

from database.types import SealedJSON
from models.base import Created, SharedBase


class UnknownChoice(StrEnum):
    """What becomes of a delivery that stays unknown."""

    give_up = "give_up"  # visibly: it stays unknown, with a task for staff
    resend = "resend"  # once, within its validity: a possible double is accepted


class AskOneWay(StrEnum):
    """What becomes of a question where no sender can take in the answer."""

    refuse = "refuse"
    drop = "drop"  # the message goes out without it


def _unknown_choice() -> MappedColumn[str]:
    return mapped_column(
        String(8), server_default=UnknownChoice.give_up, default=UnknownChoice.give_up
    )


class InboundCalls(StrEnum):
    """What becomes of a call to an establishment's number."""

    answer = "answer"
    call_back = "call_back"  # rejected, so that it costs nothing, and called back at once


class AnsweringMachines(StrEnum):
    """What an answering machine hears of a reminder."""

    message = "message"  # that the hospital called, without any detail
    nothing = "nothing"


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
    daily_cap: Mapped[int | None] = mapped_column(
        Integer, doc="messages to one address on one local day; None: no cap"
    )
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
    alarm_failing_share: Mapped[float] = mapped_column(
        server_default=text("0.2"), default=0.2, doc="of the deliveries that ended in the window"
    )
    alarm_failing_count: Mapped[int] = mapped_column(
        server_default=text("10"), default=10, doc="fewer that ended raise no alarm"
    )
    alarm_window_seconds: Mapped[int] = mapped_column(server_default=text("3600"), default=3600)
    alarm_late_seconds: Mapped[int] = mapped_column(server_default=text("300"), default=300)
    alarm_unknown_count: Mapped[int] = mapped_column(server_default=text("10"), default=10)
    alarm_unknown_seconds: Mapped[int] = mapped_column(
        server_default=text("1800"), default=1800, doc="age of the oldest unknown delivery"
    )
    # What a reminder does not say itself (`services/policy.py`).
    receipt_window_seconds: Mapped[int] = mapped_column(server_default=text("1800"), default=1800)
    max_attempts: Mapped[int | None] = mapped_column(
        doc="of one delivery; None: as many as its validity has room for"
    )
    call_again_after: Mapped[int] = mapped_column(
        server_default=text("900"), default=900, doc="seconds, when nobody picks up"
    )
    call_again_at_most: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    escalate: Mapped[bool] = mapped_column(
        server_default=true(), default=True, doc="a task for staff when no channel helped"
    )
    # What becomes of a delivery that stays unknown for so long.
    unknown_after_seconds: Mapped[int] = mapped_column(server_default=text("3600"), default=3600)
    unknown_sms: Mapped[str] = _unknown_choice()
    unknown_voice: Mapped[str] = _unknown_choice()
    unknown_email: Mapped[str] = _unknown_choice()
    inbound_calls: Mapped[str] = mapped_column(
        String(9), server_default=InboundCalls.answer, default=InboundCalls.answer
    )
    call_backs_per_hour: Mapped[int] = mapped_column(server_default=text("60"), default=60)
    answering_machines: Mapped[str] = mapped_column(
        String(8), server_default=AnsweringMachines.message, default=AnsweringMachines.message
    )
    ask_one_way: Mapped[str] = mapped_column(
        String(8), server_default=AskOneWay.refuse, default=AskOneWay.refuse
    )
    version: Mapped[int] = mapped_column(Integer, server_default="1", default=1)

    holidays: Mapped[list[Holiday]] = relationship(order_by="Holiday.day", lazy="raise")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own spelling
    __table_args__ = (
        CheckConstraint("(quiet_start is null) = (quiet_end is null)", name="quiet_hours_whole"),
        CheckConstraint(
            "alarm_failing_share > 0 and alarm_failing_share <= 1"
            " and least(alarm_failing_count, alarm_window_seconds, alarm_late_seconds,"
            " alarm_unknown_count, alarm_unknown_seconds) > 0",
            name="alarm_thresholds",
        ),
        CheckConstraint(
            "unknown_sms in ('give_up', 'resend') and unknown_voice in ('give_up', 'resend')"
            " and unknown_email in ('give_up', 'resend')",
            name="unknown_choice_known",
        ),
        CheckConstraint(
            "least(receipt_window_seconds, max_attempts, call_again_after,"
            " call_again_at_most + 1, unknown_after_seconds) > 0",
            name="policy_positive",
        ),
        CheckConstraint("daily_cap > 0", name="daily_cap_positive"),
        CheckConstraint(
            "inbound_calls in ('answer', 'call_back') and call_backs_per_hour > 0"
            " and answering_machines in ('message', 'nothing')",
            name="phone_choices",
        ),
        CheckConstraint("ask_one_way in ('refuse', 'drop')", name="ask_one_way_known"),
    )

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which its clocks run."""
        return ZoneInfo(self.time_zone)


class Holiday(SharedBase):
    """A local day on which an establishment sends nothing; perhaps the same day every year."""

    __tablename__ = "holidays"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    establishment_id: Mapped[int] = mapped_column(ForeignKey(Establishment.id, ondelete="CASCADE"))
    day: Mapped[date] = mapped_column(Date)
    name: Mapped[str] = mapped_column(String(120))
    every_year: Mapped[bool] = mapped_column(server_default=false(), default=False)

    __table_args__ = (UniqueConstraint("establishment_id", "day"),)


NO_ANSWER = "no_answer"
"""Our own code on a suspended sender: its provider has stopped answering."""


class Sender(SharedBase):
    """An address that an establishment sends from. A number called leads back to its owner.

    One number on one channel: `can_receive` of an SMS sender is that answers reach us, of a voice
    sender that calls do. Which of several sends a delivery: `services/sender/choice.py`.
    """

    __tablename__ = "senders"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    establishment_id: Mapped[int] = mapped_column(
        ForeignKey(Establishment.id, ondelete="CASCADE"), index=True
    )
    channel: Mapped[str] = mapped_column(String(8))
    address: Mapped[str] = mapped_column(String(320))
    provider: Mapped[str] = mapped_column(String(16))
    can_receive: Mapped[bool] = mapped_column(default=False)
    gives_receipts: Mapped[bool] = mapped_column(
        default=False, doc="proven by a first receipt of its own, never by configuration"
    )
    active: Mapped[bool] = mapped_column(server_default=true(), default=True)
    suspended_at: Mapped[datetime | None] = mapped_column(
        doc="the provider takes nothing from it any more, through a fault of ours or of its own,"
        " or does not answer"
    )
    suspended_code: Mapped[str | None] = mapped_column(
        String(24), doc="the provider's own code, or `NO_ANSWER`"
    )
    suspended_by: Mapped[str | None] = mapped_column(
        String(8), doc="`answer` or `receipt`: what said so, and what will say that it is over"
    )
    probe_at: Mapped[datetime | None] = mapped_column(doc="when one delivery may try it again")
    probes: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    rate_per_second: Mapped[float | None] = mapped_column(
        Float, doc="messages that its provider takes; None: as many as come"
    )
    line_opens_at: Mapped[datetime | None] = mapped_column(
        doc="when the next of the line that waits for this sender may be claimed"
    )

    label: Mapped[str | None] = mapped_column(String(80), doc="what staff call it")
    priority: Mapped[int] = mapped_column(
        SmallInteger, server_default="10", default=10, doc="the lowest is taken first"
    )
    operators: Mapped[list[str]] = mapped_column(
        ARRAY(String(16)),
        server_default=text("'{}'"),
        default=list,
        doc="whose subscribers it is for (`utils/operators.py`); none named: everybody's",
    )
    credentials: Mapped[Any | None] = mapped_column(
        SealedJSON("senders.credentials"), doc="of its own; None: those of the settings"
    )
    retired_at: Mapped[datetime | None] = mapped_column(
        doc="given up for good: kept for what went out from it, its address is free again"
    )
    version: Mapped[int] = mapped_column(Integer, server_default="1", default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own spelling
    __table_args__ = (
        CheckConstraint("rate_per_second > 0", name="rate_positive"),
        CheckConstraint("channel in ('sms', 'voice', 'email', 'whatsapp')", name="channel_known"),
        CheckConstraint(
            "(suspended_at is null) = (suspended_by is null)"
            " and (suspended_at is null) = (probe_at is null)",
            name="suspension_whole",
        ),
        CheckConstraint("retired_at is null or not active", name="retired_out_of_use"),
        Index(
            "uq_senders_address",
            "establishment_id",
            "channel",
            "address",
            unique=True,
            postgresql_where=text("retired_at is null"),
        ),
        # What is written to a number, or calls it, has one owner. Across establishments, whose rows
        # do not see each other: only the database can say so.
        Index(
            "uq_senders_receiving",
            "channel",
            "address",
            unique=True,
            postgresql_where=text("can_receive and retired_at is null"),
        ),
    )

    @property
    def has_credentials(self) -> bool:
        """True when it goes by an account of its own; which one, nobody is shown."""
        return self.credentials is not None

    @property
    def rate_per_minute(self) -> float | None:
        """What it may send in a minute, for who thinks of a phone's SIM in minutes."""
        return None if self.rate_per_second is None else round(self.rate_per_second * 60, 3)
