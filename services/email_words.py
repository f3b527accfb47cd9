"""What stands above an e-mail, in the message's language; it tells who, never why."""

from __future__ import annotations

from models.establishment import Establishment
from models.reminder import Purpose
from services.template import texts_of

CATALOGUE = "email"
_SUBJECTS = {
    Purpose.reminder: "subject.reminder",
    Purpose.reply: "subject.answer",
    Purpose.answer: "subject.answer",
}


def email_subject(establishment: Establishment, purpose: str, language: str) -> str:
    """A subject that says what comes: an answer to a patient's own words is no reminder.

    Nobody here writes a sentence in Duala, Basaa or Ewondo: there it is the name alone, and so it
    is where there is nothing to say about it.
    """
    name = _SUBJECTS.get(Purpose(purpose))
    words = texts_of(CATALOGUE)[name].get(language) if name else None
    return words.format(hospital=establishment.name) if words else establishment.name
