"""Phrases: what the system says, in every language."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from models.phrase import Phrase
from schemas.common import In, LanguageOut, Out, UtcOut, cleaned
from schemas.feedback import checked_audio

PHRASE_LENGTH = 600
SMS_LENGTH = 459
"""Three segments of GSM-7: nobody reads a longer one on a small phone."""
REASON_LENGTH = 300


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


class RejectionIn(In):
    """Why words or a recording go back to whoever made them."""

    reason: Annotated[str, Field(min_length=1, max_length=REASON_LENGTH), cleaned(REASON_LENGTH)]


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
    made_by: list[str] = Field(
        description="whoever wrote, spelt or recorded it: none of them approves it"
    )
    approved_by: str | None
    approved_at: UtcOut | None
    rejected_by: str | None
    rejected_at: UtcOut | None
    rejection: str | None = Field(description="why, for whoever wrote it")
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
            made_by=phrase.made_by,
            approved_by=phrase.approved_by,
            approved_at=phrase.approved_at,
            rejected_by=phrase.rejected_by,
            rejected_at=phrase.rejected_at,
            rejection=phrase.rejection,
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
    waiting: int = Field(description="written or recorded, for a second person to look at")
    rejected: int = Field(description="sent back to whoever wrote or recorded them")
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


class PhraseState(StrEnum):
    """Where a phrase stands in a flow and a language."""

    shipped = "shipped"
    approved = "approved"
    waiting = "waiting"
    rejected = "rejected"
    missing = "missing"


class FlowPhrase(Out):
    """A phrase of a flow in one language, with all that helps to write it."""

    key: str
    about: dict[str, str] = Field(description="when it is said, by `fr` and `en`")
    originals: dict[str, ShippedWords] = Field(description="as it ships, by `fr` and `en`")
    placeholders: list[str]
    by_sms: bool
    spoken: bool = Field(description="by phone, or in the patients' app: it may be recorded")
    word_list: bool = Field(description="words that patients send, separated by commas")
    state: PhraseState
    words: WordsOut


class FlowOut(Out):
    """A flow in one language, phrase by phrase."""

    flow: str
    language: LanguageOut
    spoken: bool
    needs: str = Field(description="words, or recording where no voice speaks the language")
    ships: bool = Field(description="said in the words that ship, always on")
    coverage: CoverageOut
    samples: dict[str, str] = Field(description="what stands for a value where it is shown")
    phrases: list[FlowPhrase]


class PendingPhrase(Out):
    """What waits for a second person, or was sent back."""

    key: str
    language: LanguageOut
    flow: str
    state: PhraseState
    text: str | None
    has_recording: bool
    written_by: str
    made_by: list[str]
    updated_at: UtcOut

    @classmethod
    def of(cls, phrase: Phrase, flow: str, state: PhraseState) -> PendingPhrase:
        """A row, with the flow in which it is looked at."""
        return cls(
            key=phrase.key,
            language=phrase.language,
            flow=flow,
            state=state,
            text=phrase.text,
            has_recording=phrase.recording_id is not None,
            written_by=phrase.written_by,
            made_by=phrase.made_by,
            updated_at=phrase.updated_at,
        )


class PhrasePreview(Out):
    """A phrase as it would be, its values filled in."""

    shown: str
    goes_out: str = Field(description="by SMS, with French folded if so set")
    encoding: str
    segments: int
    units: int


class SaidOut(Out):
    """One thing that a caller hears."""

    kind: str = Field(description="phrase; message, voice, model or pause have no words here")
    key: str | None = None
    language: LanguageOut | None = None
    text: str | None = None
    recorded: bool = False
    state: PhraseState | None = None
    seconds: int | None = Field(default=None, description="of a pause")


class ChoiceOut(Out):
    """What a caller can do, and which step follows."""

    event: str = Field(description="a key; or silence, wrong, spoken, ready, late, right")
    to: int


class CallStep(Out):
    """Where a call stands: what is heard, and what may follow. Without choices it is over."""

    step: str
    said: list[SaidOut]
    choices: list[ChoiceOut]


class CallBeginning(Out):
    """A way in which a call begins."""

    name: str = Field(description="incoming, called_back, reminder, machine or staff")
    step: int


class CallOut(Out):
    """A whole call in one language, as a table: to be heard as a caller would."""

    flow: str
    language: LanguageOut
    beginnings: list[CallBeginning]
    steps: list[CallStep]


class RefusedPhrase(Out):
    """A line of a file that breaks a rule. It never says what stood there."""

    line: int
    field: str
    code: str
    reason: str


class PhraseImport(Out):
    """What became of a file: taken in whole, or not at all."""

    stored: bool
    written: int = Field(description="new words, for a second person to approve")
    unchanged: int
    empty: int = Field(description="not translated yet: they take nothing away")
    refused_count: int
    refused: list[RefusedPhrase] = Field(description="the first 1,000 of them")
