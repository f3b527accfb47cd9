"""Conversations as staff read them: who said what, in order, and what became of each reply."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select

from database.session import ScopedSession
from models.address import Address
from models.answer import Answer
from models.contact import Contact
from models.conversation import Conversation
from models.delivery import Delivery
from models.message import Call, Message
from models.reminder import Purpose, Reminder
from schemas.common import Page
from schemas.conversation import ConversationDetail, ConversationSummary, Direction, Turn
from services.audit import audit
from services.contact.contacts import reference_index
from services.errors import NotFound
from services.identity import Principal
from services.paging import decode_cursor, encode_cursor


def listed(
    session: ScopedSession,
    *,
    channel: str | None,
    flow: str | None,
    open_only: bool | None,
    patient_id: str | None,
    reminder_id: int | None,
    feedback_id: int | None,
    since: datetime | None,
    until: datetime | None,
    cursor: str | None,
    limit: int,
) -> Page[ConversationSummary]:
    """A page of conversations, those that began last first. No words and no address stand in it."""
    wanted = select(Conversation, Contact.patient_id).outerjoin(
        Contact, Contact.id == Conversation.contact_id
    )
    for column, value in (
        (Conversation.channel, channel),
        (Conversation.flow, flow),
        (Conversation.reminder_id, reminder_id),
        (Conversation.feedback_id, feedback_id),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    if open_only is not None:
        ended = Conversation.ended_at
        wanted = wanted.where(ended.is_(None) if open_only else ended.is_not(None))
    if patient_id is not None:
        wanted = wanted.where(Contact.patient_id_index == reference_index(session, patient_id))
    if since is not None:
        wanted = wanted.where(Conversation.started_at >= since)
    if until is not None:
        wanted = wanted.where(Conversation.started_at < until)
    if cursor is not None:
        wanted = wanted.where(Conversation.id < decode_cursor(cursor)[1])
    rows = session.execute(wanted.order_by(Conversation.id.desc()).limit(limit + 1)).all()
    shown = rows[:limit]
    last = shown[-1][0] if len(rows) > limit else None
    return Page(
        items=[_summary(conversation, patient) for conversation, patient in shown],
        cursor=encode_cursor(last.started_at, last.id) if last else None,
    )


def read(session: ScopedSession, conversation_id: int, principal: Principal) -> ConversationDetail:
    """A conversation with its turns; the reading is audited. Raises `NotFound`."""
    row = session.execute(
        select(Conversation, Address.value, Contact.patient_id)
        .outerjoin(Address, Address.id == Conversation.address_id)
        .outerjoin(Contact, Contact.id == Conversation.contact_id)
        .where(Conversation.id == conversation_id)
    ).one_or_none()
    if row is None:
        raise NotFound("conversation")
    conversation, phone, patient = row
    audit(session, principal, "read", "conversation", conversation_id)
    turns = [
        *_asked(session, conversation),
        *_written(session, conversation_id),
        *_called(session, conversation_id),
        *_replied(session, conversation),
    ]
    return ConversationDetail(
        **dict(_summary(conversation, patient)),
        phone_number=phone,
        turns=sorted(turns, key=lambda turn: (turn.at, turn.direction == Direction.out)),
    )


def _summary(conversation: Conversation, patient: str | None) -> ConversationSummary:
    return ConversationSummary(
        id=conversation.id,
        channel=conversation.channel,
        flow=conversation.flow,
        waits_for=conversation.step or None,
        language=conversation.language,
        patient_id=patient,
        feedback_id=conversation.feedback_id,
        reminder_id=conversation.reminder_id,
        started_at=conversation.started_at,
        last_at=conversation.last_at,
        ended_at=conversation.ended_at,
    )


def _asked(session: ScopedSession, conversation: Conversation) -> list[Turn]:
    """The reminder that was answered, as the last time that it went out before the answer."""
    if conversation.reminder_id is None:
        return []
    delivery = session.scalar(
        select(Delivery)
        .where(
            Delivery.reminder_id == conversation.reminder_id,
            Delivery.address_id == conversation.address_id,
            Delivery.attempted_at <= conversation.last_at,
        )
        .order_by(Delivery.attempted_at.desc(), Delivery.id.desc())
        .limit(1)
    )
    if delivery is None:
        return []
    reminder = session.get_one(Reminder, conversation.reminder_id)
    return [_out(reminder, [delivery], delivery.message)]


def _written(session: ScopedSession, conversation_id: int) -> list[Turn]:
    """What the patient wrote."""
    messages = session.scalars(
        select(Message)
        .where(Message.conversation_id == conversation_id, Message.direction == "in")
        .order_by(Message.id)
    )
    return [
        Turn(
            at=message.at,
            direction=Direction.in_,
            text=message.body,
            media=message.media,
            message_id=message.id,
            carrier_answered=message.opt_out_type is not None,
        )
        for message in messages
    ]


def _called(session: ScopedSession, conversation_id: int) -> list[Turn]:
    """The calls in which it was held; what was said in them stands in the feedback."""
    calls = session.scalars(
        select(Call).where(Call.conversation_id == conversation_id).order_by(Call.id)
    )
    return [
        Turn(
            at=call.at,
            direction=Direction(call.direction),
            call_id=call.id,
            delivery_id=call.delivery_id,
            status=call.status,
            seconds=call.seconds,
        )
        for call in calls
    ]


def _replied(session: ScopedSession, conversation: Conversation) -> list[Turn]:
    """What was replied, by the service or by staff, and what became of it."""
    answered = select(Answer.reminder_id).where(Answer.feedback_id == conversation.feedback_id)
    replies = session.scalars(
        select(Reminder)
        .where(or_(Reminder.conversation_id == conversation.id, Reminder.id.in_(answered)))
        .order_by(Reminder.id)
    ).all()
    deliveries = session.scalars(
        select(Delivery)
        .where(Delivery.reminder_id.in_([reply.id for reply in replies]))
        .order_by(Delivery.id)
    ).all()
    return [
        _out(reply, [one for one in deliveries if one.reminder_id == reply.id], None)
        for reply in replies
    ]


def _out(reminder: Reminder, deliveries: Sequence[Delivery], said: str | None) -> Turn:
    last = deliveries[-1] if deliveries else None
    sent = last.attempted_at if last else None
    at = sent if reminder.purpose == Purpose.reminder and sent else reminder.created_at
    return Turn(
        at=at,
        direction=Direction.out,
        text=said or reminder.message,
        purpose=reminder.purpose,
        reminder_id=reminder.id,
        delivery_id=last.id if last else None,
        status=last.status if last else None,
        error_code=last.error_code if last else None,
    )
