"""Tasks: what goes in and out."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from models.reminder import Channel
from models.task import TaskState
from schemas.common import In, MomentIn, Out, UtcOut, cleaned

NOTE_LENGTH = 2000
UserNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Found(StrEnum):
    """What staff found out about a message whose fate no provider could tell."""

    arrived = "arrived"
    not_arrived = "not_arrived"


class TaskChange(In):
    """What is to be changed of a task. What is left out stays; null takes a value away."""

    state: TaskState | None = Field(
        default=None, description="`taken` without `assigned_to`: by whoever asks"
    )
    assigned_to: UserNumber | None = Field(default=None, description="null: nobody's, open again")
    due_at: MomentIn | None = Field(default=None, description="without an offset: UTC")
    note: Annotated[str, Field(max_length=NOTE_LENGTH), cleaned(NOTE_LENGTH)] | None = None
    found: Found | None = Field(
        default=None, description="closes the task of an unknown delivery; goes with `done`"
    )
    send_again: bool | None = Field(
        default=None, description="goes with `not_arrived`; without it nothing more is sent"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> TaskChange:
        if self.found is not None and self.state is not TaskState.done:
            raise ValueError("`found` goes with the state `done`")
        if self.send_again is not None and self.found is not Found.not_arrived:
            raise ValueError("`send_again` goes with `found: not_arrived`")
        if self.state is TaskState.open and self.assigned_to is not None:
            raise ValueError("an open task is nobody's")
        return self


class UnknownOut(Out):
    """Why a delivery's fate is unknown, from the trace: no address, no text."""

    channel: Channel
    status: str = Field(description="of the delivery now")
    cause: str = Field(description="`answer`: the call's outcome; `lease ran out`: a crash")
    code: str | None = Field(description="timeout, cut, or the provider's own code")
    attempted_at: UtcOut | None
    valid_until: UtcOut


class TaskSummary(Out):
    """A task in a list: no note, no address, no name."""

    id: int
    kind: str
    state: TaskState
    subject: str | None = Field(description="of an alarm: its kind")
    assigned_to: int | None = Field(description="the number of a user")
    due_at: UtcOut | None
    reminder_id: int | None
    delivery_id: int | None
    contact_id: int | None
    feedback_id: int | None
    conversation_id: int | None = Field(description="what was said: GET /api/v1/conversations/{id}")
    unknown: UnknownOut | None = Field(description="of the task `unknown_delivery`")
    created_at: UtcOut
    done_at: UtcOut | None
    done_by: str | None = Field(description="user:7, or `engine`")
    version: int


class TaskOut(TaskSummary):
    """A task with what staff noted."""

    note: str | None
    updated_at: UtcOut
