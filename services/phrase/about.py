"""When a phrase is said and what it is for, in French and English, for whoever writes it.

These are the translators' notes (`#.`) of `locales/*/phrases.po`; the patients' app has none.
"""

from __future__ import annotations

from functools import lru_cache

from babel.messages.pofile import read_po

from services.phrase.phrases import LOCALES, SMS


@lru_cache(maxsize=1)
def notes() -> dict[str, dict[str, str]]:
    """By key, then by the language's tag (`fr`, `en`)."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(LOCALES.glob("*/phrases.po")):
        with path.open("rb") as file:
            for message in read_po(file):
                note = " ".join(message.auto_comments)
                if message.id and note and message.context != SMS:
                    found.setdefault(str(message.id), {})[path.parent.name] = note
    return found
