"""Reminders as they are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

from sqlalchemy import case, select, tuple_

from database.session import ScopedSession
from models.delivery import WAITING, Delivery, DeliveryEvent
from models.establishment import Establishment
from models.reminder import Channel, Reminder, ReminderStatus
from schemas.common import Page, shortened
from schemas.reminder import (
    DeliveryEventOut,
    DeliveryOut,
    LeftOutRun,
    NextOccurrence,
    ReminderDetail,
    ReminderOut,
    ReminderPlan,
    ReminderSummary,
    ReminderTimes,
    RetryOut,
)
from services.audit import audit
from services.contact import reference_index
from services.dispatch.attempts import DAILY_CAP
from services.errors import Invalid
from services.identity import Principal
from services.omission import listed, skipped_after
from services.paging import decode_cursor, encode_cursor
from services.policy import policy_of
from services.reminder import trace
from services.reminder_plan import Plan, sms_text
from services.reminder_times import SHOWN_AHEAD
from services.series import turns_to_come
from utils.clock import HOLIDAY, QUIET_HOURS, local_time
from utils.sms_encoding import analyse

ANSWER_BYTES = 1000
"""Of a short answer: the message gets what the other fields leave."""


def plan_view(establishment: Establishment, planned: Plan) -> ReminderPlan:
    """A plan as a preview shows it."""
    times = planned.times
    coming = [
        *(
            _coming(establishment, d.occurrence, d.due_at, _code(d.deferred))
            for d in times.deliveries
        ),
        *(_coming(establishment, t.occurrence, t.due_at, _code(t.deferred)) for t in times.to_come),
    ]
    return ReminderPlan(
        channels=[Channel(channel) for channel in planned.channels],
        language=planned.language,
        encoding=planned.encoding,
        segments=planned.segments,
        local_time=planned.local_time,
        deferred=planned.deferred,
        next_occurrences=coming,
        omissions=[
            LeftOutRun(
                reason=notice.reason, first=notice.occurrence, last=notice.occurrence, count=1
            )
            for notice in times.left_out
        ],
    )


def _coming(
    establishment: Establishment,
    occurrence: datetime,
    due_at: datetime,
    deferred: str | None,
) -> NextOccurrence:
    return NextOccurrence(
        occurrence=occurrence,
        local_time=_shown(due_at, establishment),
        deferred=deferred,
    )


def _shown(moment: datetime, establishment: Establishment) -> str:
    return local_time(moment, establishment.zone).strftime("%Y-%m-%d %H:%M")


def next_occurrences(
    session: ScopedSession, establishment: Establishment, reminder: Reminder
) -> list[NextOccurrence]:
    """The next few times at which a reminder goes out, and those among them that are skipped."""
    if reminder.status not in (ReminderStatus.scheduled, ReminderStatus.active):
        return []
    now = session.now()
    waiting = session.scalars(
        select(Delivery)
        .where(Delivery.reminder_id == reminder.id, Delivery.status.in_(WAITING))
        .order_by(Delivery.occurrence, Delivery.id)
    ).all()
    coming = [
        _coming(establishment, d.occurrence, d.due_at, _why_deferred(session, d)) for d in waiting
    ]
    if reminder.rrule is not None:
        later = turns_to_come(session, reminder, now)
        coming += [
            _coming(establishment, t.occurrence, t.due_at, _code(t.deferred))
            for t in islice(later, SHOWN_AHEAD)
        ]
    coming += [
        NextOccurrence(occurrence=moment, local_time=_shown(moment, establishment), skipped=True)
        for moment in skipped_after(session, reminder.id, now)
    ]
    return sorted(coming, key=lambda shown: shown.occurrence)[:SHOWN_AHEAD]


def reminder_view(
    session: ScopedSession, establishment: Establishment, reminder: Reminder
) -> ReminderOut:
    """The short answer: the published fields and what will happen, under 1 KB."""
    first = session.scalar(
        select(Delivery)
        .where(Delivery.reminder_id == reminder.id)
        .order_by(
            Delivery.status.in_(WAITING).desc(),
            case((Delivery.status.in_(WAITING), Delivery.due_at)),
            Delivery.id.desc(),
        )
        .limit(1)
    )
    sms = (
        analyse(sms_text(establishment, reminder.language, reminder.message))
        if Channel.sms in reminder.channels
        else None
    )
    goes_out = first.due_at if first else reminder.scheduled_time
    answer = ReminderOut(
        id=reminder.id,
        patient_id=reminder.patient_id,
        message="",
        language=reminder.language,
        scheduled_time=reminder.scheduled_time,
        phone_number=reminder.phone.value if reminder.phone else None,
        email=reminder.email.value if reminder.email else None,
        status=reminder.status,
        channels=[Channel(channel) for channel in reminder.channels],
        rrule=reminder.rrule,
        encoding=sms.encoding if sms else None,
        segments=sms.segments if sms else None,
        local_time=_shown(goes_out, establishment),
        deferred=_why_deferred(session, first) if first else None,
        event_time=reminder.event_time,
        **_messages_before(session, reminder),
    )
    left = ANSWER_BYTES - len(answer.model_dump_json().encode())
    message, cut = shortened(reminder.message, left)
    return answer.model_copy(
        update={"message": message, "message_truncated": True if cut else None}
    )


def _why_deferred(session: ScopedSession, delivery: Delivery) -> str | None:
    """Why a delivery waits for another time than asked for, as the last step of its trace says."""
    if delivery.due_at == delivery.occurrence:
        return None
    cause = session.scalar(
        select(DeliveryEvent.cause)
        .where(DeliveryEvent.delivery_id == delivery.id, DeliveryEvent.status != "queued")
        .order_by(DeliveryEvent.id.desc())
        .limit(1)
    )
    return _code(cause)


def _code(cause: str | None) -> str | None:
    """The stable word for what keeps a message from going out when it was asked for."""
    why = (cause or "").partition(":")[0]
    return why.replace(" ", "_") if why in (QUIET_HOURS, HOLIDAY, DAILY_CAP) else None


def _messages_before(session: ScopedSession, reminder: Reminder) -> dict[str, list[timedelta]]:
    """A relative reminder's messages: those that go out or went, and those that do not."""
    if reminder.before is None or reminder.event_time is None:
        return {}
    left_out = {reminder.event_time - omission.first for omission in listed(session, reminder.id)}
    distances = [timedelta(seconds=ahead) for ahead in reminder.before]
    return {
        "before": [ahead for ahead in distances if ahead not in left_out],
        "left_out": [ahead for ahead in distances if ahead in left_out],
    }


