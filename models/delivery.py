"""One occurrence of a reminder on one channel to one address: the state machine."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from database.types import Sealed
from models.address import Address
from models.base import Base, Created, Numbered
from models.reminder import Reminder


class DeliveryStatus(StrEnum):
    """The states of a delivery."""

    scheduled = "scheduled"
    queued = "queued"  # claimed by a scheduler, waiting for a worker
    sending = "sending"  # attempt stamped and committed; the provider is being called
    unknown = "unknown"  # the request may have left; being reconciled
    sent = "sent"  # accepted by the provider
    delivered = "delivered"
    undelivered = "undelivered"
    failed = "failed"  # refused
    expired = "expired"
    cancelled = "cancelled"
    suppressed = "suppressed"  # the address said stop


_S = DeliveryStatus
_PROVIDER_NEWS = frozenset({_S.sent, _S.failed, _S.undelivered, _S.delivered})
_NOT_SENT_AFTER_ALL = frozenset({_S.expired, _S.cancelled, _S.suppressed})

# From each state, the states that an event may move a delivery to. All else is ignored: it is
# late, repeated or out of order. What the provider says counts in every state in which an attempt
# may have left, and only ever moves up the ladder sent < failed < undelivered < delivered, so any
# order of the same events ends in the same state.
TRANSITIONS: dict[DeliveryStatus, frozenset[DeliveryStatus]] = {
    _S.scheduled: frozenset({_S.queued, _S.sending}) | _PROVIDER_NEWS | _NOT_SENT_AFTER_ALL,
    _S.queued: frozenset({_S.scheduled, _S.sending}) | _PROVIDER_NEWS | _NOT_SENT_AFTER_ALL,
    _S.sending: frozenset({_S.scheduled, _S.unknown}) | _PROVIDER_NEWS,
    _S.unknown: frozenset({_S.scheduled, _S.expired}) | _PROVIDER_NEWS,
    _S.sent: frozenset({_S.failed, _S.undelivered, _S.delivered}),
    _S.failed: frozenset({_S.undelivered, _S.delivered}),
    _S.undelivered: frozenset({_S.delivered}),
    _S.delivered: frozenset(),
    _S.expired: _PROVIDER_NEWS,
    _S.cancelled: frozenset({_S.scheduled}) | _PROVIDER_NEWS,  # staff want it after all
    _S.suppressed: _PROVIDER_NEWS,
}

# A way back outside the table. The provider itself says that nothing was delivered, through a
# fault of the sender's that has nothing to do with the patient: the attempt is taken as never made.
GIVEN_BACK = frozenset({_S.sending, _S.unknown, _S.sent})

FINAL = frozenset(
    {_S.sent, _S.delivered, _S.undelivered, _S.failed, _S.expired, _S.cancelled, _S.suppressed}
)
"""States that are carried over to the reminder: nothing more goes out by itself."""

CLOSED = FINAL - {_S.sent}
"""States that leave nothing to ask either. One that is `sent` may still wait for its receipt."""

CALLED_AGAIN = frozenset({_S.scheduled, _S.queued, _S.sending, _S.unknown, _S.sent})
"""States in which a call that nobody picked up may become `scheduled` again, for a new attempt.

The other way back, taken by `services/delivery/news.py` alone, before the delivery has
ended: `undelivered` and `failed` have made way for another channel.
"""

NOT_ARRIVED = frozenset({_S.unknown, _S.undelivered, _S.failed, _S.expired})
"""States that staff look for. `Delivery.not_arrived` has them, and an index."""

WAITING = frozenset({_S.scheduled, _S.queued})
"""States in which nothing has left yet: a cancel still wins."""

PLANNED_ANEW = _NOT_SENT_AFTER_ALL
"""States that staff may take a delivery out of, back to `scheduled`, by giving it another time
(`services/due/opening.py`): no attempt has left, or none that was not proven to have come back."""

NOT_GONE = WAITING | _NOT_SENT_AFTER_ALL
"""States of which an attempt, if there was one, came back: it is no message of that day."""


SENDER_SUSPENDED = "sender_suspended"
"""Our own code on a delivery that its sender holds up, through no fault of the patient's."""
GIVEN_UP = "given_up"
"""Our own code on a delivery that staff said did not arrive and must not be sent again."""


