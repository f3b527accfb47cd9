"""Languages: ISO 639-3 inside, the published names outside."""

from __future__ import annotations

# ISO 639-3 -> the name that answers carry. `bassa` is the published spelling of Basaa.
NAMES = {"eng": "english", "fra": "french", "dua": "duala", "bas": "bassa", "ewo": "ewondo"}
_ALSO = {"en": "eng", "fr": "fra", "basaa": "bas"}
_CODES = {name: code for code, name in NAMES.items()} | _ALSO | {code: code for code in NAMES}

# The languages for which `<Say>` has a voice near enough; there is no fr-CM or en-CM.
VOICES = {"eng": "en-GB", "fra": "fr-FR"}
_SHORT = {"eng": "en", "fra": "fr"}


class UnknownLanguage(ValueError):
    """A name or code of no language that Careloop knows."""

    code = "unknown_language"

    def __init__(self) -> None:
        super().__init__(
            "must be one of english, french, duala, bassa, ewondo (or en, fr, dua, bas, ewo)"
        )


def parse_language(text: str) -> str:
    """The ISO 639-3 code of a published name or code, in any case; raises `UnknownLanguage`."""
    code = _CODES.get(text.strip().lower())
    if code is None:
        raise UnknownLanguage
    return code


def language_name(code: str) -> str:
    """The published name of an ISO 639-3 code."""
    return NAMES[code]


def tag(code: str) -> str:
    """The BCP 47 tag of an ISO 639-3 code: the two-letter one where there is one."""
    return _SHORT.get(code, code)
