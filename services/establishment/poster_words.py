"""What stands on a department's poster, in one language.

The link names establishment and department in its fragment, which no browser sends to anybody.
There are French and English words only: nobody here writes a sentence in Duala, Basaa or Ewondo.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.department import Department
from models.establishment import Establishment
from services.errors import Invalid
from services.template import texts_of


@dataclass(frozen=True)
class Poster:
    """What stands on it."""

    link: str
    title: str
    how: str
    free: str
    establishment: str
    department: str


def poster_of(
    establishment: Establishment, department: Department, base_url: str, language: str | None
) -> Poster:
    """A department's poster, in a language or in the establishment's first that has the words.

    Raises `Invalid` on `query.language`.
    """
    texts = texts_of("poster")
    wanted = [language] if language else establishment.languages
    chosen = next((code for code in wanted if code in texts["title"]), None)
    if chosen is None:
        raise Invalid(
            "There is a poster in French and in English.",
            field="query.language",
            code="language_without_text",
        )
    return Poster(
        link=f"{base_url}/app/#/{establishment.slug}/{department.code}",
        title=texts["title"][chosen],
        how=texts["how"][chosen],
        free=texts["free"][chosen],
        establishment=establishment.name,
        department=department.name,
    )
