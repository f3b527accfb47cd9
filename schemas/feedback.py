"""Feedback: what goes in and out."""

from __future__ import annotations

import base64
import unicodedata
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from models.feedback import FeedbackState
from models.reminder import Channel
from schemas.common import (
    ChannelsIn,
    In,
    LanguageIn,
    LanguageOut,
    MomentIn,
    Out,
    PatientReference,
    UtcOut,
    cleaned,
)

CONTENT_LENGTH = 10_000
NOTE_LENGTH = 2000
MESSAGE_LENGTH = 1600
"""Of an answer, which goes out as any message does."""
VOICE_BYTES = 2 * 1024 * 1024
FACES = ("😡", "🙁", "😐", "🙂", "😍")
"""The five faces of the app, from worst to best. Any other single emoji is kept as given."""


class FeedbackChannel(StrEnum):
    """How a feedback came."""

    app = "app"
    web = "web"
    sms = "sms"
    voice = "voice"


def _is_emoji(text: str) -> str:
    """Symbols and what joins them; a digit only as part of a keycap. Never words."""
    for sign in text:
        kind = unicodedata.category(sign)
        if kind[0] in "LPZ" or (kind[0] == "N" and "\u20e3" not in text):
            raise PydanticCustomError("emoji_invalid", "One emoji, such as one of the five faces.")
    return text


def checked_audio(text: str) -> str:
    """Check that this is base64 of something not too large (the body is bounded already)."""
    try:
        size = len(base64.b64decode(text, validate=True))
    except ValueError:  # for what is not ASCII, too
        raise PydanticCustomError("voice_not_base64", "This is not base64.") from None
    if size == 0:
        raise PydanticCustomError("voice_empty", "There is no audio in it.")
    if size > VOICE_BYTES:
        raise PydanticCustomError("voice_too_large", "At most 2 MiB of audio, decoded.")
    return text


class FeedbackIn(In):
    """A feedback as a client sends it: at least one of content, rating, emoji, voice."""

    client_id: UUID | None = Field(
        default=None, description="identity of this submission, made by the device, for ever"
    )
    patient_id: PatientReference | None = Field(default=None, description="missing: anonymous")
    language: LanguageIn
    content: (
        Annotated[str, Field(min_length=1, max_length=CONTENT_LENGTH), cleaned(CONTENT_LENGTH)]
        | None
    ) = None
    rating: Annotated[int, Field(ge=1, le=5, strict=True)] | None = None
    emoji: (
        Annotated[str, Field(min_length=1, max_length=16), cleaned(16), AfterValidator(_is_emoji)]
        | None
    ) = Field(default=None, examples=[FACES[3]])
    voice_data: Annotated[str, AfterValidator(checked_audio)] | None = Field(
        default=None,
        description="base64: AMR-NB, 3GP, M4A, Opus, WebM or WAV, at most 2 MiB decoded",
    )
    recording: UUID | None = Field(
        default=None,
        description="of a recording that is uploaded by itself (tus), before or after this",
    )
    department: Annotated[str, Field(min_length=1, max_length=40), cleaned(40)] | None = Field(
        default=None, description="a department's code"
    )
    channel: FeedbackChannel = FeedbackChannel.app
    recorded_at: MomentIn | None = Field(
        default=None, description="when the patient said it, by the device's clock"
    )

    @model_validator(mode="after")
    def _says_something(self) -> FeedbackIn:
        if not any((self.content, self.rating, self.emoji, self.voice_data, self.recording)):
            raise PydanticCustomError(
                "feedback_empty",
                "At least one of content, rating, emoji, voice_data, recording is needed.",
            )
        if self.voice_data and self.recording:
            raise PydanticCustomError(
                "voice_twice", "Give the voice inline or as an uploaded recording, not both."
            )
        return self


class FeedbackOut(Out):
    """A feedback as it is answered: the published fields, under 1 KB."""

    id: int
    patient_id: str | None
    language: LanguageOut
    content: str | None
    content_truncated: bool | None = None
    rating: int | None
    emoji: str | None = None
    date_submitted: UtcOut
    processed: bool
    has_voice: bool | None = None


class FeedbackDetail(Out):
    """A feedback as staff see it."""

    id: int
    patient_id: str | None
    language: LanguageOut
    content: str | None
    rating: int | None
    emoji: str | None
    department: str | None
    channel: FeedbackChannel
    recorded_at: UtcOut | None
    clock_wrong: bool = Field(description="`recorded_at` is of a clock that was far off")
    date_submitted: UtcOut
    processed: bool
    state: FeedbackState
    conversation_id: int | None = Field(
        description="of one that was said in a conversation: GET /api/v1/conversations/{id}"
    )
    voice: str | None = Field(description="address of the recording, if there is one")
    voice_awaited: bool = Field(description="a recording was made, and has not arrived yet")
    voice_seconds: float | None
    voice_problems: list[str]
    assigned_to: int | None
    note: str | None
    answered_at: UtcOut | None
    version: int


class FeedbackChange(In):
    """What staff make of a feedback. What is left out stays; null takes a value away."""

    state: FeedbackState | None = None
    assigned_to: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None, description="a member of staff; null: nobody's"
    )
    note: Annotated[str, Field(max_length=NOTE_LENGTH), cleaned(NOTE_LENGTH)] | None = Field(
        default=None, description="for staff only; the patient never sees it"
    )

    @model_validator(mode="after")
    def _changes_something(self) -> FeedbackChange:
        if not self.model_fields_set:
            raise ValueError("say what is to be changed")
        if "state" in self.model_fields_set and self.state is None:
            raise ValueError("a feedback is in a state")
        return self


class AnswerIn(In):
    """The hospital's answer to a feedback, in the patient's language."""

    client_id: UUID | None = Field(
        default=None, description="identity of this answer, made by the client, for ever"
    )
    text: Annotated[str, Field(min_length=1, max_length=MESSAGE_LENGTH), cleaned(MESSAGE_LENGTH)]
    channels: ChannelsIn | None = Field(
        default=None,
        description="in order of fallback; left out: WhatsApp while a conversation there allows"
        " it, then SMS, then e-mail",
    )


class AnswerOut(Out):
    """An answer and what has become of it; its trace stands with its reminder."""

    id: int
    reminder_id: int
    text: str
    language: LanguageOut
    channels: list[Channel]
    status: str = Field(description="of the reminder that takes it to the patient")
    delivery: str | None = Field(
        description="how far its last delivery is; null while it waits for the patient's device"
    )
    created_by: str
    created_at: UtcOut


class FeedbackWhole(FeedbackDetail):
    """A feedback by itself, with what was answered."""

    answers: list[AnswerOut]


class HistoryChange(Out):
    """One field before and after."""

    field: str
    before: str | int | None
    after: str | int | None


class HistoryItem(Out):
    """One step in what happened to a feedback."""

    at: UtcOut
    action: str = Field(description="received, change or answer")
    actor: str | None = Field(description="user:7, or null for the patient")
    changes: list[HistoryChange] = Field(default_factory=list)
    reminder_id: int | None = Field(default=None, description="of an answer")