def detail_view(
    session: ScopedSession,
    establishment: Establishment,
    reminder: Reminder,
    principal: Principal,
) -> ReminderDetail:
    """A reminder with its trace. It shows an address, so the reading is audited."""
    short = reminder_view(session, establishment, reminder)
    audit(session, principal, "read", "reminder", reminder.id)
    deliveries = [
        DeliveryOut.model_validate(delivery).model_copy(
            update={"events": [DeliveryEventOut.model_validate(event) for event in events]}
        )
        for delivery, events in trace(session, reminder.id)
    ]
    policy = policy_of(establishment, reminder)
    whole = dict(short) | {"message": reminder.message, "message_truncated": None}
    return ReminderDetail(
        **whole,
        expects_reply=reminder.expects_reply,
        valid_for=reminder.validity_seconds,
        retry=RetryOut.model_validate(policy),
        receipt_window=policy.receipt_window_seconds,
        escalate=policy.escalate,
        created_at=reminder.created_at,
        version=reminder.version,
        next_occurrences=next_occurrences(session, establishment, reminder),
        omissions=[LeftOutRun.model_validate(run) for run in listed(session, reminder.id)],
        deliveries=deliveries,
    )


def times_view(
    session: ScopedSession, establishment: Establishment, reminder: Reminder
) -> ReminderTimes:
    """When a reminder goes out from now on, and what it leaves out."""
    return ReminderTimes(
        id=reminder.id,
        status=reminder.status,
        version=reminder.version,
        next_occurrences=next_occurrences(session, establishment, reminder),
        omissions=[LeftOutRun.model_validate(run) for run in listed(session, reminder.id)],
    )


def summaries(
    session: ScopedSession,
    *,
    status: ReminderStatus | None,
    patient_id: str | None,
    since: datetime | None,
    until: datetime | None,
    cursor: str | None,
    limit: int,
) -> Page[ReminderSummary]:
    """A page of reminders, the latest scheduled time first."""
    wanted = select(Reminder)
    if status is not None:
        wanted = wanted.where(Reminder.status == status)
    if patient_id is not None:
        wanted = wanted.where(Reminder.patient_id_index == reference_index(session, patient_id))
    if since is not None:
        wanted = wanted.where(Reminder.scheduled_time >= aware(since, "since"))
    if until is not None:
        wanted = wanted.where(Reminder.scheduled_time < aware(until, "until"))
    if cursor is not None:
        wanted = wanted.where(
            tuple_(Reminder.scheduled_time, Reminder.id) < tuple_(*decode_cursor(cursor))
        )
    rows = session.scalars(
        wanted.order_by(Reminder.scheduled_time.desc(), Reminder.id.desc()).limit(limit + 1)
    ).all()
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(
        items=[ReminderSummary.model_validate(row) for row in shown],
        cursor=encode_cursor(shown[-1].scheduled_time, shown[-1].id) if more else None,
    )


def aware(value: datetime, name: str) -> datetime:
    """A time in a query, in UTC; without an offset it is taken as UTC."""
    try:
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        raise Invalid("This time is out of range.", field=f"query.{name}") from error
