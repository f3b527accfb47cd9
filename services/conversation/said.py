"""What somebody wrote, taken apart: a rating, a key, an emoji, words. Pure; nothing is guessed.

A number counts as a rating where nothing else can be meant by it: alone, on a scale of five, or
at the end of some words that it does not belong to. In doubt it stays part of the words, and the
patient is asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.feedback import CONTENT_LENGTH, FACES
from services.conversation.vocabulary import (
    BESIDE_A_KEY,
    COURTESY,
    GREETINGS,
    NUMBER_WORDS,
    PLACES,
    THANKS,
    UNITS,
)
from utils.text import TextRefused, clean_text

LONGEST = CONTENT_LENGTH
"""Characters that are heard of a message: as many as a feedback holds. All of it stays in its row.
"""

_UNWANTED = frozenset("\ufffd\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NUMBER = re.compile(r"\d+(?:[.,:/h\-]\d+)*")
_KEYCAP = re.compile("[\ufe0f\u20e3]*")
_SCALE = re.compile(
    r"(?<![\d.,/:])(?<!\ble )(?<!\bdu )(?<!\bon )(\d)\s*(?:/|sur|out of)\s*5(?![\d/]|[.,]\d)"
)
_STARS = re.compile(r"(?<![\d.,/:])(\d)\s*(?:etoiles?|stars?|[⭐★])(?![a-z])")
_NAMED = re.compile(r"\b(?:note|rating|score)\s*(?:de|of|est|is|:|=)?\s*(\d)(?![\d.,/:]|\s*/)")
_STAR = re.compile("[⭐★🌟]")
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\u2b55\u2300-\u23ff\u2190-\u21ff]"
    "(?:[\ufe0f\U0001f3fb-\U0001f3ff]|\u200d[\U0001f000-\U0001faff\u2600-\u27bf]\ufe0f?)*"
)
_WORD = re.compile(r"[^\W\d_]+")
_EDGES = " \n\t,;:/|–—-()[].=!?…"


@dataclass(frozen=True, slots=True)
class Said:
    """A message taken apart. `text` is all that can be read of it, empty when nothing can.

    `rating` is 1 to 5, `by_scale` when it can be no key ("2/5", "2 stars"). `number` is the only
    number of a message that has no words of its own ("1", "1 merci"), whatever it is. `words` is
    what remains beside the rating and an emoji.
    """

    text: str
    rating: int | None = None
    by_scale: bool = False
    number: int | None = None
    emoji: str | None = None
    words: str | None = None
    odd_number: bool = False

    @property
    def folded(self) -> Sequence[str]:
        """Its words without case and accents."""
        return _WORD.findall(_plain(self.text))

    @property
    def nothing(self) -> bool:
        """True without a letter, digit or symbol: spaces, punctuation, what cannot be read."""
        return not self.text

    @property
    def courtesy(self) -> bool:
        """True for thanks and the like, which end a conversation and need no answer."""
        folded = self.folded
        if not folded:
            return self.text in ("👍", "🙏", "🙏🏿", "👍🏿", "🙏🏾", "👍🏾")
        return (
            self.number is None
            and len(folded) <= 6
            and COURTESY.issuperset(folded)
            and not THANKS.isdisjoint(folded)
        )

    @property
    def greeting(self) -> bool:
        """True for a greeting and nothing more."""
        return bool(self.folded) and self.number is None and GREETINGS.issuperset(self.folded)


def take_apart(body: str | None, *, asked: bool = False) -> Said:
    """Read a message. `asked`: a rating was asked for, so a number is more likely one."""
    text = legible(body or "")
    if not _seen(text):
        return Said("")
    plain = _plain(text)
    rating, span = _rating(plain, asked=asked)
    emoji, words = _emoji(_without(text, span))
    numbers = _NUMBER.findall(plain)
    return Said(
        text,
        rating=rating,
        by_scale=rating is not None and _on_scale(plain) is not None,
        number=_bare_number(plain, numbers),
        emoji=emoji,
        words=words,
        odd_number=rating is None and bool(numbers),
    )


def legible(body: str) -> str:
    """A text without what can neither be stored nor shown: NUL, controls, marks that turn it."""
    kept = "".join(
        sign
        for sign in body.replace("\r\n", "\n").replace("\r", "\n")
        if sign in "\n\t"
        or not (
            sign in _UNWANTED
            or unicodedata.category(sign) in ("Cc", "Cs")
            # Not all that is unassigned: this year's emoji are, to an older table.
            or "\ufdd0" <= sign <= "\ufdef"
            or ord(sign) & 0xFFFE == 0xFFFE
        )
    )[:LONGEST].strip()
    try:
        return clean_text(kept, LONGEST).strip()
    except TextRefused:  # marks that are drawing, not writing
        bare = unicodedata.normalize("NFD", kept)
        bare = "".join(sign for sign in bare if not unicodedata.category(sign).startswith("M"))
        return unicodedata.normalize("NFC", bare)[:LONGEST].strip()


def _seen(text: str) -> bool:
    """True when there is a letter, a digit or a symbol in it."""
    return any(unicodedata.category(sign)[0] in "LNS" for sign in text)


def _plain(text: str) -> str:
    """Lower case, no accents, European digits; as many characters as before."""
    return "".join(map(_plain_sign, text))


def _plain_sign(sign: str) -> str:
    digit = unicodedata.digit(sign, None)
    if digit is not None:
        return str(digit)
    if sign in "’‘`´":
        return "'"
    first = unicodedata.normalize("NFKD", sign)[:1]
    lower = first.lower()
    return lower if len(lower) == 1 else sign


def _rating(plain: str, *, asked: bool) -> tuple[int | None, tuple[int, int]]:
    """The rating in a text, and where it stands."""
    nowhere = (0, 0)
    scaled = _on_scale(plain)
    if scaled is not None:
        value = int(scaled[1])
        return (value, scaled.span()) if 1 <= value <= 5 else (None, nowhere)
    numbers = list(_NUMBER.finditer(plain))
    if not numbers:
        return _by_stars_or_word(plain)
    alone = _value(numbers[0][0])
    if len(numbers) != 1 or alone is None or not 1 <= alone <= 5:
        return None, nowhere
    start, end = numbers[0].span()
    keycap = _KEYCAP.match(plain, end)
    end = keycap.end() if keycap else end
    before, after = plain[:start], plain[end:]
    if _stands_for_itself(before, after) and (
        asked or not (_WORD.search(before) and _WORD.search(after))
    ):
        return alone, (start, end)
    return None, nowhere


def _on_scale(plain: str) -> re.Match[str] | None:
    """The only place where a number says itself that it is a rating."""
    for pattern in (_SCALE, _STARS, _NAMED):
        found = list(pattern.finditer(plain))
        if len(found) == 1:
            return found[0]
    return None


def _value(number: str) -> int | None:
    return int(number) if number.isascii() and number.isdigit() and len(number) <= 2 else None


def _stands_for_itself(before: str, after: str) -> bool:
    """True when a number belongs neither to the word before it nor to the one after it."""
    if re.search(r"(?:^|\s)[-+−]$", before) or re.match(r"\s*[%€$°+]", after):
        return False
    last, following = _WORD.findall(before)[-1:], _WORD.findall(after)[:1]
    if last and (last[0] in PLACES or before[-1:].isalpha()):
        return False
    if not following:
        return True
    attached = after[:1].isalpha() and len(following[0]) <= 2
    return not attached and following[0] not in UNITS


def _by_stars_or_word(plain: str) -> tuple[int | None, tuple[int, int]]:
    stars = list(_STAR.finditer(plain))
    if 1 <= len(stars) <= 5:
        return len(stars), (stars[0].start(), stars[-1].end())
    words = _WORD.findall(plain)
    scale = words[1:] in (
        [], ["sur", "cinq"], ["out", "of", "five"],
        ["etoile"], ["etoiles"], ["star"], ["stars"],
    )  # fmt: skip
    if words and scale and words[0] in NUMBER_WORDS and not _EMOJI.search(plain):
        return NUMBER_WORDS[words[0]], (0, len(plain))
    return None, (0, 0)


def _bare_number(plain: str, numbers: Sequence[str]) -> int | None:
    words = _WORD.findall(plain)
    if not numbers and len(words) == 1:
        return NUMBER_WORDS.get(words[0])
    if len(numbers) != 1 or not BESIDE_A_KEY.issuperset(words):
        return None
    return _value(numbers[0]) if not re.search(r"[-+−%€$]", plain) else None


def _without(text: str, span: tuple[int, int]) -> str:
    """A text without its rating."""
    start, end = span
    if start == end:
        return text
    before, after = text[:start].rstrip(_EDGES), text[end:].lstrip(_EDGES + "\ufe0f\u20e3")
    return f"{before} {after}".strip()


def _emoji(words: str) -> tuple[str | None, str | None]:
    """The emoji among some words, and the words if there is anything else."""
    found = [match[0] for match in _EMOJI.finditer(words)]
    rest = _EMOJI.sub("", words)
    faces = [one for one in dict.fromkeys(found) if one.rstrip("\ufe0f") in FACES]
    only_emoji = not _seen(rest)
    if only_emoji:
        emoji = (faces or found)[0] if found else None
        return emoji, words if len(found) > 1 else None
    return faces[0] if len(faces) == 1 else None, words
