"""Single deliveries: opened, moved by an event, ended. Batches are in `services/dispatch/`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, text

from config.settings import get_settings
from database.session import ScopedSession
from models.address import Address
from models.delivery import (
    FINAL,
    GIVEN_UP,
    SENDER_SUSPENDED,
    WAITING,
    Delivery,
    DeliveryEvent,
    DeliveryStatus,
    may_move,
)
from models.due import Due
from models.reminder import Channel, Reminder, ReminderStatus
from models.task import NOT_REACHED, UNKNOWN_DELIVERY
from services.address import opt_out
from services.errors import NotFound
from services.escalation import close_tasks, escalate
from services.omission import leave_out
from services.reminder_status import final_status, under_way
from services.series import sent_at, series_of
from services.twilio_status import CARRIER_OPT_OUT
from utils.failpoint import reached
from utils.senders import ASKABLE

S = DeliveryStatus

_GOOD_NEWS = frozenset({S.sent, S.delivered})
_FAILED = frozenset({S.failed, S.undelivered})
# An opt-out belongs to the address: the reminder's other address has not said stop.
_FALLS_BACK = _FAILED | {S.suppressed}

CANCELLED = "cancelled by staff"

WAKE = text("select pg_notify('careloop_due', '')")
"""Tells the schedulers, at the commit, that something is due earlier than they thought."""


def open_delivery(
    session: ScopedSession,
    reminder: Reminder,
    channel: str,
    *,
    occurrence: datetime,
    due_at: datetime,
    cause: str,
    correlation_id: str | None = None,
    valid_until: datetime | None = None,
    before_seconds: int = 0,
) -> Delivery:
    """Make a delivery, its first event and its row in the due queue, all in this transaction.

    It is valid as long as its reminder says, counted from its occurrence, unless `valid_until` is
    given; `before_seconds` is set for an occurrence of a relative reminder.
    """
    address_id = reminder.email_id if channel == Channel.email else reminder.phone_id
    assert address_id is not None  # the reminder's channels were checked against its addresses
    delivery = Delivery(
        reminder_id=reminder.id,
        occurrence=occurrence,
        channel=channel,
        address_id=address_id,
        status=S.scheduled,
        due_at=due_at,
        valid_until=valid_until or occurrence + timedelta(seconds=reminder.validity_seconds),
        before_seconds=before_seconds,
        correlation_id=correlation_id,
    )
    session.add(delivery)
    session.flush()
    session.add(DeliveryEvent(delivery_id=delivery.id, status=S.scheduled, cause=cause))
    session.add(
        Due(establishment_id=session.establishment_id, delivery_id=delivery.id, due_at=due_at)
    )
    session.flush()
    session.execute(WAKE)
    return delivery


def lock_delivery(session: ScopedSession, delivery_id: int) -> Delivery:
    """A delivery, locked until the transaction ends; raises `NotFound`."""
    found = session.get(Delivery, delivery_id, with_for_update=True)
    if found is None:
        raise NotFound("delivery")
    return found


def move(
    session: ScopedSession,
    delivery: Delivery,
    to: DeliveryStatus,
    *,
    cause: str,
    code: str | None = None,
) -> bool:
    """Apply an event to a locked delivery; False when it is late, repeated or out of order."""
    before = DeliveryStatus(delivery.status)
    if not may_move(before, to):
        return False
    delivery.status = to
    if code or to in _GOOD_NEWS or before == S.unknown:
        delivery.error_code = code
    session.add(
        DeliveryEvent(
            delivery_id=delivery.id, status=to, cause=cause, code=code, attempt=delivery.attempt
        )
    )
    session.flush()
    if before == S.unknown:
        close_tasks(session, UNKNOWN_DELIVERY, [delivery.id])
    if to == S.sent and delivery.provider in ASKABLE:
        first_look = timedelta(seconds=get_settings().engine.receipt_after)
        ask_again(session, delivery.id, session.now() + first_look)
    elif to in FINAL:
        forget_due(session, delivery.id)
    if to in FINAL:
        settle(session, delivery)
    return True


def forget_due(session: ScopedSession, delivery_id: int) -> None:
    """Take a delivery out of the due queue: the engine has nothing more to do for it."""
    session.execute(
        delete(Due).where(
            Due.establishment_id == session.establishment_id, Due.delivery_id == delivery_id
        )
    )


def look_again(session: ScopedSession, delivery_id: int, at: datetime) -> None:
    """Have the engine send a delivery at a time; ends a claim on it."""
    _put_in_line(session, delivery_id, at, asks=False)


def ask_again(session: ScopedSession, delivery_id: int, at: datetime) -> None:
    """Have the engine ask the provider about a delivery at a time; ends a claim on it."""
    _put_in_line(session, delivery_id, at, asks=True)


def _put_in_line(session: ScopedSession, delivery_id: int, at: datetime, *, asks: bool) -> None:
    due = session.get(Due, (session.establishment_id, delivery_id), populate_existing=True)
    if due is None:
        due = Due(establishment_id=session.establishment_id, delivery_id=delivery_id)
        session.add(due)
    due.due_at, due.claimed_until, due.line, due.asks = at, None, None, asks
    session.flush()
    session.execute(WAKE)


def reschedule(session: ScopedSession, delivery: Delivery, *, cause: str) -> None:
    """Have a locked, waiting delivery go out at its (changed) `due_at`.

    A worker that already holds it finds it no longer queued and leaves it alone.
    """
    delivery.status = S.scheduled
    session.add(
        DeliveryEvent(
            delivery_id=delivery.id, status=S.scheduled, cause=cause, attempt=delivery.attempt
        )
    )
    look_again(session, delivery.id, delivery.due_at)


def drop(session: ScopedSession, delivery: Delivery, *, cause: str) -> None:
    """Cancel a locked, waiting delivery while its reminder goes on: nothing follows from it."""
    delivery.status = S.cancelled
    session.add(
        DeliveryEvent(
            delivery_id=delivery.id, status=S.cancelled, cause=cause, attempt=delivery.attempt
        )
    )
    session.flush()
    forget_due(session, delivery.id)


def settle(session: ScopedSession, delivery: Delivery) -> None:
    """Carry a delivery's end over to its reminder: next channel, next occurrence, or its status."""
    reached("settle.begun")
    _carry_over(session, delivery)
    reached("settle.done")


