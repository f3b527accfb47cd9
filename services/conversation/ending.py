"""The end of a conversation: what was said stays, and what was left open becomes a task."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from database.session import ScopedSession
from models.conversation import Conversation
from models.feedback import Feedback
from models.task import LOOK_AT_MESSAGE, WHICH_PATIENT
from services.task import open_task

SWEEP_AT_ONCE = 200
_OF_REMINDERS = ("which_confirm", "which_reschedule")


def end(session: ScopedSession, conversation: Conversation) -> None:
    """End a conversation. A question that was not answered is staff's to answer."""
    if conversation.step == "patient":
        ask_staff_whose(session, conversation)
    elif conversation.step in _OF_REMINDERS:
        open_task(
            session,
            LOOK_AT_MESSAGE,
            f"{LOOK_AT_MESSAGE}:{conversation.id}",
            conversation_id=conversation.id,
        )
    conversation.step = ""
    conversation.ended_at = session.now()
    session.flush()


def ask_staff_whose(session: ScopedSession, conversation: Conversation) -> None:
    """Have staff find out whose a feedback is."""
    if conversation.feedback_id is None:
        return
    feedback = session.get_one(Feedback, conversation.feedback_id)
    if feedback.patient_id is not None:
        return
    open_task(
        session,
        WHICH_PATIENT,
        f"{WHICH_PATIENT}:{feedback.id}",
        feedback_id=feedback.id,
        conversation_id=conversation.id,
    )


def end_stale(session: ScopedSession, after: timedelta) -> int:
    """End the conversations that nobody has gone on with for so long; how many there were."""
    stale = session.scalars(
        select(Conversation)
        .where(Conversation.ended_at.is_(None), Conversation.last_at < session.now() - after)
        .where(Conversation.channel != "voice")  # a call ends by itself
        .order_by(Conversation.last_at)
        .limit(SWEEP_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for conversation in stale:
        end(session, conversation)
    return len(stale)
