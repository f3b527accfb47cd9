"""What a provider says of a message or call, whoever brings it, whenever it comes.

A callback, the provider's list and a question about a receipt all end here. A delivery may have
been attempted more than once; the attempt that a word is about is known by the callback's address,
else by the provider's own id. `delivered` counts whatever attempt it is about; anything else that
is said of an attempt that was replaced is too late.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert

from config.settings import get_settings
from database.session import ScopedSession
from models.delivery import CALLED_AGAIN, GIVEN_BACK, Delivery, DeliveryEvent, DeliveryStatus
from models.establishment import Sender
from models.message import Call, Message
from models.reminder import Channel, Reminder
from models.task import UNKNOWN_DELIVERY
from services.delivery.escalation import close_tasks
from services.delivery.fallback import others_of
from services.delivery.give_back import give_back
from services.delivery.moves import move
from services.delivery.reminder_status import under_way
from services.delivery.twilio_status import COMPLETED, MACHINES, NOT_PICKED_UP, meaning
from services.due.queue import look_again
from services.policy import read_policy
from services.sender.suspension import RECEIPT, note_fault, note_success, suspends

S = DeliveryStatus

CALL_AGAIN = "nobody picked up: call again"
BY_MACHINE = "machine"
"""Our own code on a call that an answering machine or a fax picked up."""
NOT_TOLD = "not_told"
"""Our own code on a call that was picked up while we could not say what it is about."""
JITTER = 0.1
"""Of the wait before a call is tried again, so that many do not come back together."""

TWILIO = "twilio"
_SENT_IS_PROOF = frozenset({"android"})
"""Providers whose `sent` says that the network took a message from their sender: it works. What
others call sent, they have only begun with."""
_NOT_DELIVERED = frozenset({S.failed, S.undelivered})
_RECEIPTS = frozenset({S.delivered, S.undelivered})
_dice = random.Random()  # noqa: S311 - jitter, not a secret


def provider_news(
    session: ScopedSession,
    delivery: Delivery,
    status: str,
    *,
    cause: str,
    provider: str,
    provider_id: str | None,
    code: str | None = None,
    seconds: int | None = None,
    attempt: int | None = None,
    sender: str | None = None,
) -> bool:
    """Apply what a provider says of a message or call; True when the locked delivery moved.

    `seconds` is how long a call that has ended was talked for; `attempt` is the one it is about,
    where that is known; `sender` is the number that it went out from. The provider's id is kept
    whatever the state: it proves that the request arrived.
    """
    to = meaning(status, seconds)
    if to is None:
        return False
    unheard = _unheard(session, delivery, provider_id) if status == COMPLETED else None
    if unheard is not None:
        to, code = S.undelivered, unheard
    replaced = _was_replaced(session, delivery, provider_id, attempt)
    if provider_id:
        _record_passage(session, delivery, provider, provider_id)
        if not replaced:
            delivery.provider = provider
            delivery.provider_id = delivery.provider_id or provider_id
    if replaced and to != S.delivered:
        return False
    if to in _NOT_DELIVERED and _returned(session, delivery, provider, code):
        return True
    if status in NOT_PICKED_UP or unheard:
        code = code or status
        if _call_again(session, delivery, code):
            return True
    moved = move(session, delivery, to, cause=cause, code=code)
    if moved and to in _RECEIPTS and (sender or provider != TWILIO):
        _prove(session, delivery, sender)
    worked = to == S.delivered or (status == "sent" and provider in _SENT_IS_PROOF)
    if worked and delivery.provider == provider and delivery.attempted_at is not None:
        note_success(
            session,
            delivery.channel,
            provider,
            said_by=RECEIPT,
            attempted_at=delivery.attempted_at,
            sender_id=delivery.sender_id,
        )
    return moved


def _unheard(session: ScopedSession, delivery: Delivery, provider_id: str | None) -> str | None:
    """Why nobody has heard what a call that was picked up is about; None when somebody has.

    A call says nothing until we are asked what: one that nobody asked us about (the API was away
    while it was picked up) was the carrier's own apology, however long it took.
    """
    if delivery.channel != Channel.voice or provider_id is None:
        return None
    call = session.scalar(
        select(Call).where(Call.provider_id == provider_id, Call.delivery_id == delivery.id)
    )
    if call is not None and call.heard_at is not None:
        return None
    answered_by = call.answered_by if call is not None else None
    return BY_MACHINE if (answered_by or "").startswith(MACHINES) else NOT_TOLD


def _returned(session: ScopedSession, delivery: Delivery, provider: str, code: str | None) -> bool:
    """Suspend the sender whose fault it was; True when the attempt counts as never made.

    Only for an attempt that was still good: an old word, said again, suspends nobody.
    """
    if code is None or delivery.status not in GIVEN_BACK or not suspends(provider, code):
        return False
    note_fault(
        session,
        delivery.channel,
        provider,
        code,
        said_by=RECEIPT,
        probe_after=get_settings().engine.probe_after,
        sender_id=delivery.sender_id,
    )
    return give_back(session, delivery, code)


def _was_replaced(
    session: ScopedSession, delivery: Delivery, provider_id: str | None, attempt: int | None
) -> bool:
    """True when a word is about an attempt that made way for another one."""
    if attempt is not None and attempt < delivery.attempt:
        return True
    if provider_id is None or provider_id == delivery.provider_id:
        return False
    if delivery.provider_id is not None:
        return True
    # Between two attempts the delivery has no id of its own: one that is known is the earlier's.
    record = Call if delivery.channel == Channel.voice else Message
    known = select(record.id).where(
        record.provider_id == provider_id, record.delivery_id == delivery.id
    )
    return session.scalar(known.limit(1)) is not None


def _record_passage(
    session: ScopedSession, delivery: Delivery, provider: str, provider_id: str
) -> None:
    """Note once that a message or call really passed (append-only)."""
    values = {
        "delivery_id": delivery.id,
        "direction": "out",
        "provider": provider,
        "provider_id": provider_id,
    }
    if delivery.channel == Channel.voice:
        session.execute(insert(Call).values(values).on_conflict_do_nothing())
    else:
        values["channel"] = delivery.channel
        session.execute(insert(Message).values(values).on_conflict_do_nothing())


def _call_again(session: ScopedSession, delivery: Delivery, code: str) -> bool:
    """Have a call that nobody picked up made again later; False when it has had its tries.

    The attempt has ended, so the delivery lets go of its provider's id: what is still said of that
    call is about an earlier attempt.
    """
    if delivery.status not in CALLED_AGAIN:
        return False
    reminder = session.get_one(Reminder, delivery.reminder_id, with_for_update=True)
    at = _time_to_call_again(session, reminder, delivery)
    if at is None:
        return False
    if delivery.status == S.unknown:
        close_tasks(session, UNKNOWN_DELIVERY, [delivery.id])
    delivery.status, delivery.due_at = S.scheduled, at
    delivery.provider_id, delivery.error_code = None, code
    session.add(
        DeliveryEvent(
            delivery_id=delivery.id,
            status=S.scheduled,
            cause=CALL_AGAIN,
            code=code,
            attempt=delivery.attempt,
        )
    )
    reminder.status = under_way(reminder)
    look_again(session, delivery.id, at)
    return True


def _time_to_call_again(
    session: ScopedSession, reminder: Reminder, delivery: Delivery
) -> datetime | None:
    """When to call again: within the validity, unless another channel has taken over."""
    policy = read_policy(session, reminder)
    exhausted = policy.max_attempts is not None and delivery.attempt >= policy.max_attempts
    if not policy.call_again_at_most or exhausted or reminder.called_off:
        return None
    again = select(func.count()).where(
        DeliveryEvent.delivery_id == delivery.id, DeliveryEvent.cause == CALL_AGAIN
    )
    if session.scalars(again).one() >= policy.call_again_at_most:
        return None
    if any(other.id > delivery.id for other in others_of(session, delivery)):  # taken over
        return None
    wait = policy.call_again_after * (1 + _dice.uniform(0, JITTER))
    at = session.now() + timedelta(seconds=wait)
    return at if at < delivery.valid_until else None


def provider_of(session: ScopedSession, delivery: Delivery) -> str:
    """The provider that is asked what became of a delivery's latest attempt: its sender's.

    An attempt without a sender is from before attempts had one: then what its answer noted counts,
    else Twilio, which was the only one that could be asked.
    """
    sender = select(Sender.provider).where(
        Sender.establishment_id == session.establishment_id, Sender.id == delivery.sender_id
    )
    return session.scalar(sender) or delivery.provider or TWILIO


def sent_from(delivery: Delivery, address: str | None) -> ColumnElement[bool]:
    """The sender of a delivery: the number that its provider names, else the one we chose."""
    if address is None:
        return Sender.id == delivery.sender_id
    return (Sender.channel == delivery.channel) & (Sender.address == address)


def _prove(session: ScopedSession, delivery: Delivery, address: str | None) -> None:
    """Note that a sender gives receipts: here is one. Costs a look at a few rows, once a change."""
    session.execute(
        update(Sender)
        .where(
            Sender.establishment_id == session.establishment_id,
            sent_from(delivery, address),
            Sender.gives_receipts.is_(False),
        )
        .values(gives_receipts=True)
        .execution_options(synchronize_session=False)
    )