def _carry_over(session: ScopedSession, delivery: Delivery) -> None:
    if delivery.error_code == CARRIER_OPT_OUT and delivery.status in _FAILED:
        opt_out(address_of(session, delivery), "carrier")
    reminder = session.get_one(Reminder, delivery.reminder_id, with_for_update=True)
    if reminder.status == ReminderStatus.cancelled:
        return
    if reminder.cancelled_at is not None:  # it had left before: what becomes of it is the end
        reminder.status = final_status(session, reminder)
        return
    others = others_of(session, delivery)
    why = f"fallback from {delivery.channel}"
    if delivery.status == S.delivered:
        _call_off(session, others)
        close_tasks(session, NOT_REACHED, [delivery.id, *(other.id for other in others)])
    elif gives_way(delivery) and _fall_back(session, reminder, delivery, others, why):
        reminder.status = under_way(reminder)
        return
    elif delivery.error_code != GIVEN_UP:  # staff have said what they think of it
        escalate(session, reminder, [delivery, *others])
    if reminder.rrule and _open_next_occurrence(session, reminder, delivery):
        reminder.status = ReminderStatus.active
        return
    reminder.status = final_status(session, reminder)


def pass_over(session: ScopedSession, delivery: Delivery) -> bool:
    """Open the next channel for a locked delivery that was sent and of which nothing was heard.

    It stays `sent`; a late receipt still calls off what has not left. False when there is no
    channel left, or another one is under way.
    """
    reminder = session.get_one(Reminder, delivery.reminder_id, with_for_update=True)
    if reminder.called_off:
        return False
    why = f"fallback from {delivery.channel}: no receipt"
    if not _fall_back(session, reminder, delivery, others_of(session, delivery), why):
        return False
    session.add(
        DeliveryEvent(
            delivery_id=delivery.id,
            status=delivery.status,
            cause="no receipt in time",
            attempt=delivery.attempt,
        )
    )
    reminder.status = under_way(reminder)
    return True


def others_of(session: ScopedSession, delivery: Delivery) -> Sequence[Delivery]:
    """The same occurrence's deliveries on other channels.

    An occurrence of a relative reminder may have been moved since some of them went out.
    """
    return session.scalars(
        select(Delivery)
        .where(
            Delivery.reminder_id == delivery.reminder_id,
            Delivery.before_seconds == delivery.before_seconds,
            or_(Delivery.before_seconds > 0, Delivery.occurrence == delivery.occurrence),
            Delivery.id != delivery.id,
        )
        .execution_options(populate_existing=True)
    ).all()


