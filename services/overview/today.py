"""The day at a glance: what goes out, what did not arrive, what waits for somebody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from sqlalchemy import CTE, Row, func, literal, select

from database.session import ScopedSession
from models.alarm import Alarm, AlarmKind
from models.delivery import WAITING, Delivery, DeliveryStatus
from models.due import Due
from models.establishment import Establishment, Sender
from models.feedback import Feedback, FeedbackState
from models.reminder import Channel, Reminder
from models.task import Task, TaskState
from schemas.delivery import DeliveryCount, DeliverySummary
from schemas.today import (
    FeedbackToday,
    HourCount,
    NotArrived,
    Outgoing,
    SystemReason,
    SystemState,
    TaskKindCount,
    TasksWaiting,
    Today,
    UnknownNow,
)
from services.delivery.view import lag_seconds, summary, unknowns
from services.identity import Principal
from services.overview.health import Health
from utils.clock import local_time, moment_at

NIGHT_ENDS = time(7)
SHOWN = 10
LOOK_BACK = timedelta(days=1)
_NOT_ARRIVED = (
    DeliveryStatus.unknown,
    DeliveryStatus.undelivered,
    DeliveryStatus.failed,
    DeliveryStatus.expired,
)


def today(
    session: ScopedSession,
    establishment: Establishment,
    principal: Principal,
    reasons: Sequence[str],
) -> Today:
    """The day as it is now; `reasons` are what is not well with the service as a whole."""
    now = session.now()
    local = local_time(now, establishment.zone)
    midnight = moment_at(datetime.combine(local.date(), time()), establishment.zone)
    tomorrow = local.date() + timedelta(days=1)
    until = moment_at(datetime.combine(tomorrow, NIGHT_ENDS), establishment.zone)
    return Today(
        now=now,
        day=local.date(),
        time_zone=establishment.time_zone,
        until=until,
        outgoing=_outgoing(session, establishment, until),
        not_arrived=_not_arrived(session, now - LOOK_BACK),
        tasks=_tasks(session, principal),
        unknown=_unknown(session),
        feedback=_feedback(session, principal, midnight),
        system=_system(session, reasons),
    )


def of_the_service(health: Health) -> list[str]:
    """What is not well with the service as a whole: alarms are each establishment's own."""
    return [reason for reason in health.reasons if reason not in set(AlarmKind)]


def _outgoing(session: ScopedSession, establishment: Establishment, until: datetime) -> Outgoing:
    coming = _coming(establishment, until)
    waiting = Delivery.status.in_(WAITING)
    zone = literal(establishment.time_zone)
    local_hour = func.date_trunc("hour", func.timezone(zone, coming.c.due_at))
    hour = func.timezone(zone, local_hour).label("hour")
    hours = session.execute(
        select(hour, Delivery.channel, func.count())
        .join(coming, coming.c.delivery_id == Delivery.id)
        .where(waiting)
        .group_by(hour, Delivery.channel)
        .order_by(hour, Delivery.channel)
    ).all()
    ids = session.scalars(
        select(Delivery.id)
        .join(coming, coming.c.delivery_id == Delivery.id)
        .where(waiting)
        .order_by(coming.c.due_at, Delivery.id)
        .limit(SHOWN)
    ).all()
    shown = {d.id: summary(d, patient_id) for d, patient_id in _deliveries(session, ids)}
    return Outgoing(
        total=sum(count for _, _, count in hours),
        by_hour=[HourCount(hour=h, channel=Channel(c), count=n) for h, c, n in hours],
        next=[shown[number] for number in ids if number in shown],
    )


def _coming(establishment: Establishment, until: datetime) -> CTE:
    """What is due until a time, from the due queue, which holds what is to come and nothing else.

    What is claimed and what is not by an index each.
    """
    due = select(Due.delivery_id, Due.due_at).where(
        Due.establishment_id == establishment.id, ~Due.asks, Due.due_at < until
    )
    unclaimed, claimed = Due.claimed_until.is_(None), Due.claimed_until.is_not(None)
    return due.where(unclaimed).union_all(due.where(claimed)).cte("coming")


