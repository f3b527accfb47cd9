"""What the system says to patients: which sentences there are, and in which words.

French and English ship in `locales/*/phrases.po`, and what the patients' app says in `app.json`
beside it; an establishment's own phrases go before them.
A conversation chooses its language once, and only a language that has every phrase of its flow:
one message, one language.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any
from uuid import UUID

from babel.messages.pofile import read_po
from sqlalchemy import event, select
from sqlalchemy.orm import object_session

from database.session import ScopedSession
from models.phrase import FlowLanguage, Phrase
from services.errors import Invalid, NotFound
from utils.languages import VOICES, parse_language

LOCALES = Path(__file__).resolve().parents[2] / "locales"
SMS = "sms"
"""The context of a spelling for SMS in a catalogue."""
APP = "app."
"""What the keys of the patients' app begin with."""
_FOR_STAFF = "app.enrol"
"""A tablet is prepared by staff, before any patient has chosen a language."""


def _app_texts(folder: str) -> dict[str, str]:
    """What the patients' app says, by key: `app.askTitle`, `app.faces.0`."""
    texts: dict[str, str] = {}

    def gather(key: str, inside: Any) -> None:
        if isinstance(inside, str):
            texts[key] = inside
            return
        parts = inside.items() if isinstance(inside, dict) else enumerate(inside)
        for name, part in parts:
            gather(f"{key}.{name}", part)

    gather(APP[:-1], json.loads((LOCALES / folder / "app.json").read_text("utf-8")))
    return texts


FLOWS: dict[str, tuple[str, ...]] = {
    "feedback_by_sms": (
        "feedback.ask_rating",
        "feedback.ask_words",
        "feedback.thanks",
        "patient.which",
        "note.received",
        "media.unreadable",
    ),
    "reminder_by_sms": (
        "reminder.keys",
        "reminder.confirmed",
        "reminder.reschedule",
        "reminder.which",
        "reminder.not_understood",
        "reminder.cancelled",
        "reminder.too_late",
        "note.received",
    ),
    "feedback_by_app": tuple(key for key in _app_texts("fr") if not key.startswith(_FOR_STAFF)),
    "feedback_by_phone": (
        "phone.language",
        "phone.welcome",
        "phone.called_back",
        "phone.rate",
        "phone.other_language",
        "phone.speak",
        "phone.review",
        "phone.one_moment",
        "phone.not_ready",
        "phone.nothing_heard",
        "phone.wrong_key",
        "phone.thanks",
        "phone.goodbye",
    ),
    "reminder_by_phone": (
        "phone.reminder",
        "phone.reminder_keys",
        "phone.confirmed",
        "phone.reschedule",
        "phone.stop_sure",
        "phone.stopped",
        "phone.machine",
        "phone.nothing_heard",
        "phone.wrong_key",
        "phone.goodbye",
    ),
    # A call that asks for no answer: a hospital can have it in a language before the keys.
    "notice_by_phone": (
        "phone.reminder",
        "phone.notice_keys",
        "phone.stop_sure",
        "phone.stopped",
        "phone.machine",
        "phone.nothing_heard",
        "phone.wrong_key",
        "phone.goodbye",
    ),
    # Asked at the end of a feedback, by a voice that can say digits.
    "patient_by_phone": ("phone.which_patient", "phone.patient_choice", "phone.patient_unknown"),
    # The same where somebody has recorded the digits: each is a phrase, and said one by one.
    "patient_by_digits": (
        "phone.which_patient",
        "phone.patient_file",
        "phone.patient_press",
        *(f"phone.digit_{digit}" for digit in range(10)),
        "phone.patient_unknown",
    ),
    "phrase_by_phone": (
        "phone.code",
        "phone.code_wrong",
        "phone.say_phrase",
        "phone.after_tone",
        "phone.review",
        "phone.one_moment",
        "phone.not_ready",
        "phone.nothing_heard",
        "phone.wrong_key",
        "phone.phrase_kept",
        "phone.goodbye",
    ),
    "no_service": ("phone.sorry",),
    "choices_by_sms": ("help", "opt.stopped", "opt.started", "language.which", "language.chosen"),
    # Not said but understood: words separated by commas, each of which is a whole message.
    "words_by_sms": ("words.stop", "words.start", "words.help", "words.language"),
}
"""Every flow with the phrases that it needs. A key is never renamed: people have recorded it."""


class NoLanguage(LookupError):
    """No language of the establishment has all phrases of a flow."""


@dataclass(frozen=True, slots=True)
class Words:
    """One phrase in one language, as it ships or as the establishment has it."""

    text: str | None
    sms_text: str | None = None
    recording_id: UUID | None = None


@dataclass(frozen=True)
class Speech:
    """A whole flow in the one language that was chosen for it."""

    language: str
    words: Mapping[str, Words]

    def text(self, key: str, **values: str) -> str:
        """A phrase as it is written on a page or in an e-mail."""
        return (self.words[key].text or "").format_map(values)

    def sms(self, key: str, **values: str) -> str:
        """A phrase in its spelling for SMS."""
        words = self.words[key]
        return (words.sms_text or words.text or "").format_map(values)

    def recording(self, key: str) -> UUID | None:
        """The recording of a phrase, if somebody has spoken it."""
        return self.words[key].recording_id


def keys() -> list[str]:
    """Every phrase there is, in the order of the flows."""
    return list(dict.fromkeys(key for flow in FLOWS.values() for key in flow))


