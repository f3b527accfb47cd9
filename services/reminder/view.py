"""Reminders as they are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import case, select, tuple_

from database.session import ScopedSession
from models.delivery import WAITING, Delivery
from models.establishment import Establishment
from models.reminder import Channel, Purpose, Reminder, ReminderStatus
from schemas.common import Page, shortened
from schemas.reminder import (
    DeliveryEventOut,
    DeliveryOut,
    LeftOutRun,
    ReminderDetail,
    ReminderOut,
    ReminderPlan,
    ReminderSummary,
    ReminderTimes,
    RetryOut,
)
from services.audit import audit
from services.contact.contacts import reference_index
from services.device_clock import clock_wrong
from services.errors import Invalid
from services.identity import Principal
from services.paging import decode_cursor, encode_cursor
from services.policy import policy_of
from services.reminder.forecast import (
    coming_of,
    deferral,
    next_occurrences,
    shown_time,
    why_deferred,
)
from services.reminder.plan import Plan
from services.reminder.reminders import trace
from services.reminder.reply_hint import reminder_sms
from services.reminder.times import PlannedDelivery
from services.sender.senders import names
from services.series.omission import listed
from services.series.relative import distances
from services.series.series import Turn
from services.sms import sms_text
from utils.clock import within_reach
from utils.sms_encoding import analyse

ANSWER_BYTES = 1000
"""Of a short answer: the message gets what the other fields leave."""


def plan_view(establishment: Establishment, planned: Plan) -> ReminderPlan:
    """A plan as a preview shows it."""
    times = planned.times
    one_after_the_other: tuple[PlannedDelivery | Turn, ...] = (*times.deliveries, *times.to_come)
    coming = [
        coming_of(establishment, one.occurrence, one.due_at, deferral(one.deferred))
        for one in one_after_the_other
    ]
    return ReminderPlan(
        channels=[Channel(channel) for channel in planned.channels],
        language=planned.language,
        encoding=planned.encoding,
        segments=planned.segments,
        asks=planned.asks,
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
        analyse(sms_text(establishment, reminder.language, reminder_sms(session, reminder)))
        if Channel.sms in reminder.channels
        else None
    )
    goes_out = first.due_at if first else reminder.scheduled_time
    deferred = why_deferred(session, first) if first is not None else None
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
        local_time=shown_time(goes_out, establishment),
        deferred=deferred,
        event_time=reminder.event_time,
        **_messages_before(session, establishment, reminder),
    )
    left = ANSWER_BYTES - len(answer.model_dump_json().encode())
    message, cut = shortened(reminder.message, left)
    return answer.model_copy(
        update={"message": message, "message_truncated": True if cut else None}
    )


def _messages_before(
    session: ScopedSession, establishment: Establishment, reminder: Reminder
) -> dict[str, list[timedelta]]:
    """A relative reminder's messages: those that go out or went, and those that do not."""
    if reminder.before is None or reminder.event_time is None:
        return {}
    before = [timedelta(seconds=ahead) for ahead in reminder.before]
    firsts = {omission.first for omission in listed(session, reminder.id)}
    left_out = distances(reminder.event_time, establishment.zone, before, firsts)
    return {
        "before": [ahead for ahead in before if ahead not in left_out],
        "left_out": [ahead for ahead in before if ahead in left_out],
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
    called = names(session)
    deliveries = [
        DeliveryOut.model_validate(delivery).model_copy(
            update={
                "sender": called.get(delivery.sender_id or 0),
                "events": [DeliveryEventOut.model_validate(event) for event in events],
            }
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
        recorded_at=reminder.recorded_at,
        clock_wrong=clock_wrong(reminder.recorded_at, reminder.clock_offset, reminder.created_at),
        cancelled_at=reminder.cancelled_at,
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
    """A page of what staff have set, the latest scheduled time first; replies are left out."""
    wanted = select(Reminder).where(Reminder.purpose == Purpose.reminder)
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
    if not within_reach(value):
        raise Invalid("This time is out of range.", field=f"query.{name}")
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
