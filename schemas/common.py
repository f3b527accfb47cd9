"""Types that several schemas share: clean text, languages, identities, pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
)

from utils.languages import language_name, parse_language
from utils.text import clean_text

MAX_ID = 2**63 - 1
ANSWER_BYTES = 1000
"""Answers about one thing stay under 1 KB (the published target)."""


def cleaned(max_length: int) -> AfterValidator:
    """A validator that refuses hostile text and normalises the rest."""
    return AfterValidator(lambda value: clean_text(value, max_length))


def _to_code(value: object) -> object:
    return parse_language(value) if isinstance(value, str) else value


LanguageIn = Annotated[
    str,
    BeforeValidator(_to_code),
    Field(
        description="english, french, duala, bassa or ewondo; or en, fr, dua, bas, ewo",
        examples=["french"],
        max_length=16,
    ),
]
LanguageOut = Annotated[str, PlainSerializer(language_name)]


def _utc(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


UtcOut = Annotated[datetime, PlainSerializer(_utc, when_used="json")]

PatientReference = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        description="the hospital's own reference",
        examples=["PAT123"],
    ),
    cleaned(64),
]
RowId = Annotated[int, Field(ge=1, le=MAX_ID)]


class In(BaseModel):
    """What comes in. Unknown fields are refused: a misspelt one would be lost silently."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Out(BaseModel):
    """What goes out."""

    model_config = ConfigDict(from_attributes=True)


Item = TypeVar("Item")


class Page(Out, Generic[Item]):
    """A page of a list; `cursor` asks for the next one and is null at the end."""

    items: list[Item]
    cursor: str | None = None


def shortened(text: str, budget: int) -> tuple[str, bool]:
    """A text cut to a number of UTF-8 bytes, never inside a character; and whether it was cut."""
    raw = text.encode()
    if len(raw) <= budget:
        return text, False
    return raw[:budget].decode("utf-8", "ignore"), True
