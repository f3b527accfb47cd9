"""Alarms: what is not well at an establishment, raised once and cleared when it is over.

Looked at by the schedulers every few seconds, at a bounded cost: what was due, what is unknown and
what ended in the last window, each by an index. What is raised shows in `/health/ready`, as a
metric, as a task for staff, and as a mail to the administrators (`services/alarm/mail.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from database.session import ScopedSession
from models.alarm import Alarm, AlarmKind
from models.establishment import Establishment, Sender
from models.task import ALARM
from services.alarm.mail import store_mails
from services.delivery.view import lag_seconds, unknowns
from services.task import close_task, open_task
from utils.logs import get_logger

# An alarm clears only well below what raises it: a figure that sways about its threshold would
# else raise it again and again.
SHARE_CLEARS, LAG_CLEARS, UNKNOWN_CLEARS = 0.8, 0.5, 0.8
_LEAVES_SOMETHING_TO_DO = frozenset({AlarmKind.webhooks_turned_away})
"""It is over, and somebody still has to look at what came of it: the task stays."""
_LOCK = 0x41_4C_52_4D  # "ALRM": one scheduler at a time looks at an establishment

log = get_logger("careloop.alarms")

# Events come in order of time: an index of a few pages finds the window's (with both its ends, a
# planner without fresh statistics finds it too). A delivery that failed
# on the way and arrived in the end counts as arrived.
_ENDED = text(
    """
    select count(*), count(*) filter (where failed) from (
        select bool_or(status in ('failed', 'undelivered')) and not bool_or(status = 'delivered')
            as failed
        from delivery_events
        where at > now() - make_interval(secs => :window) and at <= now()
            and status in ('sent', 'delivered', 'failed', 'undelivered')
        group by delivery_id
    ) ended
    """
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure: `raises` an alarm that is not raised, `stays` for one that is."""

    kind: AlarmKind
    value: float
    threshold: float
    raises: bool
    stays: bool
    subject: str = ""


def look(
    session: ScopedSession,
    place: Establishment,
    administrators: Sequence[int],
    *,
    mails: bool,
    turned_away: bool = False,
) -> None:
    """Raise, clear and tell, for one establishment; nothing while another scheduler does.

    `mails`: the establishment has something to send e-mail from. `turned_away`: within the last
    hour something that a provider told the service found no room; whose it was nobody knows.
    """
    alone = session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK, place.id)))
    if not alone:
        return
    readings = {(r.kind.value, r.subject): r for r in readings_of(session, place)}
    if turned_away:
        lost = Reading(AlarmKind.webhooks_turned_away, 1, 1, raises=True, stays=True)
        readings[lost.kind.value, ""] = lost
    raised = session.scalars(
        select(Alarm).where(Alarm.establishment_id == place.id, Alarm.cleared_at.is_(None))
    ).all()
    for alarm in raised:
        reading = readings.pop((alarm.kind, alarm.subject), None)
        if reading is None or not reading.stays:
            _clear(session, alarm)
    for reading in readings.values():
        if reading.raises:
            _raise(session, reading, mails=mails)
    store_mails(session, administrators if mails else ())


def readings_of(session: ScopedSession, place: Establishment) -> list[Reading]:
    """Every figure of an establishment, beside its threshold."""
    return [
        _failing(session, place),
        _late(session, place),
        _unknown(session, place),
        *_suspended(session),
    ]


def _failing(session: ScopedSession, place: Establishment) -> Reading:
    ended, failed = session.execute(_ENDED, {"window": place.alarm_window_seconds}).one()
    share = failed / ended if ended else 0.0
    return Reading(
        AlarmKind.deliveries_failing,
        value=share,
        threshold=place.alarm_failing_share,
        raises=ended >= place.alarm_failing_count and share >= place.alarm_failing_share,
        stays=share >= place.alarm_failing_share * SHARE_CLEARS,
    )


def _late(session: ScopedSession, place: Establishment) -> Reading:
    lag = lag_seconds(session)
    return Reading(
        AlarmKind.deliveries_late,
        value=lag,
        threshold=place.alarm_late_seconds,
        raises=lag >= place.alarm_late_seconds,
        stays=lag >= place.alarm_late_seconds * LAG_CLEARS,
    )


def _unknown(session: ScopedSession, place: Establishment) -> Reading:
    count, oldest = unknowns(session)
    worst = max(count / place.alarm_unknown_count, (oldest or 0) / place.alarm_unknown_seconds)
    return Reading(
        AlarmKind.deliveries_unknown,
        value=count,
        threshold=place.alarm_unknown_count,
        raises=worst >= 1,
        stays=worst >= UNKNOWN_CLEARS,
    )


def _suspended(session: ScopedSession) -> list[Reading]:
    numbers = session.scalars(
        select(Sender.id).where(
            Sender.establishment_id == session.establishment_id,
            Sender.active,
            Sender.suspended_at.is_not(None),
        )
    )
    return [
        Reading(AlarmKind.sender_suspended, 1, 1, raises=True, stays=True, subject=str(number))
        for number in numbers
    ]


def _raise(session: ScopedSession, reading: Reading, *, mails: bool) -> None:
    number = session.scalar(
        insert(Alarm)
        .values(
            establishment_id=session.establishment_id,
            kind=reading.kind,
            subject=reading.subject,
            value=reading.value,
            threshold=reading.threshold,
        )
        .on_conflict_do_nothing()
        .returning(Alarm.id)
    )
    if number is None:
        return
    open_task(session, ALARM, _task_key(reading.kind, reading.subject), subject=reading.kind)
    log.error(
        "alarm raised",
        establishment=session.establishment_id,
        alarm=reading.kind.value,
        value=round(reading.value, 3),
        threshold=reading.threshold,
    )
    if not mails:
        log.warning(
            "no sender for e-mail: nobody is told of the alarm by mail",
            establishment=session.establishment_id,
            alarm=reading.kind.value,
        )


def _clear(session: ScopedSession, alarm: Alarm) -> None:
    alarm.cleared_at = session.scalar(select(func.now()))
    session.flush()
    if alarm.kind not in _LEAVES_SOMETHING_TO_DO:
        close_task(session, _task_key(alarm.kind, alarm.subject))
    log.info("alarm cleared", establishment=session.establishment_id, alarm=alarm.kind)


def _task_key(kind: str, subject: str) -> str:
    return f"{ALARM}:{kind}:{subject}"
