"""Conversations: what goes out."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from schemas.common import LanguageOut, Out, UtcOut


class ConversationChannel(StrEnum):
    """How a conversation is held."""

    sms = "sms"
    whatsapp = "whatsapp"
    voice = "voice"


class Direction(StrEnum):
    """Who spoke: `in` is the patient."""

    in_ = "in"
    out = "out"


class ConversationSummary(Out):
    """A conversation in a list: neither words nor an address."""

    id: int
    channel: ConversationChannel
    flow: str
    waits_for: str | None = Field(
        description="of one that is open: rating, words, patient, which_confirm, key, language …"
    )
    language: LanguageOut | None
    patient_id: str | None = Field(description="once it is known whom it is about")
    feedback_id: int | None
    reminder_id: int | None
    started_at: UtcOut
    last_at: UtcOut
    ended_at: UtcOut | None


class Turn(Out):
    """What one side said."""

    at: UtcOut
    direction: Direction
    text: str | None = Field(default=None, description="null for a call")
    media: int = Field(default=0, description="pictures and the like, which are not kept")
    carrier_answered: bool = Field(
        default=False, description="the carrier has recognised STOP, START or HELP and answered"
    )
    message_id: int | None = None
    call_id: int | None = None
    seconds: int | None = Field(default=None, description="of a call that has ended")
    purpose: str | None = Field(default=None, description="reminder, reply, opt_out or answer")
    reminder_id: int | None = None
    delivery_id: int | None = None
    status: str | None = Field(
        default=None,
        description="of the delivery; of a call: the provider's word",
    )
    error_code: str | None = None


class ConversationDetail(ConversationSummary):
    """A conversation with all that was said in it."""

    phone_number: str | None = Field(description="null for a caller who hides it")
    turns: list[Turn] = Field(description="in order; the reminder that was answered comes first")
