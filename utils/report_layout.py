"""Where things go on a printed page, and in which signs. Distances are in points.

The fonts are those that every PDF reader has; what these have no sign for is written without its
marks, and left out where that does not help.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from reportlab.pdfbase.pdfmetrics import stringWidth

_NEAREST = str.maketrans("ɓɗɛəǝɔŋƁƊƐƏƎƆŊ\u202f", "bdeeeonBDEEEON\u00a0")
"""Letters of Duala, Basaa and Ewondo, and the narrow space of French numbers."""


def printable(text: str) -> str:
    """Text in the signs that the fonts have (Windows-1252)."""
    shown = []
    for sign in unicodedata.normalize("NFC", text.translate(_NEAREST)):
        if _has(sign):
            shown.append(sign)
        else:
            shown += [part for part in unicodedata.normalize("NFKD", sign) if _has(part)]
    return "".join(shown)


def _has(sign: str) -> bool:
    try:
        sign.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True)
class Box:
    """Where a plot is, in points."""

    left: float
    bottom: float
    width: float
    height: float


def places(count: int, box: Box) -> list[float]:
    """The middles of so many columns."""
    step = box.width / max(count, 1)
    return [box.left + step * (place + 0.5) for place in range(count)]


def scale(low: int, high: int, box: Box) -> list[tuple[int, float]]:
    """The values of an axis in about four steps, each with its height on the page."""
    step = max(1, (high - low) // 4)
    values = range(low, high + 1, step)
    return [(v, box.bottom + (v - low) / (high - low) * box.height) for v in values]


def round_up(value: int) -> int:
    """The next number that four equal steps lead to and that is easy to read."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if step * factor * 4 >= value:
                return step * factor * 4
        step *= 10


def cut(text: str, font: str, size: float, room: float) -> str:
    """A text as far as there is room for it, in points."""
    if stringWidth(text, font, size) <= room:
        return text
    while text and stringWidth(text + "…", font, size) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def wrapped(text: str, font: str, size: float, room: float) -> list[str]:
    """A text in lines, broken between words, in signs that the fonts have."""
    lines: list[str] = []
    line = ""
    for word in printable(text).split():
        longer = f"{line} {word}".strip()
        if stringWidth(longer, font, size) > room and line:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line] if line else lines