@lru_cache(maxsize=1)
def shipped() -> dict[str, dict[str, Words]]:
    """What ships, by language (ISO 639-3) and key."""
    texts: dict[str, dict[str, Words]] = {}
    for path in sorted(LOCALES.glob("*/phrases.po")):
        language = parse_language(path.parent.name)
        plain: dict[str, str] = {}
        short: dict[str, str] = {}
        with path.open("rb") as file:
            for message in read_po(file):
                if message.id and message.string:
                    to = short if message.context == SMS else plain
                    to[str(message.id)] = str(message.string)
        app = _app_texts(path.parent.name)
        plain |= {key: app[key] for key in FLOWS["feedback_by_app"] if key in app}
        texts[language] = {key: Words(text, short.get(key)) for key, text in plain.items()}
    return texts


def check_key(key: str) -> None:
    """Raise `NotFound` for a key that no flow has."""
    if key not in shipped()["fra"]:
        raise NotFound("phrase")


def check_words(key: str, words: str, *, field: str) -> None:
    """Raise `Invalid` unless words carry exactly the values that the phrase has, each as `{name}`.

    A value that is missing would be kept from the patient; one too many could not be filled in.
    """
    try:
        parts = list(Formatter().parse(words))
    except ValueError:
        raise Invalid(
            "A brace stands alone: write {{ or }} for a brace.",
            field=field,
            code="placeholder_broken",
        ) from None
    names = [name for _, name, _, _ in parts if name is not None]
    styled = any(spec or conversion for _, _, spec, conversion in parts)
    if styled or set(names) != placeholders(key):
        wanted = ", ".join(f"{{{name}}}" for name in sorted(placeholders(key))) or "none"
        raise Invalid(
            f"The values that stand in this phrase: {wanted}.", field=field, code="placeholders"
        )


def placeholders(key: str) -> frozenset[str]:
    """The values that a phrase may carry, by the French text that ships."""
    text = shipped()["fra"][key].text or ""
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name)


def speech(
    session: ScopedSession, flow: str, preferred: Sequence[str], *, spoken: bool = False
) -> Speech:
    """A flow's phrases in the first preferred language that is switched on and has all of them.

    `spoken`: each phrase needs a recording, unless the language has a voice. Raises `NoLanguage`.
    """
    own = own_words(session, flow)
    on = switched_on(session, flow)
    for language in dict.fromkeys(preferred):
        if language not in on:
            continue
        words = spoken_words(language, own.get(language, {}))
        if _whole(flow, words, language, spoken=spoken):
            return Speech(language, {key: words[key] for key in FLOWS[flow]})
    raise NoLanguage(flow)


def switched_on(session: ScopedSession, flow: str) -> set[str]:
    """The languages of a flow: those that ship, and those that the establishment switched on."""
    own = session.scalars(select(FlowLanguage.language).where(FlowLanguage.flow == flow))
    return set(shipped()) | set(own)


def spoken_words(language: str, own: Mapping[str, Words]) -> dict[str, Words]:
    """What ships in a language, with an establishment's own words before it.

    Own words without a text are a recording of the text that ships.
    """
    words = dict(shipped().get(language, {}))
    for key, mine in own.items():
        ours = words.get(key)
        if mine.text is None and ours is not None:
            words[key] = Words(ours.text, mine.sms_text or ours.sms_text, mine.recording_id)
        else:
            words[key] = mine
    return words


def is_spoken(flow: str) -> bool:
    """True for a flow of phone calls."""
    return all(key.startswith("phone.") for key in FLOWS[flow])


def covered(flow: str, own: Mapping[str, Mapping[str, Words]], language: str) -> bool:
    """Whether a flow can be written as a whole in a language, with an establishment's own words."""
    return _whole(flow, spoken_words(language, own.get(language, {})), language)


def _whole(flow: str, words: Mapping[str, Words], language: str, *, spoken: bool = False) -> bool:
    return all(sayable(words.get(key), language, spoken=spoken) for key in FLOWS[flow])


def sayable(words: Words | None, language: str, *, spoken: bool) -> bool:
    """True when there are words as SMS needs them, or as a call does (`spoken`)."""
    if words is None:
        return False
    if spoken:
        return words.recording_id is not None or (words.text is not None and language in VOICES)
    return words.text is not None


@event.listens_for(Phrase, "after_insert")
@event.listens_for(Phrase, "after_update")
@event.listens_for(Phrase, "after_delete")
@event.listens_for(FlowLanguage, "after_insert")
@event.listens_for(FlowLanguage, "after_delete")
def _outdate(_mapper: object, _connection: object, changed: Phrase | FlowLanguage) -> None:
    """Devices get a phrase that was written, approved or deleted, and a language switched on."""
    session = object_session(changed)
    if isinstance(session, ScopedSession):
        session.outdate_devices()


def own_words(session: ScopedSession, flow: str) -> dict[str, dict[str, Words]]:
    """The establishment's own approved phrases of a flow, by language and key."""
    wanted = FLOWS[flow]
    found: dict[str, dict[str, Words]] = {}
    for phrase in session.scalars(
        select(Phrase).where(Phrase.key.in_(wanted), Phrase.approved_by.is_not(None))
    ):
        found.setdefault(phrase.language, {})[phrase.key] = Words(
            phrase.text, phrase.sms_text, phrase.recording_id
        )
    return found
