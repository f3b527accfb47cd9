"""Reminders: planned, stored with their first deliveries, read. Changes: `change.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from database.session import ScopedSession
from models.address import Address
from models.delivery import Delivery, DeliveryEvent, DeliveryStatus
from models.establishment import Establishment
from models.omission import OmissionReason
from models.reminder import Purpose, Reminder, ReminderStatus
from schemas.reminder import ReminderIn
from services.audit import audit
from services.contact.address import address_for
from services.contact.contacts import hold_addresses, reference_index
from services.delivery.moves import move
from services.due.opening import open_delivery
from services.errors import Conflict, NotFound
from services.identity import Principal, differing, fingerprint
from services.policy import WISHES, wishes
from services.reminder.plan import Senders, TimesOf, plan
from services.reminder.times import SYNCED_TOO_LATE, times_of
from services.series.omission import Run, leave_out
from services.whatsapp_window import Thread

_SUBMITTED = frozenset(ReminderIn.model_fields) - {"client_id"}


@dataclass(frozen=True)
class Stored:
    """A stored reminder; `created` is False when the same submission was already here."""

    reminder: Reminder
    created: bool


@dataclass(frozen=True)
class Captured:
    """How a reminder was captured: now, unless a device kept it while it was offline.

    `recorded_at` is by the device's clock, `clock_offset` the seconds by which that was slow.
    """

    times_of: TimesOf = times_of
    recorded_at: datetime | None = None
    clock_offset: int | None = None


NOW = Captured()


def create(
    session: ScopedSession,
    establishment: Establishment,
    senders: Senders,
    wanted: ReminderIn,
    *,
    identity: UUID,
    principal: Principal,
    now: datetime,
    correlation_id: str | None = None,
    captured: Captured = NOW,
    purpose: Purpose = Purpose.reminder,
    thread: Thread | None = None,
) -> Stored:
    """Store a reminder with its first deliveries, in this transaction.

    `thread` is a conversation in which it is said if that is still possible when it goes out.
    The same identity with the same body is the same reminder; with another body a `Conflict`.
    """
    print_of_body = fingerprint(submitted_fields(wanted))
    known = _known(session, identity, wanted)
    if known is not None:
        return Stored(known, created=False)
    if wanted.patient_id:
        hold_addresses(session, wanted.patient_id)
    ahead = () if thread is None else (thread.channel,)
    planned = plan(session, establishment, senders, wanted, now, captured.times_of, ahead)
    times = planned.times
    reminder_id = session.scalar(
        insert(Reminder)
        .values(
            client_id=identity,
            fingerprint=print_of_body,
            contact_id=planned.contact.id if planned.contact else None,
            patient_id=wanted.patient_id,
            patient_id_index=(
                reference_index(session, wanted.patient_id) if wanted.patient_id else None
            ),
            message=planned.message,
            template=wanted.template,
            language=planned.language,
            scheduled_time=times.scheduled_time,
            phone_id=_address_id(session, "phone", planned.phone),
            email_id=_address_id(session, "email", planned.email),
            channels=planned.channels,
            rrule=times.rrule,
            event_time=times.event_time,
            before=[seconds(ahead) for ahead in times.before] if times.before else None,
            event_margin_seconds=seconds(times.margin),
            validity_seconds=seconds(times.validity),
            expects_reply=wanted.expects_reply,
            **wishes(wanted),
            status=ReminderStatus.active if times.rrule else ReminderStatus.scheduled,
            created_by=principal.actor,
            recorded_at=captured.recorded_at,
            clock_offset=captured.clock_offset,
            cancelled_at=now if times.never_begins else None,
            purpose=purpose,
            sender_id=None if thread is None else thread.sender_id,
            conversation_id=None if thread is None else thread.conversation_id,
        )
        .on_conflict_do_nothing(index_elements=["client_id"])
        .returning(Reminder.id)
    )
    if reminder_id is None:  # the same submission won a race against this one
        known = _known(session, identity, wanted)
        assert known is not None
        return Stored(known, created=False)
    reminder = read(session, reminder_id)
    opened = [
        open_delivery(
            session,
            reminder,
            planned.channels[0],
            occurrence=delivery.occurrence,
            due_at=delivery.due_at,
            cause=delivery.cause,
            correlation_id=correlation_id,
            valid_until=delivery.valid_until,
            before_seconds=seconds(delivery.before),
        )
        for delivery in times.deliveries
    ]
    for notice in times.left_out:
        leave_out(session, reminder.id, Run(notice.reason, notice.occurrence, notice.occurrence))
    for moment in times.skipped:
        leave_out(session, reminder.id, Run(OmissionReason.skipped, moment, moment))
    if times.too_late:
        for missed in opened:
            move(session, missed, DeliveryStatus.expired, cause=SYNCED_TOO_LATE)
    if not principal.anonymous:
        audit(session, principal, "create", "reminder", reminder.id, after=facts(reminder))
    return Stored(reminder, created=True)


def _address_id(session: ScopedSession, kind: str, value: str | None) -> int | None:
    return address_for(session, kind, value).id if value else None


def submitted_fields(wanted: ReminderIn) -> dict[str, Any]:
    """What makes two submissions the same: every field of `POST /reminders` as it was sent."""
    return wanted.model_dump(mode="json", include=set(_SUBMITTED))


def _known(session: ScopedSession, identity: UUID, wanted: ReminderIn) -> Reminder | None:
    found = session.execute(
        select(Reminder.id, Reminder.fingerprint).where(Reminder.client_id == identity)
    ).one_or_none()
    if found is None:
        return None
    differences = differing(submitted_fields(wanted), found.fingerprint)
    if differences:
        raise Conflict(
            "This submission is already here with another content.",
            fields=differences,
            row_id=found.id,
        )
    return read(session, found.id)


def facts(reminder: Reminder) -> dict[str, Any]:
    """A reminder as the audit keeps it (sealed)."""
    return {
        "message": reminder.message,
        "scheduled_time": reminder.scheduled_time.isoformat(),
        "channels": reminder.channels,
        "status": reminder.status,
        "validity_seconds": reminder.validity_seconds,
        **{name: getattr(reminder, name) for name in WISHES},
        "rrule": reminder.rrule,
        "event_time": reminder.event_time.isoformat() if reminder.event_time else None,
    }


def seconds(duration: timedelta) -> int:
    """A duration as it is stored."""
    return int(duration.total_seconds())


def read(session: ScopedSession, reminder_id: int) -> Reminder:
    """A reminder with its addresses; raises `NotFound`."""
    found = session.scalar(
        select(Reminder)
        .where(Reminder.id == reminder_id)
        .options(joinedload(Reminder.phone), joinedload(Reminder.email))
    )
    if found is None:
        raise NotFound("reminder")
    return found


def trace(session: ScopedSession, reminder_id: int) -> list[tuple[Delivery, list[DeliveryEvent]]]:
    """A reminder's deliveries, each with its events in order."""
    deliveries = session.scalars(
        select(Delivery).where(Delivery.reminder_id == reminder_id).order_by(Delivery.id)
    ).all()
    events = session.scalars(
        select(DeliveryEvent)
        .where(DeliveryEvent.delivery_id.in_([delivery.id for delivery in deliveries]))
        .order_by(DeliveryEvent.id)
    ).all()
    return [(d, [e for e in events if e.delivery_id == d.id]) for d in deliveries]


def addresses_of(reminder: Reminder) -> tuple[Address | None, Address | None]:
    """A reminder's phone and e-mail address, as they were loaded with it."""
    return reminder.phone, reminder.email
