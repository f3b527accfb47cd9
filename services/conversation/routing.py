"""What a message is about. The words that are always obeyed come first, then what was asked last.

A rating and a reminder's keys are both digits: the question that went out last is the one that a
digit answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from models.conversation import Conversation
from models.delivery import Delivery
from services.conversation import choices, feedback, reminders
from services.conversation.turn import CHOICES, Step, Turn
from services.reminder.reply import Asked, asked, awaiting

THANKED_WITHIN = timedelta(hours=48)
"""Thanks that come within that time after something of ours are for that."""

_ASKED_BY_NUMBER = (Step.rating, Step.patient, Step.which_confirm, Step.which_reschedule)


def route(turn: Turn) -> None:
    """Answer one message, store what it says, or have somebody read it: never nothing at all."""
    _answer(turn)
    if turn.voices:
        feedback.keep_voices(turn)
    if turn.unseen and turn.conversation is not None:
        turn.note_picture()


def _answer(turn: Turn) -> None:
    known = asked(turn.session, turn.address.id, turn.message.channel)
    if choices.obey(turn, known):
        return
    if turn.said.nothing:
        _hear_nothing(turn)
        return
    waiting = awaiting(known, turn.now)
    if _answers_question(turn, known, waiting):
        return
    key = reminders.KEYS.get(turn.said.number or 0)
    if key is not None and known:
        reminders.hear_key(turn, known, key)
    elif turn.step in (Step.rating, Step.words):
        feedback.go_on(turn)
    elif waiting and not _rates(turn):
        reminders.hear_words(turn, waiting)
    else:
        _hear_opinion(turn)


def _rates(turn: Turn) -> bool:
    """True for a rating that can be nothing else, while a reminder waits for one of its keys."""
    rating = turn.said.rating
    return rating is not None and (turn.said.by_scale or rating not in reminders.KEYS)


def _answers_question(turn: Turn, known: Sequence[Asked], waiting: Sequence[Asked]) -> bool:
    """Answer to what the open conversation has asked for, unless a reminder went out since."""
    if turn.said.number in reminders.KEYS and _overtaken(turn, waiting):
        return False
    match turn.step:
        case Step.rating:
            feedback.go_on(turn)
        case Step.patient:
            feedback.hear_whose(turn)
        case Step.which_confirm | Step.which_reschedule:
            reminders.hear_which(turn, known)
        case Step.language:
            return choices.hear_language(turn)
        case _:
            return False
    return True


def _overtaken(turn: Turn, waiting: Sequence[Asked]) -> bool:
    """True when a reminder that asks for a key went out after the open conversation's question."""
    asked_at = turn.conversation.last_at if turn.conversation else turn.now
    return any(one.asked_at > asked_at for one in waiting)


def _hear_nothing(turn: Turn) -> None:
    """A voice is heard as words are. A picture, spaces, punctuation: say what can be written.

    An open question stays open.
    """
    if turn.voices:
        feedback.hear_voice(turn)
        return
    if not turn.message.media:
        choices.help_out(turn)
        return
    waits = turn.conversation is not None
    if turn.conversation is None:
        turn.open(CHOICES)
    turn.join(turn.current)
    turn.say("media.unreadable", flow="feedback_by_sms")
    if not waits:
        turn.end()


def _hear_opinion(turn: Turn) -> None:
    """Thanks, a greeting, something more to a feedback, or a new one."""
    if turn.said.courtesy and _answers_something(turn):
        turn.open(CHOICES)
        turn.end()
        return
    if turn.said.greeting:
        choices.help_out(turn)
        return
    before = feedback.last_feedback(turn) if turn.conversation is None else None
    if before is not None:
        feedback.add_to(turn, before)
    else:
        feedback.begin(turn)


def _answers_something(turn: Turn) -> bool:
    """True when something of ours went to the address a while ago."""
    since = turn.now - THANKED_WITHIN
    sent = select(Delivery.id).where(
        Delivery.address_id == turn.address.id, Delivery.attempted_at > since
    )
    spoken = select(Conversation.id).where(
        Conversation.address_id == turn.address.id, Conversation.last_at > since
    )
    return turn.session.scalar(select(sent.exists() | spoken.exists())) is True
