"""What a patient may always ask for: to stop, to start again, help, another language."""

from __future__ import annotations

from collections.abc import Sequence

from models.delivery import Reply
from models.reminder import Purpose
from services.audit import audit
from services.contact.address import opt_in, opt_out
from services.conversation.patients import numbered
from services.conversation.turn import (
    CHOICES,
    FEEDBACK,
    MOST_QUESTIONS,
    PATIENT,
    REMINDER,
    Step,
    Turn,
)
from services.identity import Principal
from services.phrase.opt_words import Wish, squeezed, wish_of
from services.phrase.phrases import NoLanguage, shipped, speech
from services.reminder.reply import Asked, awaiting, note_reply
from utils.languages import NAMES

_LANGUAGES = tuple(NAMES)
_OWN_NAMES = {
    "fra": "francais", "eng": "English", "dua": "duala", "bas": "basaa", "ewo": "ewondo",
}  # fmt: skip
"""Each in itself, in letters that every SMS has."""
_CARRIER, _SMS = "carrier", "sms"


def obey(turn: Turn, asked: Sequence[Asked]) -> bool:
    """Carry out one of the words; False when the message is none of them.

    Where the carrier has recognised a word (`OptOutType`) it has answered, too. It takes YES for a
    start; we do not: nothing but the words themselves lifts a stop.
    """
    carrier = turn.message.opt_out_type
    word = wish_of(turn.session, turn.said.text)
    if carrier == Wish.stop or (carrier is None and word is Wish.stop):
        _stop(turn, asked)
    elif word is Wish.start and carrier in (None, Wish.start):
        _start(turn)
    elif carrier == Wish.help or (carrier is None and word is Wish.help):
        help_out(turn)
    elif carrier is None and word is Wish.language:
        _ask_language(turn)
    else:
        return False
    return True


def _stop(turn: Turn, asked: Sequence[Asked]) -> None:
    """Stop everything to the address; confirmed once, unless the carrier has done so."""
    carrier = turn.message.opt_out_type is not None
    _begin(turn)
    if squeezed(turn.said.text) == "cancel":
        _cancel_too(turn, asked)
    new = turn.address.opted_out_at is None
    opt_out(turn.address, _CARRIER if carrier else _SMS)
    _noted(turn, "opt_out")
    if new and not carrier:
        turn.say("opt.stopped", flow=CHOICES, purpose=Purpose.opt_out)
    turn.end()


def _cancel_too(turn: Turn, asked: Sequence[Asked]) -> None:
    """CANCEL is a carrier's word for stop; whoever has an appointment may have meant that."""
    waiting = awaiting(asked, turn.now)
    if len(waiting) == 1:
        note_reply(
            turn.session,
            waiting[0].delivery.id,
            Reply.reschedule,
            conversation_id=turn.current.id,
        )
    elif waiting:
        turn.note()


def _start(turn: Turn) -> None:
    _begin(turn)
    opt_in(turn.address)
    _noted(turn, "opt_in")
    turn.say("opt.started", flow=CHOICES)
    turn.end()


def _noted(turn: Turn, what: str) -> None:
    """Keep who said so and when: a hospital may have to show it."""
    turn.session.flush()
    patient = Principal(turn.session.establishment_id, PATIENT)
    said = {"conversation_id": turn.current.id, "message_id": turn.message.id}
    audit(turn.session, patient, what, "address", turn.address.id, after=said)


def help_out(turn: Turn) -> None:
    """Say what can be written. A question that is open stays open."""
    waits = turn.step != Step.nothing
    _begin(turn)
    turn.say("help", flow=CHOICES)
    if not waits:
        turn.end()


def _begin(turn: Turn) -> None:
    if turn.conversation is None:
        turn.open(CHOICES)
    else:
        turn.join(turn.conversation)


def _ask_language(turn: Turn) -> None:
    turn.open(CHOICES)
    languages = _possible(turn)
    turn.current.offered = [_LANGUAGES.index(language) for language in languages]
    if not turn.may_ask or len(languages) < 2:
        turn.say("help")
        turn.end()
    else:
        _list(turn)


def _list(turn: Turn) -> None:
    names = [_OWN_NAMES[_LANGUAGES[place]] for place in turn.current.offered]
    turn.ask(Step.language, "language.which", choices=numbered(names))


def _possible(turn: Turn) -> list[str]:
    """The languages in which every conversation by SMS can be held."""
    return [
        language
        for language in dict.fromkeys((*turn.establishment.languages, *shipped()))
        if all(_complete(turn, flow, language) for flow in (FEEDBACK, REMINDER, CHOICES))
    ]


def _complete(turn: Turn, flow: str, language: str) -> bool:
    try:
        speech(turn.session, flow, [language])
    except NoLanguage:
        return False
    return True


def hear_language(turn: Turn) -> bool:
    """The language that was chosen; False when the message is something else."""
    offered, number = turn.current.offered, turn.said.number or _named(turn)
    if number is None:
        return False
    turn.join(turn.current)
    if not 1 <= number <= len(offered):
        if turn.may_ask and turn.current.questions < MOST_QUESTIONS:
            _list(turn)
        else:
            turn.say("help")
            turn.end()
        return True
    language = _LANGUAGES[offered[number - 1]]
    _remember(turn, language)
    turn.current.language = language
    turn.say("language.chosen")
    turn.end()
    return True


def _named(turn: Turn) -> int | None:
    """The place in the list of a language that was written out."""
    written = squeezed(turn.said.text)
    names = [_OWN_NAMES[_LANGUAGES[place]] for place in turn.current.offered]
    return next((n for n, name in enumerate(names, 1) if squeezed(name) == written), None)


def _remember(turn: Turn, language: str) -> None:
    """On the contact where the phone is one person's, else on the phone itself."""
    if len(turn.contacts) == 1:
        turn.contacts[0].language, turn.address.language = language, None
    else:
        turn.address.language = language
    turn.session.flush()
