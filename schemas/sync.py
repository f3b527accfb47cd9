"""What was captured offline: uploaded in a batch, answered item by item."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Base64Bytes, Field

from schemas.common import In, MomentIn, Out, UtcOut
from schemas.feedback import FeedbackIn
from schemas.reminder import ReminderIn

MOST_ITEMS = 1_000
MOST_BYTES = 1024 * 1024
"""Of a whole batch, after expansion."""


class OfflineFeedback(FeedbackIn):
    """A feedback captured offline; its identity is not optional."""

    type: Literal["feedback"]
    client_id: UUID


class OfflineReminder(ReminderIn):
    """A reminder that staff captured offline; its identity is not optional.

    Its times are what staff meant, not what a clock showed: the device's clock does not move them.
    """

    type: Literal["reminder"]
    client_id: UUID
    recorded_at: MomentIn | None = Field(
        default=None, description="when staff captured it, by the device's clock"
    )


class SealedItem(In):
    """An item that a device sealed for its establishment; inside is one of the other types."""

    type: Literal["sealed"]
    client_id: UUID = Field(description="that of the item inside")
    key_id: str = Field(min_length=1, max_length=16)
    sealed: Base64Bytes = Field(description="base64; see docs/decisions/0015")


class SyncIn(In):
    """A batch. Each item is judged by itself, so that a bad one blocks no other."""

    sent_at: MomentIn = Field(description="what the device's clock shows now; with an offset")
    items: list[Any] = Field(
        max_length=MOST_ITEMS,
        description="`feedback` as in `POST /feedback`, with a `type` and a `client_id` each;"
        " from staff also `reminder`, as in `POST /reminders`; or one of them `sealed`",
    )


class SyncStatus(StrEnum):
    """What became of an item."""

    created = "created"
    duplicate = "duplicate"  # it was here already, the same
    conflict = "conflict"  # its identity is here with another content
    rejected = "rejected"  # not stored; the code, the field and the detail say why


# An answer may have a thousand of these: a model would take five times as long to make.
@dataclass(slots=True)
class SyncResult:
    """What became of one item. What was sent in is never echoed, but for its identity."""

    client_id: UUID | None
    status: SyncStatus
    index: Annotated[int | None, Field(description="place in the batch, without a client_id")] = (
        None
    )
    id: int | None = None
    fields: Annotated[list[str] | None, Field(description="of a conflict: those that differ")] = (
        None
    )
    code: str | None = None
    field: str | None = None
    detail: str | None = None


class SyncOut(Out):
    """The results, in the order of the items. What is not there is not said.

    A device whose own cursor is another one has something to fetch (`GET /sync`).
    """

    results: list[SyncResult]
    cursor: str | None = Field(default=None, description="not with `return=minimal`")

    def as_json(self) -> Any:
        """As JSON has it, in plain values."""
        return self.model_dump(mode="json", exclude_none=True)

    def written(self) -> str:
        """As JSON."""
        return self.model_dump_json(exclude_none=True)


class DownOut(Out):
    """What changed for a device: whole sections, by name."""

    cursor: str = Field(description="opaque; for the next question")
    sections: dict[str, Any]


MOST_ASKED = 50


class AnswersIn(In):
    """What was sent from a device, by the identities that it made: who knows one has sent it."""

    client_ids: list[UUID] = Field(max_length=MOST_ASKED)


class AnsweredFeedback(Out):
    """That a feedback was answered."""

    client_id: UUID
    answered_at: UtcOut
    text: str | None = Field(
        default=None, description="of the last answer; never to a device that many hands hold"
    )


class AnswersOut(Out):
    """Those that were answered, the latest first."""

    answers: list[AnsweredFeedback]
