"""How many SMS segments a text takes (3GPP TS 23.038; the split is Twilio's as published)."""

from __future__ import annotations

GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENSION = frozenset("\f^{}\\[~]|€")


def segments(body: str) -> tuple[str, int]:
    """The encoding's name and the number of segments; an empty body takes one.

    An escaped character of the extension table is never cut in two, nor is a surrogate pair, so
    the count comes from filling segments and not from a division.
    """
    if GSM7.issuperset(body):
        return "GSM-7", _fill([1] * len(body), single=160, part=153)
    if all(letter in GSM7 or letter in GSM7_EXTENSION for letter in body):
        return "GSM-7", _fill([2 if c in GSM7_EXTENSION else 1 for c in body], single=160, part=153)
    return "UCS-2", _fill([2 if ord(letter) > 0xFFFF else 1 for letter in body], single=70, part=67)


def _fill(sizes: list[int], *, single: int, part: int) -> int:
    if sum(sizes) <= single:
        return 1
    count, room = 1, part
    for size in sizes:
        if size > room:
            count, room = count + 1, part
        room -= size
    return count
