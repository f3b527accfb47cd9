"""What is said by phone becomes a feedback at once, whatever happens to the call afterwards."""

from __future__ import annotations

from uuid import UUID, uuid5

from sqlalchemy import update

from database.session import ScopedSession
from models.conversation import Conversation
from models.feedback import Feedback
from models.task import WHICH_PATIENT
from schemas.feedback import FeedbackChannel, FeedbackIn
from services.feedback.intake import Stored, arrival, store
from services.identity import Principal
from services.phone.patients import patients_of
from services.task import open_task, task_key

_BY_PHONE = UUID("0b0f3c5a-9a51-4a55-8f0a-7f3b1c1e5d20")
PHONE = "phone"
"""Who entered it: nobody of the staff."""


def feedback_of(
    session: ScopedSession,
    conversation: Conversation,
    *,
    rating: int | None = None,
    recording: UUID | None = None,
) -> int:
    """The number of a locked conversation's feedback; made of its first rating or recording."""
    if conversation.feedback_id is not None:
        return conversation.feedback_id
    contacts = patients_of(session, conversation.address_id)
    wanted = FeedbackIn(
        language=conversation.language or "fra",
        rating=rating,
        recording=recording,
        patient_id=contacts[0].patient_id if len(contacts) == 1 else None,
        channel=FeedbackChannel.voice,
    )
    principal = Principal(session.establishment_id, PHONE)
    identity = uuid5(_BY_PHONE, f"{session.establishment_id}:{conversation.id}")
    (stored,) = store(session, [arrival(wanted, identity=identity, principal=principal)])
    if not isinstance(stored, Stored):
        raise stored
    session.execute(
        update(Feedback)
        .where(Feedback.id == stored.id)
        .values(conversation_id=conversation.id)
        .execution_options(synchronize_session=False)
    )
    conversation.feedback_id = stored.id
    if len(contacts) == 1:
        conversation.contact_id = contacts[0].id
    elif contacts:
        open_task(
            session,
            WHICH_PATIENT,
            task_key(WHICH_PATIENT, stored.id),
            feedback_id=stored.id,
            conversation_id=conversation.id,
        )
    session.flush()
    return stored.id
