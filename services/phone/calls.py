"""Calls as rows: one that comes in, one of ours that is picked up, and their end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert

from database.session import ScopedSession
from models.address import Address
from models.conversation import Conversation
from models.delivery import Delivery
from models.establishment import AnsweringMachines, Establishment
from models.message import Call
from models.reminder import Purpose, Reminder
from services.delivery.news import provider_news
from services.delivery.twilio_status import MACHINES
from services.due.queue import take_unclaimed
from services.errors import NotFound
from services.phone.caller import known_language, lock_address
from services.phone.flow import Flow, Remark, Step
from services.phone.script import spoken

PROVIDER = "twilio"
ENDED = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
IDLE = timedelta(hours=2)
"""A call whose end nobody told us of is over by then."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A call that comes in, in the provider's words; `caller` is None when it is hidden."""

    provider_id: str
    sender_id: int
    caller: Address | None


def note_call(session: ScopedSession, incoming: Incoming) -> tuple[Call, bool]:
    """The row of a call that comes in, locked, and whether it is new."""
    made = session.scalar(
        insert(Call)
        .values(
            direction="in",
            provider=PROVIDER,
            provider_id=incoming.provider_id,
            address_id=incoming.caller.id if incoming.caller else None,
            sender_id=incoming.sender_id,
            recorded=False,
        )
        .on_conflict_do_nothing(index_elements=["provider", "provider_id"])
        .returning(Call.id)
    )
    return _call(session, incoming.provider_id), made is not None


def note_pick_up(
    session: ScopedSession,
    delivery_id: int,
    attempt: int | None,
    provider_id: str,
    answered_by: str | None,
) -> tuple[Call, Delivery]:
    """The row of a call of ours that somebody or something picked up, locked.

    Raises `NotFound` for a delivery that is not this establishment's.
    """
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        raise NotFound("delivery")
    session.execute(
        insert(Call)
        .values(
            direction="out",
            provider=PROVIDER,
            provider_id=provider_id,
            delivery_id=delivery.id,
            sender_id=delivery.sender_id,
            recorded=False,
        )
        .on_conflict_do_nothing(index_elements=["provider", "provider_id"])
    )
    call = _call(session, provider_id)
    call.answered_by = answered_by or call.answered_by
    take_unclaimed(session, [delivery.id])
    session.refresh(delivery, with_for_update=True)
    if delivery.provider_id is None and delivery.attempt == attempt:
        # Faster than the worker's own note: else this call would pass for an earlier attempt's.
        delivery.provider, delivery.provider_id = PROVIDER, provider_id
    # It rang, so the request arrived: one that was unknown must not be made again.
    provider_news(
        session,
        delivery,
        "in-progress",
        cause="picked up",
        provider=PROVIDER,
        provider_id=provider_id,
        attempt=attempt,
    )
    return call, delivery


