"""Figures of a period in whole local days, at most a year. One statement for each of them.

Feedback is counted in the index that lists are found in: no sealed row is opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text

from database.session import ScopedSession
from models.establishment import Establishment
from models.reminder import Channel
from schemas.feedback import FeedbackChannel
from schemas.statistics import (
    AnswerTimes,
    Funnel,
    Lag,
    Statistics,
    Totals,
    Volume,
    WeekRating,
)
from services.errors import Invalid
from services.establishment.department import department_id_of
from services.overview.period import days_between, refuse_out_of_reach
from utils.clock import local_time

LONGEST = timedelta(days=366)
USUAL = timedelta(days=12 * 7)

_TOTALS = text(
    """
    select count(*) as feedbacks, count(rating) as rated, avg(rating)::float as average_rating,
        (count(*) filter (where rating >= 4))::float / nullif(count(rating), 0) as satisfied_share,
        count(*) filter (where state = 'open') as still_open
    from feedbacks
    where date_submitted >= :start and date_submitted < :until
        and (cast(:department as bigint) is null or department_id = :department)
    """
)
_WITH_VOICE = text(
    """
    select count(*) from feedbacks
    where date_submitted >= :start and date_submitted < :until and recording_id is not null
        and (cast(:department as bigint) is null or department_id = :department)
    """
)
_RATINGS = text(
    """
    select g.week, d.code as department, g.count, g.average, g.distribution from (
        select date_trunc('week', date_submitted at time zone :zone)::date as week, department_id,
            count(*) as count, avg(rating)::float as average,
            array[
                count(*) filter (where rating = 1), count(*) filter (where rating = 2),
                count(*) filter (where rating = 3), count(*) filter (where rating = 4),
                count(*) filter (where rating = 5)
            ] as distribution
        from feedbacks
        where date_submitted >= :start and date_submitted < :until and rating is not null
            and (cast(:department as bigint) is null or department_id = :department)
        group by 1, 2
    ) g left join departments d on d.id = g.department_id
    order by g.week, d.code nulls last
    """
)
_VOLUME = text(
    """
    select date_trunc('week', date_submitted at time zone :zone)::date as week, channel, language,
        count(*) as count
    from feedbacks
    where date_submitted >= :start and date_submitted < :until
        and (cast(:department as bigint) is null or department_id = :department)
    group by 1, 2, 3 order by 1, 2, 3
    """
)
_ANSWER_TIMES = text(
    """
    select count(*) as answered, (percentile_cont(array[0.5, 0.9]) within group (
        order by extract(epoch from answered_at - date_submitted)::float
    )) as times
    from feedbacks
    where date_submitted >= :start and date_submitted < :until and answered_at is not null
        and (cast(:department as bigint) is null or department_id = :department)
    """
)
_FUNNEL = text(
    """
    select channel, count(*) as total,
        count(*) filter (where status in ('scheduled', 'queued', 'sending')) as waiting,
        count(*) filter (where status = 'sent') as sent,
        count(*) filter (where status = 'delivered') as delivered,
        count(*) filter (where status in ('failed', 'undelivered')) as failed,
        count(*) filter (where status = 'unknown') as unknown,
        count(*) filter (where status = 'expired') as expired,
        count(*) filter (where status = 'suppressed') as suppressed,
        count(*) filter (where status = 'cancelled') as cancelled
    from deliveries where occurrence >= :start and occurrence < :until
    group by channel order by channel
    """
)
_LAG = text(
    """
    select count(*) as count, (percentile_cont(array[0.5, 0.9, 0.99]) within group (
        order by greatest(extract(epoch from attempted_at - due_at)::float, 0)
    )) as lags
    from deliveries
    where occurrence >= :start and occurrence < :until and attempt = 1 and attempted_at is not null
    """
)


@dataclass(frozen=True)
class Period:
    """Whole local days, both included."""

    first: date
    last: date

    @classmethod
    def asked(
        cls, establishment: Establishment, first: date | None, last: date | None, now: datetime
    ) -> Period:
        """What was asked for, by default the last twelve weeks; raises `Invalid` over a year."""
        if first is None and last is not None:  # or the first day, which nobody gave, is at fault
            refuse_out_of_reach(last, "query.to")
        end = last or local_time(now, establishment.zone).date()
        begin = first or _before(end, USUAL - timedelta(days=1))
        if not begin <= end <= _after(begin, LONGEST):
            raise Invalid(
                "`from` is not after `to`, at most 366 days.",
                field="query.from",
                code="period_invalid",
            )
        return cls(begin, end)


def _before(day: date, distance: timedelta) -> date:
    return day - distance if day - date.min > distance else date.min


def _after(day: date, distance: timedelta) -> date:
    return day + distance if date.max - day > distance else date.max


def statistics(
    session: ScopedSession,
    establishment: Establishment,
    period: Period,
    department: str | None = None,
) -> Statistics:
    """Everything about a period, of one department or of all. Raises `Invalid`."""
    start, until = days_between(establishment, period.first, period.last)
    values: dict[str, Any] = {
        "start": start,
        "until": until,
        "zone": establishment.time_zone,
        "department": department_id_of(session, department) if department else None,
    }
    times = session.execute(_ANSWER_TIMES, values).one()
    lag = session.execute(_LAG, values).one()
    return Statistics(
        first=period.first,
        last=period.last,
        department=department,
        time_zone=establishment.time_zone,
        totals=Totals(
            **session.execute(_TOTALS, values).mappings().one(),
            with_voice=session.execute(_WITH_VOICE, values).scalar_one(),
        ),
        ratings=[
            WeekRating.model_validate(row) for row in session.execute(_RATINGS, values)
        ],
        volume=[
            Volume(week=r.week, channel=FeedbackChannel(r.channel), language=r.language,
                   count=r.count)
            for r in session.execute(_VOLUME, values)
        ],
        answer_times=AnswerTimes(
            answered=times.answered,
            median_seconds=times.times[0] if times.times else None,
            p90_seconds=times.times[1] if times.times else None,
        ),
        funnel=[
            Funnel(**(dict(row) | {"channel": Channel(row["channel"])}))
            for row in session.execute(_FUNNEL, values).mappings()
        ],
        lag=Lag(
            count=lag.count,
            **dict(
                zip(
                    ("median_seconds", "p90_seconds", "p99_seconds"),
                    lag.lags or (None, None, None),
                    strict=True,
                )
            ),
        ),
    )  # fmt: skip
