"""A contact's new phone number or e-mail address, and what waits for the old one (decision 0044).

What has not left goes to the new one: a wrong number is somebody else's phone. What is with the
carrier has left, and a reminder that was given another address of its own keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select

from database.session import ScopedSession
from models.contact import Contact
from models.delivery import WAITING, Delivery, DeliveryEvent, DeliveryStatus
from models.reminder import Channel, Purpose, Reminder, ReminderStatus
from models.task import NOT_REACHED
from schemas.contact import ContactChange
from services.contact import contacts
from services.delivery.escalation import open_task
from services.delivery.fallback import others_of
from services.delivery.moves import move
from services.delivery.reminder_status import final_status
from services.due.opening import reschedule
from services.due.queue import take_unclaimed
from services.errors import Conflict
from services.identity import Principal
from services.policy import read_policy

S = DeliveryStatus
NO_ADDRESS = "no_address"
"""Our own code on a delivery whose address was taken away."""
_TO_COME = (ReminderStatus.scheduled, ReminderStatus.active)
_FOLLOWS = (Purpose.reminder, Purpose.answer)
"""A reply goes back to where it was written from."""
_MAY_GO_OUT = WAITING | {S.cancelled}
"""What was called off may be wanted after all."""
_MOST_TRIES = 5

Replaced = Mapping[int, int | None]
"""The numbers of addresses and of those that have taken their place; None: there is none."""


@dataclass(frozen=True)
class _Held:
    """Reminders and what of them may go to a replaced address; all locked."""

    reminders: Sequence[Reminder]
    deliveries: Sequence[Delivery]

    def of(self, reminder: Reminder) -> list[Delivery]:
        return [one for one in self.deliveries if one.reminder_id == reminder.id]


def change_contact(
    session: ScopedSession,
    region: str,
    contact_id: int,
    wanted: ContactChange,
    *,
    expected_version: int | None,
    principal: Principal,
) -> Contact:
    """Change a contact, and have what waits for an address that was replaced go to the new one.

    Raises what `contacts.change` does, and `Conflict` while what waits cannot be locked.
    """
    before = contacts.lock_addresses(session, contact_id)
    changed = contacts.change(
        session,
        region,
        contact_id,
        wanted,
        expected_version=expected_version,
        principal=principal,
    )
    after = (changed.phone_id, changed.email_id)
    replaced = {
        old: new for old, new in zip(before, after, strict=True) if old is not None and old != new
    }
    reminders = _reminders_to(session, contact_id, replaced) if replaced else []
    if not reminders:
        return changed
    held = _lock(session, reminders, replaced)
    for reminder in held.reminders:
        _follow(session, reminder, held.of(reminder), replaced)
    session.flush()
    return contacts.load(session, contact_id)


def _reminders_to(session: ScopedSession, contact_id: int, replaced: Replaced) -> Sequence[int]:
    """The contact's reminders to replaced addresses of which something may still go out.

    One that was sent may wait for its receipt, and for the next channel if there is none.
    """
    awaits_receipt = (
        select(Delivery.id)
        .where(
            Delivery.reminder_id == Reminder.id,
            Delivery.status == S.sent,
            Delivery.valid_until > func.now(),
        )
        .exists()
    )
    return session.scalars(
        select(Reminder.id).where(
            Reminder.contact_id == contact_id,
            Reminder.purpose.in_(_FOLLOWS),
            or_(Reminder.phone_id.in_(replaced), Reminder.email_id.in_(replaced)),
            Reminder.cancelled_at.is_(None),
            or_(
                Reminder.status.in_(_TO_COME),
                and_(Reminder.status != ReminderStatus.cancelled, awaits_receipt),
            ),
        )
    ).all()


def _lock(session: ScopedSession, reminders: Sequence[int], replaced: Replaced) -> _Held:
    """Lock them together, in the order of decision 0031: one after the other would be a circle."""
    for _ in range(_MOST_TRIES):
        attempt = session.begin_nested()
        held = _try_to_lock(session, reminders, replaced)
        if held is not None:
            attempt.commit()
            return held
        attempt.rollback()  # releases the locks, but for the contact's
        _wait_for(session, reminders)
    raise Conflict("A reminder is being sent at this moment: try again.", code="busy")


def _try_to_lock(
    session: ScopedSession, reminders: Sequence[int], replaced: Replaced
) -> _Held | None:
    """None while somebody has a reminder (who may open a delivery to the old address)."""
    theirs = (
        Delivery.reminder_id.in_(reminders),
        Delivery.address_id.in_(replaced),
        Delivery.status.in_(_MAY_GO_OUT),
    )
    numbers = select(Delivery.id).where(*theirs)
    take_unclaimed(session, session.scalars(numbers).all())
    deliveries = session.scalars(
        select(Delivery)
        .where(*theirs)
        .order_by(Delivery.address_id, Delivery.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    held = session.scalars(
        select(Reminder)
        .where(Reminder.id.in_(reminders))
        .order_by(Reminder.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    opened_meanwhile = set(session.scalars(numbers)) - {one.id for one in deliveries}
    if len(held) < len(reminders) or opened_meanwhile:
        return None
    return _Held(held, sorted(deliveries, key=lambda one: (one.occurrence, one.id)))


def _wait_for(session: ScopedSession, reminders: Sequence[int]) -> None:
    """Wait, with no other row of theirs locked, until nobody has one of the reminders."""
    turn = session.begin_nested()
    session.execute(
        select(Reminder.id)
        .where(Reminder.id.in_(reminders))
        .order_by(Reminder.id)
        .with_for_update()
    )
    turn.rollback()


def _follow(
    session: ScopedSession, reminder: Reminder, deliveries: Sequence[Delivery], replaced: Replaced
) -> None:
    if reminder.called_off:  # meanwhile
        return
    for old, new in replaced.items():
        if reminder.phone_id == old:
            reminder.phone_id = new
        if reminder.email_id == old:
            reminder.email_id = new
    reachable = [one for one in reminder.channels if _address_of(reminder, one) is not None]
    if not reachable:
        _end(session, reminder, deliveries)
        return
    if reachable != reminder.channels:
        reminder.channels = reachable
    session.flush()
    for delivery in deliveries:
        _redirect(session, reminder, delivery)


def _address_of(reminder: Reminder, channel: str) -> int | None:
    return reminder.email_id if channel == Channel.email else reminder.phone_id


def _redirect(session: ScopedSession, reminder: Reminder, delivery: Delivery) -> None:
    """Have a delivery go to where its channel leads now, else by the next channel, at its time."""
    address_id = _address_of(reminder, delivery.channel)
    if address_id is not None:
        _send_to(session, delivery, address_id, cause=f"{_noun(delivery)} changed")
        return
    cause = f"{_noun(delivery)} removed"
    taken = {other.channel for other in others_of(session, delivery)}
    left = [channel for channel in reminder.channels if channel not in taken]
    if left and not delivery.attempt:
        delivery.channel = left[0]
        address_id = _address_of(reminder, left[0])
        assert address_id is not None  # it is among those that are reachable
        _send_to(session, delivery, address_id, cause=cause)
    elif delivery.status in WAITING:  # it was tried there: that stays, and the next channel comes
        move(session, delivery, S.failed, cause=cause, code=NO_ADDRESS)


def _noun(delivery: Delivery) -> str:
    return "e-mail address" if delivery.channel == Channel.email else "phone number"


def _send_to(session: ScopedSession, delivery: Delivery, address_id: int, *, cause: str) -> None:
    """A worker that holds it already finds it no longer queued; one in a line stays there."""
    delivery.address_id = address_id
    if delivery.status == S.queued:
        reschedule(session, delivery, cause=cause)
    elif delivery.status == S.scheduled:
        session.add(
            DeliveryEvent(
                delivery_id=delivery.id, status=S.scheduled, cause=cause, attempt=delivery.attempt
            )
        )


def _end(session: ScopedSession, reminder: Reminder, deliveries: Sequence[Delivery]) -> None:
    """Nothing leads to the contact any more: what waits has failed, and staff have a task."""
    expected = reminder.status in _TO_COME
    reminder.cancelled_at = session.now()
    session.flush()
    for delivery in deliveries:
        if delivery.status in WAITING:
            cause = f"{_noun(delivery)} removed"
            move(session, delivery, S.failed, cause=cause, code=NO_ADDRESS)
    if not expected:
        return
    reminder.status = final_status(session, reminder)
    last = session.scalar(select(func.max(Delivery.id)).where(Delivery.reminder_id == reminder.id))
    if last is not None and read_policy(session, reminder).escalate:
        open_task(session, NOT_REACHED, last)
