"""The words that stop messages, start them again, ask for help or for another language.

A word counts only when it is the whole message: "stop" within a sentence is not a stop. Case,
accents, spaces and punctuation do not matter. Beside the carriers' own keywords (Twilio's default
list) count the words that the establishment has approved, in whatever language.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum

from sqlalchemy import select

from database.session import ScopedSession
from models.phrase import Phrase
from services.phrase.phrases import shipped


class Wish(StrEnum):
    """What a word asks for. The first three are also a carrier's `OptOutType`."""

    stop = "STOP"
    start = "START"
    help = "HELP"
    language = "LANGUAGE"


WORDS_OF = {
    Wish.stop: "words.stop",
    Wish.start: "words.start",
    Wish.help: "words.help",
    Wish.language: "words.language",
}
"""The phrases that hold an establishment's words, separated by commas."""

_CARRIERS = {
    Wish.stop: "stop stopall unsubscribe cancel end quit optout revoke arret arrete arreter",
    Wish.start: "start unstop",
    Wish.help: "help info aide",
    Wish.language: "language langue",
}
_NEVER_OPTS_IN = frozenset(("yes", "oui", "ok", "y", "o"))
"""Said to many other questions: no establishment can make them mean that."""


def squeezed(text: str) -> str:
    """A text as its letters and digits alone, lower case, without accents: `A R R Ê T !` `arret`.

    Letters that only some languages have (ɛ, ɔ, ŋ) stay themselves.
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in decomposed if sign.isalnum())


def wish_of(session: ScopedSession, text: str) -> Wish | None:
    """What a whole message asks for; None when it is not one of the words."""
    word = squeezed(text)
    if not word or word.isdigit():
        return None
    words = _words(session)
    for wish in Wish:
        if any(_is(word, known) for known in words[wish]):
            return None if wish is Wish.start and word in _NEVER_OPTS_IN else wish
    return None


def _is(word: str, known: str) -> bool:
    """True for a word, or the same word again and again (`STOP STOP STOP`)."""
    times = len(word) // len(known)
    return 0 < times <= 10 and word == known * times


def _words(session: ScopedSession) -> dict[Wish, set[str]]:
    approved = session.execute(
        select(Phrase.key, Phrase.text).where(
            Phrase.key.in_(WORDS_OF.values()),
            Phrase.approved_by.is_not(None),
            Phrase.text.is_not(None),
        )
    ).all()
    found = {}
    for wish, key in WORDS_OF.items():
        ours = [words[key].text or "" for words in shipped().values()]
        theirs = [row.text or "" for row in approved if row.key == key]
        written = ",".join((*ours, *theirs)).split(",")
        found[wish] = set(_CARRIERS[wish].split()) | set(filter(None, map(squeezed, written)))
    return found
