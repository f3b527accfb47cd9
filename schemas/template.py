"""Templates: what goes out."""

from __future__ import annotations

from schemas.common import LanguageOut, Out


class TemplateText(Out):
    """A template in one language."""

    language: LanguageOut
    text: str


class TemplateOut(Out):
    """What a reminder may say, and what is filled in: `{date}` in the text is `date` here."""

    name: str
    parameters: list[str]
    texts: list[TemplateText]
