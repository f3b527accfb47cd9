"""Deliveries as staff see them, and the figures behind alarms. Every question is bounded."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import func, select, text, tuple_

from database.session import ScopedSession
from models.delivery import NOT_ARRIVED, Delivery, DeliveryEvent, DeliveryStatus
from models.reminder import Channel, Reminder
from schemas.common import Page
from schemas.delivery import DeliveryCount, DeliveryOverview, DeliverySummary, UnknownCount
from services.errors import Invalid
from services.paging import decode_cursor, encode_cursor

OVERVIEW = timedelta(days=1)
LONGEST_OVERVIEW = timedelta(days=31)
MOST_UNKNOWN = 10_000
_LOOKED_AT = 1000

# How late the engine is, not how late the queue looks: a claim whose worker died begins its wait
# anew in `due`, the delivery itself remembers when it should have gone. The longest waiting are
# among the first in order; what is claimed is bounded by the engine. What stands in a sender's line
# goes at the pace that the hospital has set: it is not counted as late.
_LAG = text(
    """
    with waiting as (
        (select delivery_id from shared.due
         where establishment_id = :establishment_id and claimed_until is null and due_at <= now()
         order by due_at limit :most)
        union all
        (select delivery_id from shared.due
         where establishment_id = :establishment_id and claimed_until < 'infinity' limit :most)
    )
    select coalesce(extract(epoch from now() - min(d.due_at)), 0)::float
    from waiting w join deliveries d on d.id = w.delivery_id
    where d.status in ('scheduled', 'queued')
    """
)


def listed(
    session: ScopedSession,
    *,
    statuses: frozenset[DeliveryStatus],
    channel: Channel | None,
    since: datetime | None,
    cursor: str | None,
    limit: int,
) -> Page[DeliverySummary]:
    """A page of deliveries, the latest first; `since` is the time that they are meant for.

    `statuses`: any of these; none of them means whatever they are at.
    """
    wanted = select(Delivery, Reminder.patient_id).join(
        Reminder, Reminder.id == Delivery.reminder_id
    )
    if statuses:
        column = Delivery.not_arrived if statuses <= NOT_ARRIVED else Delivery.status
        wanted = wanted.where(column.in_(sorted(statuses)))
    if channel is not None:
        wanted = wanted.where(Delivery.channel == channel)
    if since is not None:
        wanted = wanted.where(Delivery.occurrence >= since)
    if cursor is not None:
        wanted = wanted.where(
            tuple_(Delivery.occurrence, Delivery.id) < tuple_(*decode_cursor(cursor))
        )
    rows = session.execute(
        wanted.order_by(Delivery.occurrence.desc(), Delivery.id.desc()).limit(limit + 1)
    ).all()
    shown = rows[:limit]
    last = shown[-1][0] if len(rows) > limit else None
    return Page(
        items=[summary(delivery, patient_id) for delivery, patient_id in shown],
        cursor=encode_cursor(last.occurrence, last.id) if last else None,
    )


def summary(delivery: Delivery, patient_id: str | None) -> DeliverySummary:
    """A delivery as it is shown in a list."""
    return DeliverySummary(
        id=delivery.id,
        reminder_id=delivery.reminder_id,
        patient_id=patient_id,
        channel=Channel(delivery.channel),
        occurrence=delivery.occurrence,
        due_at=delivery.due_at,
        valid_until=delivery.valid_until,
        status=delivery.status,
        attempt=delivery.attempt,
        error_code=delivery.error_code,
    )


def overview(
    session: ScopedSession, *, since: datetime | None, until: datetime | None
) -> DeliveryOverview:
    """Counts of a time (by default the last day), what is unknown and why, and how late it is.

    Raises `Invalid` for more than 31 days.
    """
    now = session.execute(select(func.now())).scalar_one()
    until = until or now
    since = since or until - OVERVIEW
    if not since <= until <= since + LONGEST_OVERVIEW:
        raise Invalid("`since` is before `until`, at most 31 days.", field="query.since")
    counts = session.execute(
        select(Delivery.channel, Delivery.status, func.count())
        .where(Delivery.occurrence >= since, Delivery.occurrence < until)
        .group_by(Delivery.channel, Delivery.status)
        .order_by(Delivery.channel, Delivery.status)
    )
    return DeliveryOverview(
        since=since,
        until=until,
        counts=[DeliveryCount(channel=c, status=s, count=n) for c, s, n in counts],
        unknown=_unknown(session),
        oldest_unknown_seconds=unknowns(session)[1],
        lag_seconds=lag_seconds(session),
    )


def _unknown(session: ScopedSession) -> list[UnknownCount]:
    """Why deliveries are unknown: what their last step into that state says.

    In two questions by index: as one, stale statistics lead it through every event there is.
    """
    rows = session.execute(
        select(Delivery.id, Delivery.channel)
        .where(Delivery.not_arrived == DeliveryStatus.unknown)
        .order_by(Delivery.attempted_at.desc())
        .limit(MOST_UNKNOWN)
    )
    channels = {row.id: row.channel for row in rows}
    steps = session.execute(
        select(DeliveryEvent.delivery_id, DeliveryEvent.cause, DeliveryEvent.code)
        .where(
            DeliveryEvent.delivery_id.in_(channels),
            DeliveryEvent.status == DeliveryStatus.unknown,
        )
        .order_by(DeliveryEvent.id)
    )
    last = {number: (channels[number], cause, code) for number, cause, code in steps}
    counts = Counter(last.values())
    return [
        UnknownCount(channel=Channel(channel), cause=cause, code=code, count=count)
        for (channel, cause, code), count in counts.most_common()
    ]


def unknowns(session: ScopedSession) -> tuple[int, float | None]:
    """How many deliveries are unknown, and the age of the oldest attempt in seconds."""
    count, age = session.execute(
        select(
            func.count(),
            func.extract("epoch", func.now() - func.min(Delivery.attempted_at)),
        ).where(Delivery.not_arrived == DeliveryStatus.unknown)
    ).one()
    return count, None if age is None else float(age)


def lag_seconds(session: ScopedSession) -> float:
    """How late the longest waiting delivery is; 0 when nothing is due."""
    late: float = session.execute(
        _LAG, {"establishment_id": session.establishment_id, "most": _LOOKED_AT}
    ).scalar_one()
    return max(late, 0.0)
