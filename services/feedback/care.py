"""What staff make of a feedback: give it to somebody, note, answer, close.

An answer is a reminder like any other: one engine takes it to the patient, with its opt-outs,
quiet hours, fallback and trace.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from database.session import ScopedSession
from models.address import Address
from models.answer import Answer
from models.conversation import Conversation
from models.establishment import Establishment
from models.feedback import Feedback, FeedbackState
from models.reminder import Channel, Purpose, Reminder
from schemas.feedback import AnswerIn, AnswerOut, FeedbackChange
from schemas.reminder import ReminderIn
from services.audit import audit
from services.contact.contacts import find_contact
from services.errors import Conflict, NotFound
from services.feedback.device_answer import heard_by_device, keep_for_device
from services.feedback.view import answers_of
from services.identity import Principal, submission_id
from services.reminder import reminders
from services.reminder.plan import Senders
from services.whatsapp_window import Thread, open_thread


class NoWayBack(Conflict):
    """Nobody knows where the patient can be reached."""


ANSWER_VALID_FOR = timedelta(days=3)
"""Quiet hours and a weekend may pass before an answer goes out; it is no appointment."""
UNREAD_FOR = timedelta(hours=24)
"""A message on WhatsApp waits until the phone is in a network again; only then is it late."""


def change(
    session: ScopedSession,
    feedback_id: int,
    wanted: FeedbackChange,
    *,
    expected_version: int | None,
    principal: Principal,
) -> Feedback:
    """Change what was named; raises `NotFound`, `Conflict` when somebody was faster."""
    feedback = _locked(session, feedback_id, expected_version)
    before = _facts(feedback)
    if wanted.state is not None:
        _move(session, feedback, wanted.state)
    if "assigned_to" in wanted.model_fields_set:
        feedback.assigned_to = wanted.assigned_to
    if "note" in wanted.model_fields_set:
        feedback.note = wanted.note or None
    session.flush()
    after = _facts(feedback)
    if before != after:
        audit(session, principal, "change", "feedback", feedback_id, before=before, after=after)
    return feedback


def _locked(session: ScopedSession, feedback_id: int, expected_version: int | None) -> Feedback:
    feedback = session.get(Feedback, feedback_id, with_for_update=True, populate_existing=True)
    if feedback is None:
        raise NotFound("feedback")
    _refuse_stale(feedback, expected_version)
    return feedback


def _refuse_stale(feedback: Feedback, expected_version: int | None) -> None:
    if expected_version is not None and expected_version != feedback.version:
        raise Conflict(
            "Somebody has changed this feedback meanwhile: read it again.",
            code="changed_meanwhile",
        )


def _move(session: ScopedSession, feedback: Feedback, state: FeedbackState) -> None:
    feedback.state = state
    if state is FeedbackState.answered and feedback.answered_at is None:
        feedback.answered_at = session.now()


def _facts(feedback: Feedback) -> dict[str, object]:
    """A feedback's care as the audit keeps it (sealed)."""
    return {
        "state": FeedbackState(feedback.state).value,
        "assigned_to": feedback.assigned_to,
        "note": feedback.note,
    }


