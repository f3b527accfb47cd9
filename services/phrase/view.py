"""Phrases as staff see them: what ships, what is their own, and what it costs by SMS."""

from __future__ import annotations

from database.session import ScopedSession
from models.establishment import Establishment
from models.phrase import Phrase
from schemas.phrase import (
    CoverageOut,
    OwnWords,
    PhraseBook,
    PhraseOut,
    PhrasePreview,
    ShippedWords,
    WordsOut,
)
from services.phrase.coverage import coverage, own_phrases
from services.phrase.phrases import FLOWS, check_key, check_words, keys, placeholders, shipped
from services.sms import sms_text as sms_text_of
from utils.languages import NAMES
from utils.sms_encoding import analyse

SAMPLES = {"choices": "1 = 12/12 10:00, 2 = 12/12 14:30", "digits": "4, 7, 1", "number": "1"}
"""What stands for a value where a phrase is shown; the hospital's name is its own."""


def book(session: ScopedSession, establishment: Establishment) -> PhraseBook:
    """Every phrase in every language, and what is covered."""
    own = own_phrases(session)
    return PhraseBook(
        coverage=covered(session),
        phrases=[
            PhraseOut(
                key=key,
                flows=[flow for flow, theirs in FLOWS.items() if key in theirs],
                placeholders=sorted(placeholders(key)),
                words=[
                    words(establishment, key, language, own.get((key, language)))
                    for language in NAMES
                ],
            )
            for key in keys()
        ],
    )


def covered(session: ScopedSession) -> list[CoverageOut]:
    """Every flow in every language."""
    return [CoverageOut.model_validate(one) for one in coverage(session)]


def words(establishment: Establishment, key: str, language: str, phrase: Phrase | None) -> WordsOut:
    """One phrase in one language. The SMS is counted with its values as they are written here."""
    ships = shipped().get(language, {}).get(key)
    text = ships.text if ships else None
    by_sms = (ships.sms_text or ships.text) if ships else None
    if phrase is not None and phrase.text is not None:
        text, by_sms = phrase.text, phrase.sms_text or phrase.text
    goes_out = sms_text_of(establishment, language, by_sms) if by_sms else None
    sms = analyse(goes_out) if goes_out is not None else None
    return WordsOut(
        language=language,
        text=text,
        shipped=ShippedWords(text=ships.text, sms_text=ships.sms_text) if ships else None,
        own=OwnWords.of(phrase) if phrase is not None else None,
        goes_out=goes_out,
        encoding=sms.encoding if sms else None,
        segments=sms.segments if sms else None,
        units=sms.units if sms else None,
    )


def preview(
    establishment: Establishment, key: str, language: str, *, text: str | None, sms_text: str | None
) -> PhrasePreview:
    """What a phrase would look like and cost by SMS, its values filled in; nothing is stored.

    Raises `NotFound`, and `Invalid` with the field as `services.phrase.change.write` does.
    """
    check_key(key)
    for field, given in (("text", text), ("sms_text", sms_text)):
        if given is not None:
            check_words(key, given, field=field)
    values = {"hospital": establishment.name, **SAMPLES}
    said = sms_text or text or ""
    goes_out = sms_text_of(establishment, language, said.format_map(values))
    sms = analyse(goes_out)
    return PhrasePreview(
        shown=(text or said).format_map(values),
        goes_out=goes_out,
        encoding=sms.encoding,
        segments=sms.segments,
        units=sms.units,
    )
