"""The keys that a reminder's SMS names at its end, where an answer is expected and can come back.

The line is the phrase `reminder.keys`, in the reminder's own language or not at all: one message,
one language. It is no part of what staff wrote, so it is put there when the message leaves, and
wherever it is counted what the message will cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select

from database.session import ScopedSession
from models.establishment import Sender
from models.reminder import Channel, Reminder
from services.dispatch import Attempt
from services.phrase.phrases import NoLanguage, speech
from services.sms import BREAK

FLOW, KEYS = "reminder_by_sms", "reminder.keys"


def keys_in(session: ScopedSession, language: str) -> str:
    """What is put after a message in a language; nothing where nobody has approved the words."""
    try:
        return BREAK + speech(session, FLOW, [language]).sms(KEYS)
    except NoLanguage:
        return ""


def with_keys(session: ScopedSession, message: str, language: str) -> str:
    """A message as it asks for an answer by SMS; unchanged where its language has no keys."""
    return message + keys_in(session, language)


def reminder_sms(session: ScopedSession, reminder: Reminder) -> str:
    """What a stored reminder says by SMS, as its senders are now."""
    if not (reminder.expects_reply and can_come_back(session)):
        return reminder.message
    return with_keys(session, reminder.message, reminder.language)


def can_come_back(session: ScopedSession) -> bool:
    """True when an answer by SMS can reach the establishment at all."""
    receiving = select(Sender.id).where(
        Sender.establishment_id == session.establishment_id,
        Sender.channel == Channel.sms,
        Sender.active,
        Sender.can_receive,
    )
    return session.scalar(receiving.limit(1)) is not None


def ask(session: ScopedSession, attempts: Sequence[Attempt]) -> list[Attempt]:
    """Attempts with the keys in those that ask, by a sender that can take in the answer."""
    asking = [one for one in attempts if _asks(one)]
    keys = {language: keys_in(session, language) for language in {one.language for one in asking}}
    return [
        replace(one, message=one.message + keys[one.language]) if _asks(one) else one
        for one in attempts
    ]


def _asks(attempt: Attempt) -> bool:
    return attempt.asks and attempt.channel == Channel.sms