def _deliveries(session: ScopedSession, ids: Sequence[int]) -> Sequence[Row[Delivery, str | None]]:
    return session.execute(
        select(Delivery, Reminder.patient_id)
        .join(Reminder, Reminder.id == Delivery.reminder_id)
        .where(Delivery.id.in_(ids))
    ).all()


def _not_arrived(session: ScopedSession, since: datetime) -> NotArrived:
    missed = (Delivery.not_arrived.in_(_NOT_ARRIVED), Delivery.occurrence >= since)
    counts = session.execute(
        select(Delivery.channel, Delivery.status, func.count())
        .where(*missed)
        .group_by(Delivery.channel, Delivery.status)
        .order_by(Delivery.channel, Delivery.status)
    ).all()
    ids = session.scalars(
        select(Delivery.id)
        .where(*missed)
        .order_by(Delivery.occurrence.desc(), Delivery.id.desc())
        .limit(SHOWN)
    ).all()
    shown: dict[int, DeliverySummary] = {
        d.id: summary(d, patient_id) for d, patient_id in _deliveries(session, ids)
    }
    return NotArrived(
        total=sum(count for _, _, count in counts),
        counts=[DeliveryCount(channel=Channel(c), status=s, count=n) for c, s, n in counts],
        latest=[shown[number] for number in ids],
    )


def _tasks(session: ScopedSession, principal: Principal) -> TasksWaiting:
    mine = Task.assigned_to == principal.user_id
    rows = session.execute(
        select(
            Task.kind,
            func.count().filter(mine),
            func.count().filter(Task.assigned_to.is_(None)),
            func.count(),
            func.count().filter(Task.due_at < func.now()),
        )
        .where(Task.state != TaskState.done)
        .group_by(Task.kind)
        .order_by(Task.kind)
    ).all()
    total = sum(row[3] for row in rows)
    my_own, nobodys = sum(row[1] for row in rows), sum(row[2] for row in rows)
    return TasksWaiting(
        mine=my_own,
        nobodys=nobodys,
        others=total - my_own - nobodys,
        overdue=sum(row[4] for row in rows),
        by_kind=[TaskKindCount(kind=row[0], count=row[3]) for row in rows],
    )


def _unknown(session: ScopedSession) -> UnknownNow:
    count, oldest = unknowns(session)
    return UnknownNow(count=count, oldest_seconds=oldest)


def _feedback(session: ScopedSession, principal: Principal, midnight: datetime) -> FeedbackToday:
    mine = Feedback.assigned_to == principal.user_id
    waiting = session.execute(
        select(
            func.count(),
            func.count().filter(mine),
            func.count().filter(Feedback.assigned_to.is_(None)),
        ).where(Feedback.state == FeedbackState.open)
    ).one()
    received = session.execute(
        select(func.count()).where(Feedback.date_submitted >= midnight)
    ).scalar_one()
    return FeedbackToday(
        received_today=received, open=waiting[0], open_mine=waiting[1], open_nobodys=waiting[2]
    )


def _system(session: ScopedSession, reasons: Sequence[str]) -> SystemState:
    place = session.establishment_id
    alarms = session.execute(
        select(Alarm.kind, Alarm.subject, Alarm.raised_at)
        .where(Alarm.establishment_id == place, Alarm.cleared_at.is_(None))
        .order_by(Alarm.raised_at)
    ).all()
    channels = {
        str(number): channel
        for number, channel in session.execute(
            select(Sender.id, Sender.channel).where(Sender.establishment_id == place)
        )
    }
    found = [SystemReason(code=code) for code in reasons]
    for kind, subject, since in alarms:
        channel = channels.get(subject) if kind == AlarmKind.sender_suspended else None
        found.append(
            SystemReason(code=kind, since=since, channel=Channel(channel) if channel else None)
        )
    return SystemState(
        status="degraded" if found else "ok", reasons=found, lag_seconds=lag_seconds(session)
    )
