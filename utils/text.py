"""Text of people: made safe to store and show, and made findable by the beginning of a name."""

import re
import unicodedata

MOST_MARKS_IN_A_ROW = 10
"""Basaa and Ewondo letters carry up to three; more than ten is drawing, not writing."""

_REASONS = {
    "text_too_long": "the text is too long",
    "text_control_character": "the text holds a control character",
    "text_lone_surrogate": "the text holds half a character",
    "text_noncharacter": "the text holds a code point that is not a character",
    "text_bidi_override": "the text holds a mark that turns its direction",
    "text_too_many_marks": "the text stacks too many marks on one letter",
}


class TextRefused(ValueError):
    """A text that is not stored. `code` is stable; the text itself is never quoted."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.reason = _REASONS[code]
        super().__init__(self.reason)


_REFUSED = re.compile(
    "(?P<text_control_character>[\x00-\x08\x0b-\x1f\x7f-\x9f])"
    "|(?P<text_lone_surrogate>[\ud800-\udfff])"
    "|(?P<text_bidi_override>[\u202a-\u202e\u2066-\u2069])"
    # Unicode 16 §23.7: U+FDD0 to U+FDEF and the last two code points of each plane.
    "|(?P<text_noncharacter>[\ufdd0-\ufdef"
    + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17))
    + "])"
)
_MAYBE_MARKS = re.compile(f"[\u0300-\U0010ffff]{{{MOST_MARKS_IN_A_ROW + 1},}}")
_UNSEEN = frozenset("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")


def clean_text(value: str, max_length: int) -> str:
    """Return `value` in NFC with `\\n` line ends; `max_length` is in code points of that form.

    Raises `TextRefused` for control characters other than newline and tab, lone surrogates,
    non-characters, bidi overrides and isolates (the marks LRM, RLM and ALM are fine), stacked
    marks, and what is too long. Nothing is trimmed and nothing silently dropped.
    """
    if len(value) <= max_length and is_plain(value):
        return value
    if len(value) > 4 * max_length:  # NFC and line ends shorten a text four times at the most
        raise TextRefused("text_too_long")
    text = value.replace("\r\n", "\n")
    if found := _REFUSED.search(text):
        raise TextRefused(str(found.lastgroup))
    if not text.isascii():
        text = _composed(text)
    if len(text) > max_length:
        raise TextRefused("text_too_long")
    return text


def is_plain(text: str) -> bool:
    """True for one printable line in Latin letters: nearly every text here, in NFC as it is."""
    if not text.isprintable():
        return False
    if text.isascii():
        return True
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _composed(text: str) -> str:
    # Looked at as it came, since the time to put marks in order grows with the square of their
    # number; then decomposed, so that the same letters are the same stack however they are typed.
    _refuse_stacked_marks(text, most=MOST_MARKS_IN_A_ROW)
    _refuse_stacked_marks(unicodedata.normalize("NFD", text), most=MOST_MARKS_IN_A_ROW)
    return unicodedata.normalize("NFC", text)


def _refuse_stacked_marks(text: str, *, most: int) -> None:
    for run in _MAYBE_MARKS.finditer(text):
        if _longest_stack(run[0]) > most:
            raise TextRefused("text_too_many_marks")


def _longest_stack(text: str) -> int:
    longest = marks = 0
    for character in text:
        if character in _UNSEEN:  # a joiner between marks is no new letter to stack them on
            continue
        marks = marks + 1 if _is_mark(character) else 0
        longest = max(longest, marks)
    return longest


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


_LETTER_WITH_MARKS = re.compile(r"[^\W\d_][\u0300-\u036f]*")
_WORD = re.compile(r"[\w\u0300-\u036f]+")


def initials(name: str) -> str:
    """The first letter of each word, capital, tones kept: `Marie-Claire Ɛ́bɔ` gives `MCƐ́`."""
    words = re.split(r"[\s\-‐‑.]+", unicodedata.normalize("NFC", name))
    letters = (_LETTER_WITH_MARKS.match(word) for word in words)
    return "".join(letter[0].upper() for letter in letters if letter)


# What casefold and decomposition leave: staff type names on French and English keyboards.
_PLAIN_LETTERS = str.maketrans(
    {
        **dict(zip("ɛəǝɔŋɓɗıøłđħ", "eeeonbdioldh", strict=True)),
        "œ": "oe",
        "æ": "ae",
        "þ": "th",
        **dict.fromkeys("'’‘ʼʻ`´\u02bf\u02be\u0640", ""),  # apostrophes, Arabic tatweel
    }
)


def fold_name(text: str) -> str:
    """A name as it is searched: no case, accents, tones or apostrophes; single spaces.

    `N'Guessan-Éboa` gives `nguessan eboa`, `Ŋgɔ̀` gives `ngo`.
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN_LETTERS))
    unmarked = "".join(c for c in decomposed if not _is_mark(c) and c not in _UNSEEN)
    folded = unmarked.casefold().translate(_PLAIN_LETTERS)
    return " ".join(_WORD.findall(folded.replace("_", " ")))


def name_prefixes(name: str, shortest: int = 3, longest: int = 12) -> set[str]:
    """The tokens under which a name is found: each word's beginnings of these lengths.

    A word shorter than `shortest` is a token as a whole: `Bi` and `Ba` are family names.
    """
    return {
        word[:length]
        for word in fold_name(name).split()
        for length in range(min(shortest, len(word)), min(longest, len(word)) + 1)
    }


def name_query(text: str, longest: int = 12) -> set[str]:
    """The tokens that must all be among a person's `name_prefixes` for `text` to find them."""
    return {word[:longest] for word in fold_name(text).split()}
