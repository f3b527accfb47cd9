"""Phrases: what the system says, in every language."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from models.phrase import Phrase
from schemas.common import In, LanguageOut, Out, UtcOut, cleaned
from schemas.feedback import checked_audio

PHRASE_LENGTH = 600
SMS_LENGTH = 459
"""Three segments of GSM-7: nobody reads a longer one on a small phone."""


class PhraseIn(In):
    """An establishment's own words. `{name}` stands for a value, as `placeholders` lists them."""

    text: Annotated[str, Field(min_length=1, max_length=PHRASE_LENGTH), cleaned(PHRASE_LENGTH)] | (
        None
    ) = Field(default=None, description="null: the words that ship, or a recording alone")
    sms_text: Annotated[str, Field(min_length=1, max_length=SMS_LENGTH), cleaned(SMS_LENGTH)] | (
        None
    ) = Field(default=None, description="another spelling for SMS; null: the same words")


class PhraseRecordingIn(In):
    """A phrase as somebody spoke it: sent here, or uploaded by itself before (tus)."""

    voice_data: Annotated[str, AfterValidator(checked_audio)] | None = Field(
        default=None, description="base64, at most 2 MiB decoded"
    )
    recording: UUID | None = Field(default=None, description="of an upload of your own")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.voice_data is None) == (self.recording is None):
            raise ValueError("give either `voice_data` or `recording`")
        return self


class SwitchIn(In):
    """Whether a flow is said in a language."""

    on: bool


class ShippedWords(Out):
    """The words that ship with the service."""

    text: str | None
    sms_text: str | None


class OwnWords(Out):
    """An establishment's own words: said once somebody else has approved them."""

    text: str | None
    sms_text: str | None
    has_recording: bool
    written_by: str
    approved_by: str | None
    approved_at: UtcOut | None
    updated_at: UtcOut
    version: int

    @classmethod
    def of(cls, phrase: Phrase) -> OwnWords:
        """The words of a row."""
        return cls(
            text=phrase.text,
            sms_text=phrase.sms_text,
            has_recording=phrase.recording_id is not None,
            written_by=phrase.written_by,
            approved_by=phrase.approved_by,
            approved_at=phrase.approved_at,
            updated_at=phrase.updated_at,
            version=phrase.version,
        )


class WordsOut(Out):
    """A phrase in one language, and what its SMS costs before its values are filled in."""

    language: LanguageOut
    text: str | None = Field(description="the newest words, approved or not")
    shipped: ShippedWords | None
    own: OwnWords | None
    goes_out: str | None = Field(description="as it goes out by SMS, with French folded if so set")
    encoding: str | None
    segments: int | None
    units: int | None


class PhraseOut(Out):
    """A phrase in every language."""

    key: str
    flows: list[str]
    placeholders: list[str]
    words: list[WordsOut]


class CoverageOut(Out):
    """One flow in one language."""

    flow: str
    language: LanguageOut
    phrases: int
    there: int = Field(description="written or recorded as the flow needs it")
    approved: int
    recorded: int
    missing: list[str] = Field(description="not there, or not approved")
    ready: bool = Field(description="it can be switched on")
    switched_on: bool
    on: bool = Field(description="conversations take place in it")


class PhraseBook(Out):
    """All that the system says."""

    coverage: list[CoverageOut]
    phrases: list[PhraseOut]


class PhraseCodeOut(Out):
    """A code with which somebody speaks a phrase in by phone, once."""

    code: str
    expires_at: UtcOut