def _call(session: ScopedSession, provider_id: str) -> Call:
    return session.scalars(
        select(Call)
        .where(Call.provider == PROVIDER, Call.provider_id == provider_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def conversation_of(session: ScopedSession, call: Call) -> Conversation | None:
    """The conversation of a call; None for one that was rejected, or is new."""
    if call.conversation_id is None:
        return None
    return session.get_one(Conversation, call.conversation_id, with_for_update=True)


def begin_feedback(
    session: ScopedSession,
    establishment: Establishment,
    call: Call,
    caller: Address | None,
    *,
    reminder_id: int | None = None,
) -> Conversation:
    """The conversation in which somebody tells how they were looked after.

    The menu of languages comes only where there is a choice and nobody knows the answer.
    `reminder_id` is the call-back that it is held in.
    """
    languages = spoken(session, establishment, Flow.feedback)
    known = known_language(session, caller, languages)
    only = next(iter(languages)) if len(languages) == 1 else None
    asks = known is None and only is None
    called_back = reminder_id is not None
    call.heard_at = func.now()
    return _begin(
        session,
        call,
        caller.id if caller else None,
        flow=Flow.feedback,
        step=Step.language if asks else Step.rating,
        language=known or only,
        remark=Remark.called_back if called_back else Remark.welcome,
        reminder_id=reminder_id,
    )


def begin_reminder(
    session: ScopedSession, establishment: Establishment, call: Call, delivery: Delivery
) -> Conversation:
    """The conversation of a call of ours, by who picked it up."""
    reminder = session.get_one(Reminder, delivery.reminder_id)
    if (call.answered_by or "").startswith(MACHINES):
        return _begin(
            session,
            call,
            delivery.address_id,
            flow=_flow_of(reminder),
            step=Step.done,
            language=reminder.language,
            remark=_for_machines(establishment, call),
            reminder_id=reminder.id,
        )
    if reminder.purpose == Purpose.reply:
        caller = session.get_one(Address, delivery.address_id)
        return begin_feedback(session, establishment, call, caller, reminder_id=reminder.id)
    call.heard_at = func.now()
    return _begin(
        session,
        call,
        delivery.address_id,
        flow=_flow_of(reminder),
        step=Step.reminder,
        language=reminder.language,
        remark=None,
        reminder_id=reminder.id,
    )


def _flow_of(reminder: Reminder) -> Flow:
    """The keys 1 and 2 where there is something to confirm: an answer is asked for, or an event.

    By phone an answer costs the patient nothing and always comes back, so an appointment can be
    confirmed or put off even if nobody thought of asking.
    """
    asks = reminder.expects_reply or reminder.event_time is not None
    return Flow.reminder if asks else Flow.notice


def begin_unheard(session: ScopedSession, call: Call, delivery: Delivery) -> Conversation:
    """The conversation of a call of ours in which nobody was told what it is about."""
    reminder = session.get_one(Reminder, delivery.reminder_id)
    return _begin(
        session,
        call,
        delivery.address_id,
        flow=_flow_of(reminder),
        step=Step.done,
        language=reminder.language,
        remark=Remark.silence,
        reminder_id=reminder.id,
    )


def _for_machines(establishment: Establishment, call: Call) -> Remark:
    """Without details, as others may hear it; a fax hears nothing at all."""
    says = establishment.answering_machines == AnsweringMachines.message
    return Remark.machine if says and call.answered_by != "fax" else Remark.silence


def _begin(
    session: ScopedSession,
    call: Call,
    address_id: int | None,
    *,
    flow: Flow,
    step: Step,
    language: str | None,
    remark: Remark | None,
    reminder_id: int | None,
) -> Conversation:
    """An address has one open conversation by phone: an earlier one is over."""
    if address_id is not None:
        lock_address(session, address_id)
        _end(session, Conversation.address_id == address_id)
    conversation = Conversation(
        channel="voice",
        address_id=address_id,
        sender_id=call.sender_id,
        flow=flow,
        step=step,
        language=language,
        remark=remark,
        reminder_id=reminder_id,
        questions=0,
        offered=[],
        turn=0,
    )
    session.add(conversation)
    session.flush()
    call.conversation_id = conversation.id
    session.flush()
    return conversation


def _end(session: ScopedSession, which: ColumnElement[bool]) -> None:
    session.execute(
        update(Conversation)
        .where(Conversation.channel == "voice", Conversation.ended_at.is_(None), which)
        .values(ended_at=func.now(), version=Conversation.version + 1)
        .execution_options(synchronize_session=False)
    )


def note_status(
    session: ScopedSession,
    provider_id: str,
    status: str,
    seconds: int | None,
    answered_by: str | None = None,
) -> Call | None:
    """Note how a call goes, and its end; what is said late of one that has ended is not noted.

    None for a call that is not known here.
    """
    call = session.scalar(
        select(Call)
        .where(Call.provider == PROVIDER, Call.provider_id == provider_id)
        .with_for_update()
    )
    if call is None or call.ended_at is not None:
        return call
    call.status = status[:16]
    call.answered_by = answered_by or call.answered_by
    if status in ENDED:
        call.ended_at, call.seconds = func.now(), seconds
        if call.conversation_id is not None:
            _end(session, Conversation.id == call.conversation_id)
    session.flush()
    return call


def end_idle(session: ScopedSession, now: datetime) -> None:
    """End conversations whose call must be over, though nobody told us so."""
    _end(session, Conversation.last_at < now - IDLE)
