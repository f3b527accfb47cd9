"""Reminders as they are shown."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select, tuple_

from database.session import ScopedSession
from models.delivery import Delivery, DeliveryEvent
from models.establishment import Establishment
from models.reminder import Channel, Reminder, ReminderStatus
from schemas.common import Page, shortened
from schemas.reminder import (
    DeliveryEventOut,
    DeliveryOut,
    ReminderDetail,
    ReminderOut,
    ReminderPlan,
    ReminderSummary,
    RetryOut,
)
from services.audit import audit
from services.contact import reference_index
from services.dispatch.attempts import DAILY_CAP
from services.errors import Invalid
from services.identity import Principal
from services.paging import decode_cursor, encode_cursor
from services.policy import policy_of
from services.reminder import trace
from services.reminder_plan import Plan, sms_text
from utils.clock import HOLIDAY, QUIET_HOURS, local_time
from utils.sms_encoding import analyse

ANSWER_BYTES = 1000
"""Of a short answer: the message gets what the other fields leave."""


def plan_view(planned: Plan) -> ReminderPlan:
    """A plan as a preview shows it."""
    return ReminderPlan.model_validate(planned)


def reminder_view(
    session: ScopedSession, establishment: Establishment, reminder: Reminder
) -> ReminderOut:
    """The short answer: the published fields and what will happen, under 1 KB."""
    first = session.scalar(
        select(Delivery)
        .where(Delivery.reminder_id == reminder.id)
        .order_by(Delivery.id.desc())
        .limit(1)
    )
    sms = (
        analyse(sms_text(establishment, reminder.language, reminder.message))
        if Channel.sms in reminder.channels
        else None
    )
    goes_out = first.due_at if first else reminder.scheduled_time
    deferred = _why_deferred(session, first) if first is not None else None
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
        local_time=local_time(goes_out, establishment.zone).strftime("%Y-%m-%d %H:%M"),
        deferred=deferred,
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
    why = (cause or "").partition(":")[0]
    return why.replace(" ", "_") if why in (QUIET_HOURS, HOLIDAY, DAILY_CAP) else None


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
        deliveries=deliveries,
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
