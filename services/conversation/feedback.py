"""Feedback by SMS: a rating, words or both in any order. What is said is stored at once."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid5

from pydantic import ValidationError
from sqlalchemy import exists, or_, select

from models.answer import Answer
from models.contact import Contact
from models.conversation import Conversation
from models.feedback import Feedback, FeedbackState
from models.reminder import Reminder
from schemas.feedback import CONTENT_LENGTH, FeedbackChannel, FeedbackIn
from services.contact.contacts import reference_index
from services.conversation.ending import ask_staff_whose
from services.conversation.patients import ask_whose, chosen_patient, patients
from services.conversation.turn import FEEDBACK, MOST_QUESTIONS, PATIENT, Step, Turn
from services.errors import CareloopError
from services.feedback.intake import PROCESS_FEEDBACK, Stored, arrival, store
from services.feedback.upload import join_feedback
from services.identity import Principal

ADDED_FOR = timedelta(hours=1)
"""What comes within that time after the thanks belongs to the same feedback."""
ANSWERED_WITHIN = timedelta(days=3)
"""What comes within that time after the hospital's answer to a feedback is about that."""
_IDENTITY = UUID("0c1c9b7e-4a53-4a6a-9f0e-7b5f4d1e8a52")


def begin(turn: Turn) -> None:
    """A message that is a feedback."""
    conversation = turn.open(FEEDBACK)
    family = patients(turn)
    only = family[0] if len(family) == 1 else None
    feedback = _stored(turn, conversation, only)
    feedback.conversation_id = conversation.id
    conversation.feedback_id = feedback.id
    conversation.contact_id = only.id if only else None
    _ask_or_thank(turn, feedback)


def hear_voice(turn: Turn) -> None:
    """A message that is spoken: in place of the words that were asked for, or a feedback by itself.

    Each feedback has one recording: whoever says more begins another one.
    """
    if turn.step not in (Step.rating, Step.words) or _voice_of(turn) is not None:
        begin(turn)
        return
    turn.join(turn.current)
    feedback = _locked(turn, turn.current)
    _speak(turn, feedback, turn.voices[0])
    _ask_or_thank(turn, feedback)


def keep_voices(turn: Turn) -> None:
    """Whatever was spoken and is in no feedback yet: of several pieces, or beside other words."""
    for voice in turn.voices:
        if turn.session.scalar(select(exists().where(Feedback.awaited_recording == voice))):
            continue
        conversation = turn.conversation or turn.open(FEEDBACK)
        if conversation.feedback_id is not None and _voice_of(turn) is None:
            _speak(turn, _locked(turn, conversation), voice)
            continue
        family = patients(turn)
        only = family[0] if len(family) == 1 else None
        _stored(turn, conversation, only, voice=voice).conversation_id = conversation.id
    join_feedback(turn.session)  # what was fetched before it was heard


def _voice_of(turn: Turn) -> UUID | None:
    """The recording that the open conversation's feedback has, or waits for."""
    return turn.session.scalar(
        select(Feedback.awaited_recording).where(Feedback.id == turn.current.feedback_id)
    )


def _speak(turn: Turn, feedback: Feedback, voice: UUID) -> None:
    """Have a feedback wait for a recording."""
    feedback.awaited_recording = voice
    feedback.state, feedback.processed = FeedbackState.open, False
    turn.session.flush()
    turn.session.enqueue(PROCESS_FEEDBACK, feedback.id)


def go_on(turn: Turn) -> None:
    """What was asked for, or something else: it is added to what is there."""
    turn.join(turn.current)
    feedback = _locked(turn, turn.current)
    if not turn.said.courtesy:
        _add(turn, feedback)
    _ask_or_thank(turn, feedback)


def hear_whose(turn: Turn) -> None:
    """The answer to which patient it is about."""
    turn.join(turn.current)
    feedback = _locked(turn, turn.current)
    patient = chosen_patient(turn)
    if patient is not None:
        _belongs_to(turn, feedback, patient)
    elif turn.said.number is not None and turn.current.questions < MOST_QUESTIONS:
        ask_whose(turn)
        return
    elif turn.said.number is None and not turn.said.courtesy:
        _add(turn, feedback)
    _thank(turn)


