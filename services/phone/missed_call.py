"""A missed call ("bip"): rejected, so that it costs nothing, and called back once, soon.

The call-back is a reminder like any other, with the purpose `reply`: quiet hours are not for
somebody who has just called; a stop is. Bounded for each number and for the establishment, so that
nobody can have a hospital call the world at its own expense.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from database.session import ScopedSession
from models.address import Address
from models.establishment import Establishment
from models.reminder import Channel, Purpose, Reminder, ReminderStatus
from models.task import CALL_BACK
from services.conversation.reply import reply
from services.phone.caller import holders, known_language, lock_address
from services.phone.flow import Flow
from services.phone.script import spoken
from services.task import open_task
from utils.metrics import CALL_BACKS

AGAIN_AFTER = timedelta(minutes=1)
"""The same caller within it is the same missed call."""
PER_HOUR, PER_DAY = 3, 8
"""Call-backs to one number."""
VALID_FOR = timedelta(minutes=10)
"""Later than that nobody expects it any more."""

SAME_CALL = "same"

_UNDER_WAY = (ReminderStatus.scheduled, ReminderStatus.active)


def call_back(
    session: ScopedSession, establishment: Establishment, address: Address, sender_id: int
) -> Reminder | None:
    """Have a caller called back from the number that they called; None where that is not to be.

    Staff get a task for somebody who said stop, and for one who calls too often.
    """
    lock_address(session, address.id)  # ten calls at once are one
    refusal = _refusal(session, establishment, address)
    CALL_BACKS.labels(refusal or "called").inc()
    if refusal is None:
        return _have_called(session, establishment, address, sender_id)
    if refusal != SAME_CALL:
        _leave_to_staff(session, address, refusal)
    return None


def _refusal(session: ScopedSession, establishment: Establishment, address: Address) -> str | None:
    """Why somebody is not called back; None when they are."""
    hour, day = timedelta(hours=1), timedelta(days=1)
    if address.opted_out_at is not None:
        return "opted_out"
    if _called_back(session, AGAIN_AFTER, address) or _under_way(session, address):
        return SAME_CALL
    of_hour, of_day = (_called_back(session, within, address) for within in (hour, day))
    if of_hour >= PER_HOUR or of_day >= PER_DAY:
        return "too_often"
    if _called_back(session, hour) >= establishment.call_backs_per_hour:
        return "too_many"
    return None


def _have_called(
    session: ScopedSession, establishment: Establishment, address: Address, sender_id: int
) -> Reminder:
    languages = spoken(session, establishment, Flow.feedback)
    language = known_language(session, address, languages) or next(iter(languages))
    words = languages[language].text("phone.called_back", hospital=establishment.name)
    made = reply(
        session,
        address=address,
        sender_id=sender_id,
        text=words,
        language=language,
        purpose=Purpose.reply,
        channel=Channel.voice,
    )
    made.call_again_at_most = 0  # once
    made.validity_seconds = int(VALID_FOR.total_seconds())
    session.flush()
    return made


def _called_back(session: ScopedSession, within: timedelta, address: Address | None = None) -> int:
    """How many call-backs there were, to a number or to all."""
    wanted = select(func.count()).where(
        Reminder.purpose == Purpose.reply,
        Reminder.channels == [Channel.voice.value],
        Reminder.created_at > session.now() - within,
    )
    if address is not None:
        wanted = wanted.where(Reminder.phone_id == address.id)
    return session.scalars(wanted).one()


def _under_way(session: ScopedSession, address: Address) -> bool:
    """Whether a call-back is still to come, or rings at this moment."""
    found = session.scalar(
        select(Reminder.id)
        .where(
            Reminder.phone_id == address.id,
            Reminder.purpose == Purpose.reply,
            Reminder.channels == [Channel.voice.value],
            Reminder.status.in_(_UNDER_WAY),
            Reminder.created_at > session.now() - VALID_FOR,
        )
        .limit(1)
    )
    return found is not None


def _leave_to_staff(session: ScopedSession, address: Address, why: str) -> None:
    contacts = holders(session, address.id)
    open_task(
        session,
        CALL_BACK,
        f"{CALL_BACK}:{address.id}",
        subject=why,
        contact_id=contacts[0].id if len(contacts) == 1 else None,
    )