class Reply(StrEnum):
    """What a patient answered to a reminder."""

    confirmed = "confirmed"
    reschedule = "reschedule"  # cannot come then: staff agree on another time


def may_move(current: DeliveryStatus, to: DeliveryStatus) -> bool:
    """True when an event may move a delivery from `current` to `to`."""
    return to in TRANSITIONS[current]


class Delivery(Numbered, Created, Base):
    """A delivery. `attempt` and `attempted_at` are stamped, and committed, before each call."""

    __tablename__ = "deliveries"

    reminder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Reminder.id), index=True)
    occurrence: Mapped[datetime] = mapped_column(doc="the scheduled time that this one is for")
    before_seconds: Mapped[int] = mapped_column(
        Integer, server_default="0", default=0, doc="before the event; 0: not a relative reminder's"
    )
    channel: Mapped[str] = mapped_column(String(8))
    address_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Address.id))
    status: Mapped[str] = mapped_column(String(12), default=DeliveryStatus.scheduled)
    due_at: Mapped[datetime]
    valid_until: Mapped[datetime]
    attempt: Mapped[int] = mapped_column(SmallInteger, default=0)
    attempted_at: Mapped[datetime | None]
    sender_id: Mapped[int | None] = mapped_column(
        Integer, doc="of `shared.senders`: the one that the latest attempt was made from"
    )
    provider: Mapped[str | None] = mapped_column(String(16))
    provider_id: Mapped[str | None] = mapped_column(String(128))
    error_code: Mapped[str | None] = mapped_column(String(24))
    not_arrived: Mapped[str | None] = mapped_column(
        String(12),
        Computed(
            "case when status in ('unknown', 'undelivered', 'failed', 'expired') then status end",
            persisted=True,
        ),
        doc="the status, where staff may look for it: to be asked for instead of `status`",
    )
    correlation_id: Mapped[str | None] = mapped_column(String(64))
    message: Mapped[str | None] = mapped_column(
        Sealed("deliveries.message"), doc="what it said, where the reminder now says another thing"
    )
    reply: Mapped[str | None] = mapped_column(String(12), doc="what the patient answered to it")
    replied_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "status in (" + ", ".join(f"'{status}'" for status in DeliveryStatus) + ")",
            name="status_known",
        ),
        CheckConstraint("reply in ('confirmed', 'reschedule')", name="reply_known"),
        UniqueConstraint("reminder_id", "occurrence", "before_seconds", "channel"),
        # No index names what an ordinary delivery's transitions change (status, attempt and their
        # times), not even in its predicate, and pages have room: so a transition writes the row
        # and no index.
        #
        # An attempt is never later than `valid_until`, which stands still: the attempts of one day
        # are counted without those of all the days before.
        Index("ix_deliveries_address_id_valid_until", "address_id", "valid_until"),
        # For lists and counts of a day: it never changes, so a cursor never loses its place.
        Index("ix_deliveries_occurrence", "occurrence", "id"),
        # What staff look for among very many: few rows ever come in here.
        Index(
            "ix_deliveries_not_arrived",
            "not_arrived",
            "occurrence",
            "id",
            postgresql_where=text("not_arrived is not null"),
        ),
        {"postgresql_with": {"fillfactor": 50}},
    )


class DeliveryEvent(Numbered, Base):
    """One transition: the trace that staff see. Append-only."""

    __tablename__ = "delivery_events"

    delivery_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Delivery.id), index=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    status: Mapped[str] = mapped_column(String(12))
    cause: Mapped[str] = mapped_column(String(40))
    code: Mapped[str | None] = mapped_column(String(24), doc="the provider's own code")
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    sender_id: Mapped[int | None] = mapped_column(
        Integer, doc="of `shared.senders`: what an attempt was made from"
    )

    __table_args__ = (
        # Rows come in order of time and stay where they are: a few pages tell what happened in
        # the last hour, and each new row costs next to nothing.
        Index(
            "ix_delivery_events_at",
            "at",
            postgresql_using="brin",
            postgresql_with={"autosummarize": "on", "pages_per_range": 16},
        ),
    )