def last_feedback(turn: Turn) -> Conversation | None:
    """The conversation of a feedback to which more may be said: a moment ago, or just answered."""
    answered = (
        select(Answer.feedback_id)
        .join(Reminder, Reminder.id == Answer.reminder_id)
        .where(
            Reminder.phone_id == turn.address.id,
            Reminder.created_at > turn.now - ANSWERED_WITHIN,
        )
    )
    return turn.session.scalar(
        select(Conversation)
        .where(
            Conversation.address_id == turn.address.id,
            Conversation.channel == turn.message.channel,
            Conversation.feedback_id.is_not(None),
            Conversation.ended_at.is_not(None),
            or_(
                Conversation.last_at > turn.now - ADDED_FOR,
                Conversation.feedback_id.in_(answered),
            ),
        )
        .order_by(Conversation.last_at.desc(), Conversation.id.desc())
        .limit(1)
    )


def add_to(turn: Turn, conversation: Conversation) -> None:
    """Something more, after the thanks."""
    turn.join(conversation)
    _add(turn, _locked(turn, conversation))
    turn.say("note.received")


def _ask_or_thank(turn: Turn, feedback: Feedback) -> None:
    """Ask for what is missing, in this order: rating, words, whose; at most two questions."""
    conversation, said = turn.current, turn.said
    left = turn.may_ask and conversation.questions < MOST_QUESTIONS
    first = conversation.step == Step.nothing
    again = conversation.step == Step.rating and said.odd_number
    if left and feedback.rating is None and (first or again):
        turn.ask(Step.rating, "feedback.ask_rating")
    elif left and _says_nothing(feedback) and conversation.step != Step.words:
        turn.ask(Step.words, "feedback.ask_words")
    elif left and feedback.patient_id is None and len(patients(turn)) > 1 and ask_whose(turn):
        return
    else:
        _thank(turn)


def _says_nothing(feedback: Feedback) -> bool:
    return feedback.content is None and feedback.awaited_recording is None


def _thank(turn: Turn) -> None:
    turn.current.step = Step.nothing
    if len(patients(turn)) > 1:
        ask_staff_whose(turn.session, turn.current)
    turn.say("feedback.thanks")
    turn.end()


def _stored(
    turn: Turn, conversation: Conversation, patient: Contact | None, *, voice: UUID | None = None
) -> Feedback:
    """The feedback's row. Its identity is the message's: whatever happens, there is one.

    `voice`: of one that is nothing but a further recording of the same message.
    """
    number = turn.session.establishment_id
    wanted = _wanted(turn, conversation, patient) if voice is None else None
    one = arrival(
        wanted or _spoken(conversation, patient, voice),
        identity=voice or uuid5(_IDENTITY, f"{number}:{turn.message.id}"),
        principal=Principal(number, PATIENT),
    )
    (result,) = store(turn.session, [one])
    if isinstance(result, CareloopError):
        raise result
    assert isinstance(result, Stored)
    return turn.session.get_one(Feedback, result.id)


def _wanted(turn: Turn, conversation: Conversation, patient: Contact | None) -> FeedbackIn:
    said = turn.said
    fields = {
        "language": conversation.language,
        "rating": said.rating,
        "channel": FeedbackChannel.sms,
        "patient_id": patient.patient_id if patient else None,
        "recording": turn.voices[0] if turn.voices else None,
    }
    try:
        return FeedbackIn(content=said.words, emoji=said.emoji, **fields)
    except ValidationError:  # an emoji like no other: it stays among the words
        return FeedbackIn(content=said.text, **fields)


def _spoken(conversation: Conversation, patient: Contact | None, voice: UUID | None) -> FeedbackIn:
    return FeedbackIn(
        language=conversation.language,
        channel=FeedbackChannel.sms,
        patient_id=patient.patient_id if patient else None,
        recording=voice,
    )


def _locked(turn: Turn, conversation: Conversation) -> Feedback:
    return turn.session.get_one(
        Feedback, conversation.feedback_id, with_for_update=True, populate_existing=True
    )


def _add(turn: Turn, feedback: Feedback) -> None:
    """Complete a feedback. A second rating replaces the first: it is a correction."""
    said = turn.said
    feedback.rating = said.rating or feedback.rating
    feedback.emoji = said.emoji or feedback.emoji
    if said.words:
        whole = f"{feedback.content}\n{said.words}" if feedback.content else said.words
        if len(whole) > CONTENT_LENGTH:
            turn.note()  # it stands in the conversation
        else:
            feedback.content = whole
    feedback.state = FeedbackState.open
    feedback.processed = False
    turn.session.flush()
    turn.session.enqueue(PROCESS_FEEDBACK, feedback.id)


def _belongs_to(turn: Turn, feedback: Feedback, patient: Contact) -> None:
    feedback.patient_id = patient.patient_id
    feedback.patient_id_index = reference_index(turn.session, patient.patient_id)
    turn.current.contact_id = patient.id
    turn.session.flush()
