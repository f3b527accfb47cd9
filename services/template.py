"""Templates: what a reminder says, written once per language and filled with parameters.

The texts are gettext catalogues in `locales/`, one folder for each language, so that whoever
speaks it can edit them. Duala, Basaa and Ewondo have none: their sentences come from people who
speak them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from string import Formatter

from babel.messages.pofile import read_po

from schemas.template import TemplateOut, TemplateText
from services.errors import Invalid
from utils.languages import parse_language

LOCALES = Path(__file__).resolve().parent.parent / "locales"


@lru_cache
def texts_of(catalogue_name: str) -> dict[str, dict[str, str]]:
    """Every text of a catalogue by its name and language (ISO 639-3)."""
    texts: dict[str, dict[str, str]] = {}
    for path in sorted(LOCALES.glob(f"*/{catalogue_name}.po")):
        with path.open("rb") as file:
            for message in read_po(file):
                if message.id and message.string:
                    language = parse_language(path.parent.name)
                    texts.setdefault(str(message.id), {})[language] = str(message.string)
    return texts


def catalogue() -> dict[str, dict[str, str]]:
    """What reminders say, by template name and language."""
    return texts_of("templates")


def templates() -> list[TemplateOut]:
    """Every template, by name, with its texts and what they take."""
    return [
        TemplateOut(
            name=name,
            parameters=sorted(set().union(*map(_fields, texts.values()))),
            texts=[TemplateText(language=code, text=words) for code, words in texts.items()],
        )
        for name, texts in sorted(catalogue().items())
    ]


def _fields(words: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(words) if field}


def render(name: str, parameters: Mapping[str, str], preferred: Sequence[str]) -> tuple[str, str]:
    """The language used (the first preferred one that has the text) and the whole message.

    Raises `Invalid` on `template` or `parameters`.
    """
    texts = catalogue().get(name)
    if texts is None:
        raise Invalid(
            f"There is no such template; there are: {', '.join(sorted(catalogue()))}.",
            field="template",
            code="template_unknown",
        )
    language = next((code for code in preferred if code in texts), None)
    if language is None:
        raise Invalid(
            "This template has no text in this language or the establishment's languages.",
            field="template",
            code="template_without_language",
        )
    needed = _fields(texts[language])
    if needed != set(parameters):
        raise Invalid(
            f"This template takes exactly: {', '.join(sorted(needed)) or 'no parameters'}.",
            field="parameters",
            code="parameters_wrong",
        )
    return language, texts[language].format_map(parameters)