def _call_off(session: ScopedSession, others: Sequence[Delivery]) -> None:
    """It arrived after all: what stands by to be sent instead is no longer needed.

    One that a worker holds at this moment is as good as sent; to wait for it could be for ever,
    as the worker may be waiting for the reminder.
    """
    waiting = session.scalars(
        select(Delivery)
        .where(Delivery.id.in_([other.id for other in others]), Delivery.status.in_(WAITING))
        .with_for_update(skip_locked=True)
    ).all()
    for other in waiting:
        move(session, other, S.cancelled, cause="delivered by another channel")


def gives_way(delivery: Delivery) -> bool:
    """True when the next channel may be tried instead."""
    if delivery.error_code == GIVEN_UP:
        return False
    held_up = delivery.status == S.cancelled and delivery.error_code == SENDER_SUSPENDED
    return delivery.status in _FALLS_BACK or held_up


def passed_over(other: Delivery, delivery: Delivery) -> bool:
    """True for an earlier channel of which nothing was heard, else there would be no later one."""
    return other.status == S.sent and other.id < delivery.id


def next_channels(session: ScopedSession, delivery: Delivery) -> list[str]:
    """The channels that a locked delivery could make way for, the first to be tried first."""
    reminder = session.get_one(Reminder, delivery.reminder_id)
    if reminder.called_off:
        return []
    return channels_left(reminder, delivery, others_of(session, delivery), session.now())


def channels_left(
    reminder: Reminder, delivery: Delivery, others: Sequence[Delivery], now: datetime
) -> list[str]:
    """The reminder's channels that were not tried; none where nothing may be opened."""
    if not all(gives_way(other) or passed_over(other, delivery) for other in others):
        return []
    tried = {delivery.channel} | {other.channel for other in others}
    left = [channel for channel in reminder.channels if channel not in tried]
    return left if delivery.valid_until > now else []


def _fall_back(
    session: ScopedSession,
    reminder: Reminder,
    delivery: Delivery,
    others: Sequence[Delivery],
    cause: str,
) -> bool:
    """Open the next channel's delivery, if there is one that was not tried and time is left.

    Never two at once: while another channel is under way, unknown or has arrived, nothing is
    opened; and a late word about one that has already been replaced replaces nothing again.
    """
    now = session.now()
    left = channels_left(reminder, delivery, others, now)
    if not left:
        return False
    open_delivery(
        session,
        reminder,
        left[0],
        occurrence=delivery.occurrence,
        due_at=now,
        cause=cause,
        correlation_id=delivery.correlation_id,
        valid_until=delivery.valid_until,
        before_seconds=delivery.before_seconds,
    )
    return True


def _open_next_occurrence(session: ScopedSession, reminder: Reminder, ended: Delivery) -> bool:
    """Open a series' next turn, once; what passed unsent is noted. False when it has ended."""
    goes_on = session.scalar(
        select(Delivery.id)
        .where(
            Delivery.reminder_id == reminder.id,
            or_(Delivery.occurrence > ended.occurrence, Delivery.status.in_(WAITING)),
            Delivery.status != S.cancelled,
            Delivery.id != ended.id,
        )
        .limit(1)
    )
    if goes_on is not None:
        return True
    series, went = series_of(session, reminder, after=ended.occurrence), sent_at(ended)
    merged = series.merged(ended.occurrence, went) if went else None
    if merged is not None:
        leave_out(session, reminder.id, merged)
    after = series.covered_by(ended.occurrence, went)
    return open_next_turn(session, reminder, after=after, last=went)


def open_next_turn(
    session: ScopedSession,
    reminder: Reminder,
    *,
    after: datetime,
    last: datetime | None = None,
) -> bool:
    """Open the turn of a series after a time; False when there is none.

    `last` is when the turn before went out, if it did.
    """
    series = series_of(session, reminder, after=after)
    turn, missed = series.next_turn(after, session.now(), last=last)
    if missed is not None:
        leave_out(session, reminder.id, missed)
    if turn is None:
        return False
    called_off = session.scalar(
        select(Delivery)
        .where(
            Delivery.reminder_id == reminder.id,
            Delivery.occurrence == turn.occurrence,
            Delivery.channel == reminder.channels[0],
        )
        .with_for_update()
    )
    if called_off is None:
        open_delivery(
            session,
            reminder,
            reminder.channels[0],
            occurrence=turn.occurrence,
            due_at=turn.due_at,
            cause=turn.cause,
        )
    else:
        called_off.due_at = turn.due_at
        called_off.valid_until = turn.occurrence + series.validity
        reschedule(session, called_off, cause=turn.cause)
    return True


def address_of(session: ScopedSession, delivery: Delivery) -> Address:
    """The address that a delivery goes to."""
    return session.get_one(Address, delivery.address_id)