def answer(
    session: ScopedSession,
    establishment: Establishment,
    senders: Senders,
    feedback_id: int,
    wanted: AnswerIn,
    *,
    idempotency_key: str | None,
    expected_version: int | None,
    principal: Principal,
    correlation_id: str | None = None,
) -> tuple[AnswerOut, bool]:
    """Answer a feedback by its patient's channel; False when this answer is here already.

    Where nobody can be reached it waits for the device that the feedback came from, if one did.

    Raises `NotFound`; `Conflict` with code `no_address` when nobody knows where the patient can be
    reached, `opted_out` when they said stop, `changed_meanwhile`; `Invalid` like a reminder.
    """
    feedback = _locked(session, feedback_id, None)
    identity = submission_id(
        wanted.client_id,
        idempotency_key and f"answer:{feedback_id}:{idempotency_key}",
        principal,
        wanted.model_dump(mode="json"),
    )
    known = _known(session, identity, feedback_id, wanted)
    if known is not None:
        return known, False
    _refuse_stale(feedback, expected_version)
    now = session.now()
    try:
        way = _way_back(session, feedback, wanted.channels)
    except NoWayBack:
        if wanted.channels is not None or not heard_by_device(feedback):
            raise
        kept = keep_for_device(
            session, feedback, wanted.text, identity=identity, principal=principal, now=now
        )
        return _noted(session, feedback, kept, principal), True
    stored = reminders.create(
        session,
        establishment,
        senders,
        ReminderIn(
            patient_id=feedback.patient_id,
            message=wanted.text,
            language=feedback.language,
            scheduled_time=now,
            phone_number=way.phone,
            email=way.email,
            channels=wanted.channels,
            valid_for=ANSWER_VALID_FOR,
            receipt_window=None if way.thread is None else UNREAD_FOR,
        ),
        identity=identity,
        principal=principal,
        now=now,
        correlation_id=correlation_id,
        purpose=Purpose.answer,
        thread=way.thread,
    )
    return _noted(session, feedback, stored.reminder, principal), True


def _noted(
    session: ScopedSession, feedback: Feedback, reminder: Reminder, principal: Principal
) -> AnswerOut:
    made = Answer(feedback_id=feedback.id, reminder_id=reminder.id, created_by=principal.actor)
    session.add(made)
    before = _facts(feedback)
    _move(session, feedback, FeedbackState.answered)
    session.flush()
    after = _facts(feedback) | {"reminder_id": reminder.id}
    audit(session, principal, "answer", "feedback", feedback.id, before=before, after=after)
    return _shown(session, made)


def _shown(session: ScopedSession, answer: Answer) -> AnswerOut:
    return next(one for one in answers_of(session, answer.feedback_id) if one.id == answer.id)


def _known(
    session: ScopedSession, identity: UUID, feedback_id: int, wanted: AnswerIn
) -> AnswerOut | None:
    """The answer that this identity was used for; raises `Conflict` when it was another one."""
    row = session.execute(
        select(Answer, Reminder)
        .join(Reminder, Reminder.id == Answer.reminder_id)
        .where(Reminder.client_id == identity)
    ).one_or_none()
    if row is None:
        return None
    made, reminder = row
    if made.feedback_id != feedback_id or reminder.message != wanted.text:
        raise Conflict(
            "This answer is already here with another content.", fields=["text"], row_id=made.id
        )
    return _shown(session, made)


@dataclass(frozen=True)
class Way:
    """Where an answer can reach the patient."""

    phone: str | None
    email: str | None
    thread: Thread | None = None


def _way_back(session: ScopedSession, feedback: Feedback, channels: list[Channel] | None) -> Way:
    """To the number that the feedback came from, else to the patient whose reference it names.

    What was said on WhatsApp is answered there while that is possible, unless staff choose the
    channels themselves.
    """
    contact = find_contact(session, feedback.patient_id) if feedback.patient_id else None
    conversation = session.get(Conversation, feedback.conversation_id or 0)
    written_from = session.get(Address, (conversation and conversation.address_id) or 0)
    thread = open_thread(session, conversation) if channels is None else None
    phone = written_from or (contact.phone if contact else None)
    email = contact.email if contact else None
    if phone is None and email is None:
        raise NoWayBack(
            "Nobody knows where this patient can be reached: the feedback came without a number,"
            " and no contact with an address has its reference.",
            code="no_address",
        )
    used = _used(phone, email, channels)
    if used and all(address.opted_out_at is not None for address in used):
        raise Conflict("This patient has said stop: nothing may be sent to them.", code="opted_out")
    return Way(phone.value if phone else None, email.value if email else None, thread)


def _used(
    phone: Address | None, email: Address | None, channels: list[Channel] | None
) -> list[Address]:
    by_mail = channels is None or Channel.email in channels
    by_phone = channels is None or set(channels) != {Channel.email}
    return [a for a in (phone if by_phone else None, email if by_mail else None) if a is not None]
