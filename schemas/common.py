"""Types that several schemas share: clean text, languages, identities, pages."""

from __future__ import annotations

import unicodedata
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
)
from pydantic_core import to_json

from models.reminder import Channel
from utils.clock import parse_duration, parse_window
from utils.languages import language_name, parse_language
from utils.text import clean_text, is_plain

MAX_ID = 2**63 - 1


def cleaned(max_length: int) -> AfterValidator:
    """A validator that refuses hostile text, and text that nobody can see, and normalises."""

    def clean(value: str) -> str:
        # Nearly every text, at a glance: a batch has thousands.
        if value[:1].isalnum() and len(value) <= max_length and is_plain(value):
            return value
        text = clean_text(value, max_length)
        if value and not (text[:1].isalnum() or any(map(_is_seen, text))):
            raise ValueError("this text has nothing in it that can be seen")
        return text

    return AfterValidator(clean)


def _is_seen(sign: str) -> bool:
    return unicodedata.category(sign)[0] not in "CZ"


def _to_code(value: object) -> object:
    return parse_language(value) if isinstance(value, str) else value


LanguageIn = Annotated[
    str,
    Field(
        description="english, french, duala, bassa or ewondo; or en, fr, dua, bas, ewo",
        examples=["french"],
        max_length=16,
    ),
    BeforeValidator(_to_code),  # last: before it, the length would be measured in Python
]
LanguageOut = Annotated[str, PlainSerializer(language_name)]


def _utc(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _in_calendar(value: datetime) -> datetime:
    if value.tzinfo is not None and value.year in (MINYEAR, MAXYEAR):
        try:
            value.astimezone(UTC)
        except OverflowError:
            raise ValueError("this time is out of range") from None
    return value


MomentIn = Annotated[datetime, AfterValidator(_in_calendar)]
"""A time that has a year from 1 to 9999 in UTC as well: no other can be read back."""

UtcOut = Annotated[datetime, PlainSerializer(_utc, when_used="json")]


def _window(value: str) -> str:
    parse_window(value)
    return value


QuietHours = Annotated[
    str,
    Field(
        max_length=11,
        description="local time of the establishment; over midnight is fine",
        examples=["20:00-07:00"],
    ),
    AfterValidator(_window),
]


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str | int) else value


DurationIn = Annotated[timedelta, BeforeValidator(_duration)]
"""An ISO 8601 duration (PT4H), or whole seconds."""


def _channels(value: list[Channel]) -> list[Channel]:
    if len(set(value)) != len(value):
        raise ValueError("each channel stands once, in the order of fallback")
    if Channel.whatsapp in value:
        raise ValueError(
            "WhatsApp goes out only as a reply, within 24 hours of a message from the patient"
        )
    return value


ChannelsIn = Annotated[
    list[Channel],
    Field(min_length=1, max_length=3, description="in order of fallback"),
    AfterValidator(_channels),
]

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

    def as_json(self) -> Any:
        """As JSON has it, in plain values."""
        return self.model_dump(mode="json")


Item = TypeVar("Item")


class Page(Out, Generic[Item]):
    """A page of a list; `cursor` asks for the next one and is null at the end."""

    items: list[Item]
    cursor: str | None = None


def shortened(text: str, budget: int) -> tuple[str, bool]:
    """A text cut to a number of bytes of JSON, never inside a character; and whether it was cut."""
    kept = text.encode()[: max(budget, 0)].decode("utf-8", "ignore")
    while len(to_json(kept)) - 2 > budget and kept:  # quotes and line ends are escaped
        kept = kept[: min(len(kept) - 1, len(kept) * budget // len(to_json(kept)))]
    return kept, len(kept) < len(text)
