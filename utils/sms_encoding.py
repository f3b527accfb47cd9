"""What an SMS costs: its encoding, its units and its segments, exact to the character.

Sources: 3GPP TS 23.038 (the GSM 7-bit default alphabet, its extension table, UCS-2) and
TS 23.040 (a concatenated message spends six octets of each segment on its header).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

GSM_DEFAULT = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The 127 characters of one septet. The 128th, the escape, is not a character of a text."""

GSM_EXTENSION = frozenset("\f^{}\\[~]|€")
"""Sent as an escape and a septet: two units."""


@dataclass(frozen=True, slots=True)
class SmsEncoding:
    """What one text costs.

    `units` are septets (GSM-7) or UTF-16 code units (UCS-2) of the text itself, without the
    units that stay empty where a pair did not fit the end of a segment.
    `units_left_in_last_segment` is the room before another segment is needed.
    `offending` are the characters that force UCS-2, each once, in order of appearance.
    """

    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    segments: int
    units_left_in_last_segment: int
    offending: tuple[str, ...]


_ONE_SEPTET_EACH = re.compile("[" + re.escape("".join(sorted(GSM_DEFAULT))) + "]*")


def analyse(text: str) -> SmsEncoding:
    """Say how `text` goes out. An empty text is one empty segment, as on the wire."""
    if len(text) <= 160 and _ONE_SEPTET_EACH.fullmatch(text):  # as nearly all are, and at once
        return SmsEncoding("GSM-7", len(text), 1, 160 - len(text), ())
    offending = tuple(dict.fromkeys(c for c in text if not _is_gsm(c)))
    if offending:
        units, segments, left = _fill(map(_utf16_units, text), single=70, part=67)
        return SmsEncoding("UCS-2", units, segments, left, offending)
    units, segments, left = _fill(map(_septets, text), single=160, part=153)
    return SmsEncoding("GSM-7", units, segments, left, ())


def _is_gsm(character: str) -> bool:
    return character in GSM_DEFAULT or character in GSM_EXTENSION


def _septets(character: str) -> int:
    return 2 if character in GSM_EXTENSION else 1


def _utf16_units(character: str) -> int:
    return 2 if ord(character) > 0xFFFF else 1


def _fill(sizes: Iterable[int], *, single: int, part: int) -> tuple[int, int, int]:
    """Put characters of these sizes into segments; returns units, segments, units left."""
    units, segments, used = 0, 1, 0
    for size in sizes:
        units += size
        if used + size > part:  # a pair is never split: the last unit stays empty instead
            segments, used = segments + 1, 0
        used += size
    if units <= single:
        return units, 1, single - units
    return units, segments, part - used


_MARKS = "\u0300\u0301\u0302\u0308\u0327"  # grave, acute, circumflex, diaeresis, cedilla
_NO_MARK_AFTER = r"(?![\u0300-\u036f])"  # a letter with further marks is not a French one
_LETTERS = {
    **dict(zip("âçêëîïôûÿ", "aceeiiouy", strict=True)),
    **dict(zip("ÀÂÈÊËÎÏÔÙÛŸ", "AAEEEIIOUUY", strict=True)),
    "œ": "oe",
    "Œ": "OE",
}
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("‘’‚‹›", "'"),
        **dict.fromkeys("«»“”„", '"'),
        **dict.fromkeys("‐‑‒–—−", "-"),
        **dict.fromkeys("\u00a0\u2009\u202f", " "),
        "…": "...",
    }
)
_SPACE = "[ \u00a0\u2009\u202f]"


def _composed(letter_and_mark: str) -> str:
    """The one French or GSM-7 letter that this pair stands for, else the pair itself."""
    letter = unicodedata.normalize("NFC", letter_and_mark)
    return letter if letter in _LETTERS or letter in GSM_DEFAULT else letter_and_mark


_STEPS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile("\u00ad"), ""),  # soft hyphens first: they may stand between letter and mark
    (re.compile(rf"\b([nN])°{_NO_MARK_AFTER}"), r"\1o"),
    (
        re.compile(rf"[A-Za-z][{_MARKS}]{_NO_MARK_AFTER}"),
        lambda found: _composed(found[0]),
    ),
    (re.compile(rf"Œ(?=[a-zà-ÿ]){_NO_MARK_AFTER}"), "Oe"),
    (
        re.compile(f"[{''.join(_LETTERS)}]{_NO_MARK_AFTER}"),
        lambda found: _LETTERS[found[0]],
    ),
    (re.compile(f"(?<=«){_SPACE}|{_SPACE}(?=»)"), ""),  # the space that only guillemets want
)


_ANYTHING_TO_FOLD = re.compile(
    f"[{_MARKS}{''.join(_LETTERS)}{''.join(map(chr, _SIGNS))}\u00ad]|[nN]°"
)


def fold_french(text: str) -> str:
    """Spell French with GSM-7 letters where it stays readable; leave all else as it is.

    `ê` becomes `e`, `œ` `oe`, `ç` `c` (GSM-7 has only the capital), `À` `A`, `n°` `no`;
    typographic quotes, dashes, spaces and the ellipsis become their ASCII forms. Letters of
    other languages are not touched: to fold those would change words, not typography.
    """
    if text.isascii() or not _ANYTHING_TO_FOLD.search(text):
        return text
    for pattern, replacement in _STEPS:
        text = pattern.sub(replacement, text)
    return text.translate(_SIGNS)
