"""What a campaign says: whole texts by language, with the few things that differ by recipient.

`{name}` and `{patient_id}` stand for the contact's own; `{{` is a brace. Nothing else of Python's
format language is let in: a text is data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import Formatter

from models.establishment import Establishment
from schemas.campaign import TextCost
from schemas.reminder import MESSAGE_LENGTH
from services.errors import Invalid
from services.sms import sms_text
from services.template import catalogue, render
from utils.sms_encoding import analyse

LONGEST = {"name": 120, "patient_id": 64}
"""What may stand in braces, and how many characters it can become."""
_EXAMPLE = {"name": "x" * 20, "patient_id": "x" * 8}
"""What is counted for the contact's own while nobody has been chosen."""


def checked_texts(texts: Mapping[str, str]) -> dict[str, str]:
    """Texts by language, each fit for every recipient; raises `Invalid` on field `texts`."""
    for text in texts.values():
        length = sum(
            len(literal) + (LONGEST[place] if place else 0) for literal, place in _parts(text)
        )
        if length > MESSAGE_LENGTH:
            raise Invalid(
                f"With the longest name this is more than {MESSAGE_LENGTH} characters.",
                field="texts",
                code="text_too_long",
            )
    return dict(texts)


def texts_of_template(name: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """A template's texts in every language that it has; raises `Invalid`."""
    languages: Sequence[str] = sorted(catalogue().get(name, ())) or [""]
    texts = {code: render(name, parameters, [code])[1] for code in languages}
    return checked_texts(texts)


def places(text: str) -> frozenset[str]:
    """What of the contact's own stands in a checked text."""
    return frozenset(place for _, place in _parts(text) if place)


def filled(text: str, own: Mapping[str, str]) -> str:
    """A checked text as one recipient gets it."""
    return text.format_map(own)


def costs(establishment: Establishment, texts: Mapping[str, str]) -> list[TextCost]:
    """What each text costs as one SMS; raises `Invalid` on field `texts`."""
    found = []
    for code, text in checked_texts(texts).items():
        sms = analyse(sms_text(establishment, code, filled(text, _EXAMPLE)))
        found.append(
            TextCost(
                language=code,
                encoding=sms.encoding,
                segments=sms.segments,
                left=sms.units_left_in_last_segment,
                offending=list(sms.offending),
                same_for_all=not places(text),
            )
        )
    return found


def _parts(text: str) -> list[tuple[str, str | None]]:
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        parts = [("", "", None, None)]
    for _, place, form, conversion in parts:
        if place is not None and (place not in LONGEST or form or conversion):
            known = " or ".join(f"{{{known}}}" for known in LONGEST)
            raise Invalid(
                f"Only {known} can stand in braces; write {{{{ for a brace.",
                field="texts",
                code="placeholder_unknown",
            )
    return [(literal, place) for literal, place, _, _ in parts]
