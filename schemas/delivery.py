"""Deliveries as staff see them: lists and counts, no address."""

from __future__ import annotations

from pydantic import Field

from models.reminder import Channel
from schemas.common import Out, UtcOut


class DeliverySummary(Out):
    """A delivery in a list: whose reminder, by which channel, what became of it."""

    id: int
    reminder_id: int
    patient_id: str | None
    channel: Channel
    occurrence: UtcOut
    due_at: UtcOut
    valid_until: UtcOut
    status: str
    attempt: int
    error_code: str | None


class DeliveryCount(Out):
    """How many deliveries of one channel are in one state."""

    channel: Channel
    status: str
    count: int


class UnknownCount(Out):
    """How many unknown deliveries became so in the same way."""

    channel: Channel
    cause: str = Field(description="`answer`: the call's outcome; `lease ran out`: a crash")
    code: str | None = Field(description="timeout, cut, or the provider's own code")
    count: int


class DeliveryOverview(Out):
    """What goes out and what did not arrive."""

    since: UtcOut
    until: UtcOut
    counts: list[DeliveryCount] = Field(description="of the deliveries meant for that time")
    unknown: list[UnknownCount] = Field(description="all that are unknown now, whenever meant for")
    oldest_unknown_seconds: float | None
    lag_seconds: float = Field(description="how late the longest waiting delivery is now")
