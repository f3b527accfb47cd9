"""Replies to reminders: 1 confirms, 2 cancels or asks for another time; also hours later."""

from __future__ import annotations

from collections.abc import Sequence

from models.contact import Contact
from models.delivery import Reply
from services.contact.discreet import labels
from services.conversation.patients import numbered
from services.conversation.turn import MOST_CHOICES, MOST_QUESTIONS, REMINDER, Step, Turn
from services.reminder.reply import Asked, awaiting, note_reply
from utils.clock import local_time

KEYS = {1: Reply.confirmed, 2: Reply.reschedule}
_PHRASE = {Reply.confirmed: "reminder.confirmed", Reply.reschedule: "reminder.reschedule"}
_WHICH = {Reply.confirmed: Step.which_confirm, Reply.reschedule: Step.which_reschedule}
_MEANT = {step: answer for answer, step in _WHICH.items()}


def hear_key(turn: Turn, asked: Sequence[Asked], answer: Reply) -> None:
    """A key, when there is at least one reminder that may be meant."""
    waiting = awaiting(asked, turn.now)
    if len(waiting) == 1:
        _open(turn, waiting[0])
        _settle(turn, waiting[0], answer)
    elif waiting:
        _ask_which(turn, waiting, answer)
    else:
        latest = max(asked, key=lambda one: one.asked_at)
        _open(turn, latest)
        _answer_late(turn, latest, answer)


def hear_which(turn: Turn, asked: Sequence[Asked]) -> None:
    """The answer to which reminder was meant."""
    turn.join(turn.current)
    answer = _MEANT[Step(turn.current.step)]
    offered, number = turn.current.offered, turn.said.number
    if number is not None and 1 <= number <= len(offered):
        chosen = next((one for one in asked if one.delivery.id == offered[number - 1]), None)
        if chosen is not None:
            turn.current.reminder_id = chosen.reminder.id
            turn.current.contact_id = chosen.reminder.contact_id
            if chosen in awaiting(asked, turn.now):
                _settle(turn, chosen, answer)
            else:
                _answer_late(turn, chosen, answer)
            return
    if number is not None and turn.may_ask and turn.current.questions < MOST_QUESTIONS:
        _list(turn, [one for one in asked if one.delivery.id in offered], answer)
        return
    turn.note()
    turn.say("note.received")
    turn.current.step = Step.nothing
    turn.end()


def hear_words(turn: Turn, waiting: Sequence[Asked]) -> None:
    """Words where a key was asked for: somebody reads them, and the keys are named once more."""
    again = turn.step == Step.key
    if again:
        turn.join(turn.current)
    else:
        _open(turn, waiting[0])
    if again or not turn.said.courtesy:
        turn.note(waiting[0].reminder.id, waiting[0].reminder.contact_id)
    if again or not turn.may_ask:
        turn.say("note.received")
        turn.end()
    else:
        turn.ask(Step.key, "reminder.not_understood")


def _open(turn: Turn, one: Asked) -> None:
    if turn.step == Step.key:
        turn.join(turn.current)
    else:
        turn.open(REMINDER, like=one.reminder.language)
    turn.current.reminder_id = one.reminder.id
    turn.current.contact_id = one.reminder.contact_id


def _settle(turn: Turn, one: Asked, answer: Reply) -> None:
    note_reply(turn.session, one.delivery.id, answer, conversation_id=turn.current.id)
    turn.say(_PHRASE[answer])
    turn.current.step = Step.nothing
    turn.end()


def _answer_late(turn: Turn, one: Asked, answer: Reply) -> None:
    """An answer to what does not wait for one: called off, over, or answered already."""
    if one.reminder.called_off:
        turn.say("reminder.cancelled")
    elif one.until <= turn.now:
        turn.note(one.reminder.id, one.reminder.contact_id)
        turn.say("reminder.too_late")
    else:
        _settle(turn, one, answer)
        return
    turn.current.step = Step.nothing
    turn.end()


def _ask_which(turn: Turn, waiting: Sequence[Asked], answer: Reply) -> None:
    _open(turn, waiting[0])
    turn.current.reminder_id = turn.current.contact_id = None
    if turn.may_ask:
        _list(turn, waiting[:MOST_CHOICES], answer)
    else:
        turn.note()
        turn.say("note.received")
        turn.end()


def _list(turn: Turn, waiting: Sequence[Asked], answer: Reply) -> None:
    turn.current.offered = [one.delivery.id for one in waiting]
    turn.ask(_WHICH[answer], "reminder.which", choices=numbered(_shown(turn, waiting)))


def _shown(turn: Turn, waiting: Sequence[Asked]) -> list[str]:
    """Day and time alone; at the same time for several patients, also what tells those apart."""
    zone = turn.establishment.zone
    times = [local_time(one.about, zone).strftime("%d/%m %H:%M") for one in waiting]
    if len(set(times)) == len(times):
        return times
    people = [_person(turn, one) for one in waiting]
    known = {person.patient_id: person for person in people if person is not None}
    told_apart = labels(list(known.values())) if None not in people else None
    if told_apart is None:
        return times
    label = dict(zip(known, told_apart, strict=True))
    return [
        f"{time} ({label[person.patient_id]})" if person else time
        for time, person in zip(times, people, strict=True)
    ]


def _person(turn: Turn, one: Asked) -> Contact | None:
    """Whose reminder it is; one that was made for a number alone still has the reference."""
    contact = turn.session.get(Contact, one.reminder.contact_id or 0)
    if contact is None and one.reminder.patient_id:
        return Contact(patient_id=one.reminder.patient_id)
    return contact
