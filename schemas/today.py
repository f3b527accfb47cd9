"""The day as staff see it when they come in: figures and stable words, no address."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from models.reminder import Channel
from schemas.common import Out, UtcOut
from schemas.delivery import DeliveryCount, DeliverySummary


class HourCount(Out):
    """How many messages go out in one hour on one channel."""

    hour: UtcOut = Field(description="when it begins, by the establishment's clock")
    channel: Channel
    count: int


class Outgoing(Out):
    """What goes out today and tonight."""

    total: int
    by_hour: list[HourCount]
    next: list[DeliverySummary] = Field(description="the next few, the first one first")


class NotArrived(Out):
    """What did not arrive since yesterday at this time."""

    total: int
    counts: list[DeliveryCount]
    latest: list[DeliverySummary]


class TaskKindCount(Out):
    """How many tasks of one kind are not done."""

    kind: str
    count: int


class TasksWaiting(Out):
    """Tasks that are not done."""

    mine: int
    nobodys: int
    others: int
    overdue: int = Field(description="of all of them")
    by_kind: list[TaskKindCount]


class UnknownNow(Out):
    """Messages of which no provider can tell whether they arrived."""

    count: int
    oldest_seconds: float | None


class FeedbackToday(Out):
    """What patients said, and what waits for an answer."""

    received_today: int
    open: int
    open_mine: int
    open_nobodys: int


class SystemReason(Out):
    """Why something is not well: a stable code that the console puts into words."""

    code: str = Field(
        description="no_scheduler_seen, no_worker_seen, queue_unreachable, dry_run,"
        " deliveries_failing, deliveries_late, deliveries_unknown, sender_suspended,"
        " webhooks_turned_away"
    )
    since: UtcOut | None = Field(default=None, description="of an alarm")
    channel: Channel | None = Field(default=None, description="of a suspended sender")


class SystemState(Out):
    """How the service is, as far as this establishment is concerned."""

    status: str = Field(description="ok or degraded")
    reasons: list[SystemReason]
    lag_seconds: float = Field(description="how late the longest waiting message is now")


class Today(Out):
    """Everything on the console's first page, in one answer."""

    now: UtcOut
    day: date = Field(description="by the establishment's calendar")
    time_zone: str
    until: UtcOut = Field(description="the end of tonight: what `outgoing` counts to")
    outgoing: Outgoing
    not_arrived: NotArrived
    tasks: TasksWaiting
    unknown: UnknownNow
    feedback: FeedbackToday
    system: SystemState
