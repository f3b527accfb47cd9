"""Reminders: planned, stored with their first delivery, read, changed, cancelled."""

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
from models.contact import Contact
from models.delivery import WAITING, Delivery, DeliveryEvent
from models.establishment import Establishment
from models.reminder import Channel, Reminder, ReminderStatus
from schemas.reminder import ReminderChange, ReminderIn
from services.address import address_for
from services.audit import audit
from services.contact import reference_index
from services.delivery import cancel_waiting, open_delivery, reschedule
from services.errors import Conflict, Invalid, NotFound
from services.identity import Principal, differing, fingerprint
from services.policy import wishes
from services.reminder_plan import Senders, check_validity, due_time, first_time, moment_of, plan
from utils.languages import VOICES


@dataclass(frozen=True)
class Stored:
    """A stored reminder; `created` is False when the same submission was already here."""

    reminder: Reminder
    created: bool


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
) -> Stored:
    """Store a reminder with its first delivery, in this transaction.

    The same identity with the same body is the same reminder; with another body a `Conflict`.
    """
    print_of_body = fingerprint(submitted_fields(wanted))
    known = _known(session, identity, wanted)
    if known is not None:
        return Stored(known, created=False)
    planned = plan(session, establishment, senders, wanted, now)
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
            scheduled_time=planned.scheduled_time,
            phone_id=_address_id(session, "phone", planned.phone),
            email_id=_address_id(session, "email", planned.email),
            channels=planned.channels,
            rrule=planned.rrule,
            validity_seconds=int(planned.validity.total_seconds()),
            expects_reply=wanted.expects_reply,
            **wishes(wanted),
            status=ReminderStatus.active if planned.rrule else ReminderStatus.scheduled,
            created_by=principal.actor,
        )
        .on_conflict_do_nothing(index_elements=["client_id"])
        .returning(Reminder.id)
    )
    if reminder_id is None:  # the same submission won a race against this one
        known = _known(session, identity, wanted)
        assert known is not None
        return Stored(known, created=False)
    reminder = read(session, reminder_id)
    open_delivery(
        session,
        reminder,
        planned.channels[0],
        occurrence=planned.scheduled_time,
        due_at=planned.due_at,
        cause=planned.deferred or "scheduled",
        correlation_id=correlation_id,
    )
    if not principal.anonymous:
        audit(session, principal, "create", "reminder", reminder.id, after=facts(reminder))
    return Stored(reminder, created=True)


def _address_id(session: ScopedSession, kind: str, value: str | None) -> int | None:
    return address_for(session, kind, value).id if value else None


def submitted_fields(wanted: ReminderIn) -> dict[str, Any]:
    """What makes two submissions the same: every field as it was sent."""
    return wanted.model_dump(mode="json", exclude={"client_id"})


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
    }


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


def change(
    session: ScopedSession,
    establishment: Establishment,
    reminder_id: int,
    wanted: ReminderChange,
    *,
    expected_version: int | None,
    principal: Principal,
    now: datetime,
) -> Reminder:
    """Change a reminder whose delivery has not left; raises `Conflict` when it has."""
    reminder, waiting = _lock_whole(session, reminder_id)
    if expected_version is not None and expected_version != reminder.version:
        raise Conflict(
            "Somebody has changed this reminder meanwhile: read it again.", code="changed_meanwhile"
        )
    if not waiting:
        raise Conflict("This reminder has already gone out or ended.", code="already_gone")
    before = facts(reminder)
    if wanted.message is not None:
        if Channel.voice in reminder.channels and reminder.language not in VOICES:
            raise Invalid("A call in this language needs a recording.", field="message")
        reminder.message, reminder.template = wanted.message, None
    if wanted.valid_for is not None:
        reminder.validity_seconds = int(wanted.valid_for.total_seconds())
    validity = timedelta(seconds=reminder.validity_seconds)
    check_validity(validity)
    if wanted.scheduled_time is not None:
        scheduled = moment_of(wanted.scheduled_time, establishment)
        reminder.scheduled_time = first_time(
            scheduled, reminder.rrule, establishment, validity, now
        )
        _refuse_repeated(session, reminder, waiting)
    contact = session.get(Contact, reminder.contact_id) if reminder.contact_id else None
    for delivery in waiting:
        if wanted.scheduled_time is not None:
            delivery.occurrence = reminder.scheduled_time
        delivery.valid_until = delivery.occurrence + validity
        delivery.due_at, cause = due_time(
            establishment, delivery.occurrence, validity, now, contact
        )
        reschedule(session, delivery, cause=cause or "changed by staff")
    session.flush()
    audit(
        session, principal, "change", "reminder", reminder.id, before=before, after=facts(reminder)
    )
    return reminder


def _refuse_repeated(session: ScopedSession, reminder: Reminder, waiting: list[Delivery]) -> None:
    """A recurring reminder cannot go back to a time that it went out for."""
    gone = session.scalar(
        select(Delivery.id)
        .where(
            Delivery.reminder_id == reminder.id,
            Delivery.occurrence == reminder.scheduled_time,
            Delivery.channel.in_([delivery.channel for delivery in waiting]),
            Delivery.id.not_in([delivery.id for delivery in waiting]),
        )
        .limit(1)
    )
    if gone is not None:
        raise Invalid(
            "This reminder went out for that time already.",
            field="scheduled_time",
            code="occurrence_gone",
        )


def cancel(session: ScopedSession, reminder_id: int, principal: Principal) -> tuple[Reminder, int]:
    """Cancel what has not left. Returns how many deliveries are already with the carrier."""
    reminder, _ = _lock_whole(session, reminder_id)
    if reminder.status in (ReminderStatus.scheduled, ReminderStatus.active):
        before = facts(reminder)
        reminder.status = ReminderStatus.cancelled
        session.flush()
        gone = cancel_waiting(session, reminder)
        audit(
            session,
            principal,
            "cancel",
            "reminder",
            reminder.id,
            before=before,
            after=facts(reminder),
        )
        return reminder, gone
    if reminder.status == ReminderStatus.cancelled:
        return reminder, 0
    raise Conflict(
        "This reminder has ended: there is nothing left to cancel.", code="already_ended"
    )


def _lock_whole(session: ScopedSession, reminder_id: int) -> tuple[Reminder, list[Delivery]]:
    """Lock deliveries first, then the reminder: the order in which workers lock them."""
    deliveries = session.scalars(
        select(Delivery)
        .where(Delivery.reminder_id == reminder_id)
        .order_by(Delivery.id)
        .with_for_update()
    ).all()
    locked = session.scalar(select(Reminder).where(Reminder.id == reminder_id).with_for_update())
    if locked is None:
        raise NotFound("reminder")
    waiting = [delivery for delivery in deliveries if delivery.status in WAITING]
    return read(session, reminder_id), waiting


def addresses_of(reminder: Reminder) -> tuple[Address | None, Address | None]:
    """A reminder's phone and e-mail address, as they were loaded with it."""
    return reminder.phone, reminder.email
