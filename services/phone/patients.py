"""Which patient is this about? Asked on a phone that several share, by the last digits of the file.

Digits are said one by one: from recordings where all ten were made, else by the language's voice.
In a language that has neither the question is left out, and staff ask.
"""

from __future__ import annotations

from sqlalchemy import update

from database.session import ScopedSession
from models.contact import Contact
from models.conversation import Conversation
from models.feedback import Feedback
from models.task import WHICH_PATIENT
from services.contact.contacts import reference_index
from services.contact.discreet import last_digits
from services.phone.caller import holders
from services.phrase.phrases import FLOWS, NoLanguage, Speech, speech
from services.task import close_task, task_key
from utils.languages import VOICES

BY_VOICE, RECORDED = "patient_by_phone", "patient_by_digits"
"""The flows of the question: as a sentence with digits in it, and put together from recordings."""
MOST_CHOICES = 5
"""More than that nobody listens to; there are keys for nine."""


def patients_of(session: ScopedSession, address_id: int | None) -> list[Contact]:
    """The patients whose phone this is."""
    if address_id is None:
        return []
    return [one for one in holders(session, address_id) if one.kind == "patient"]


def told_apart(session: ScopedSession, conversation: Conversation) -> list[Contact]:
    """Those whom a conversation may ask to choose from; empty where that cannot be asked."""
    family = patients_of(session, conversation.address_id)
    if not 2 <= len(family) <= MOST_CHOICES or last_digits(family) is None:
        return []
    return family if words_of(session, conversation) else []


def words_of(session: ScopedSession, conversation: Conversation) -> Speech | None:
    """The question in the language of the conversation, or not at all.

    Recorded as a whole it goes before the voice: one person says all of it.
    """
    language = conversation.language or ""
    recorded = _speech(session, RECORDED, language)
    if recorded is not None and all(recorded.recording(key) for key in FLOWS[RECORDED]):
        return recorded
    return _speech(session, BY_VOICE, language) if language in VOICES else None


def _speech(session: ScopedSession, flow: str, language: str) -> Speech | None:
    try:
        return speech(session, flow, [language], spoken=True)
    except NoLanguage:
        return None


def offered(session: ScopedSession, conversation: Conversation) -> list[str]:
    """The last digits of those that were offered, by their keys; none if one was erased since."""
    family = [session.get(Contact, number) for number in conversation.offered]
    known = [one for one in family if one is not None]
    return (last_digits(known) or []) if len(known) == len(family) else []


def choose(session: ScopedSession, conversation: Conversation, keys: str) -> None:
    """The feedback is about the patient of a key; staff need not ask any more."""
    contact = session.get(Contact, conversation.offered[int(keys) - 1])
    if contact is None or conversation.feedback_id is None:
        return  # erased meanwhile: the task stays
    conversation.contact_id = contact.id
    session.execute(
        update(Feedback)
        .where(Feedback.id == conversation.feedback_id, Feedback.patient_id.is_(None))
        .values(
            patient_id=contact.patient_id,
            patient_id_index=reference_index(session, contact.patient_id),
        )
        .execution_options(synchronize_session=False)
    )
    close_task(session, task_key(WHICH_PATIENT, conversation.feedback_id))
