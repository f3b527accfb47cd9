"""What a campaign says: whole texts by language, with the few things that differ by recipient.

`{name}` and `{patient_id}` stand for the contact's own, and each of the campaign's `value_names`
for what its list says of them; `{{` is a brace. Nothing else of Python's format language is let in:
a text is data.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from string import Formatter

from models.establishment import Establishment
from schemas.campaign import LONGEST_VALUE, TextCost
from schemas.reminder import MESSAGE_LENGTH
from services.errors import Invalid
from services.sms import sms_text
from services.template import catalogue, render
from utils.sms_encoding import analyse

LONGEST = {"name": 120, "patient_id": 64}
"""What may always stand in braces, and how many characters it can become."""
_EXAMPLE = {"name": "x" * 20, "patient_id": "x" * 8}
"""What is counted for the contact's own while nobody has been chosen."""


def checked_texts(texts: Mapping[str, str], value_names: Collection[str] = ()) -> dict[str, str]:
    """Texts by language, each fit for every recipient; raises `Invalid` on field `texts`."""
    longest = LONGEST | dict.fromkeys(value_names, LONGEST_VALUE)
    for text in texts.values():
        parts = _parts(text)
        _refuse_unknown(parts, longest)
        length = sum(len(literal) + (longest[place] if place else 0) for literal, place in parts)
        if length > MESSAGE_LENGTH:
            raise Invalid(
                f"With the longest name and values this is more than {MESSAGE_LENGTH} characters.",
                field="texts",
                code="text_too_long",
            )
    return dict(texts)


def texts_of_template(
    name: str, parameters: Mapping[str, str], value_names: Collection[str] = ()
) -> dict[str, str]:
    """A template's texts in every language that it has; raises `Invalid`."""
    languages: Sequence[str] = sorted(catalogue().get(name, ())) or [""]
    texts = {code: render(name, parameters, [code])[1] for code in languages}
    return checked_texts(texts, value_names)


def places(text: str) -> frozenset[str]:
    """What of the recipient's own stands in a checked text."""
    return frozenset(place for _, place in _parts(text) if place)


def filled(text: str, own: Mapping[str, str]) -> str:
    """A checked text as one recipient gets it."""
    return text.format_map(own)


def costs(
    establishment: Establishment, texts: Mapping[str, str], values: Mapping[str, str]
) -> list[TextCost]:
    """What each text costs as one SMS; raises `Invalid` on field `texts`.

    `values`: an example of each value of the recipients' own.
    """
    example = {**values, **_EXAMPLE}
    found = []
    for code, text in checked_texts(texts, values).items():
        sms = analyse(sms_text(establishment, code, filled(text, example)))
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


_Parts = Sequence[tuple[str, str | None]]
"""Literal texts, each with the place that follows it."""


def _parts(text: str) -> _Parts:
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        parts = [("", "", None, None)]
    return [
        # What says how to show it is no part of a name, so such a place is unknown.
        (literal, f"{place}:{form}!{conversion}" if form or conversion else place)
        for literal, place, form, conversion in parts
    ]


def _refuse_unknown(parts: _Parts, known: Collection[str]) -> None:
    if any(place is not None and place not in known for _, place in parts):
        named = ", ".join(f"{{{name}}}" for name in LONGEST)
        raise Invalid(
            f"Only {named} and the values of the campaign's own can stand in braces; write {{{{ for"
            " a brace.",
            field="texts",
            code="placeholder_unknown",
        )
