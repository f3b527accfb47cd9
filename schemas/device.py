"""Devices: named by staff, enrolled once with a code."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.common import In, Out, UtcOut, cleaned

DeviceName = Annotated[
    str, Field(min_length=1, max_length=100, examples=["Tablet, maternity"]), cleaned(100)
]


class DeviceIn(In):
    """A device that staff want to enrol."""

    name: DeviceName
    for_staff: bool = Field(
        default=False,
        description="in the hands of staff: by `POST /sync` it hands in reminders, too",
    )


class DeviceOut(Out):
    """A device and where it stands."""

    id: int
    name: str
    for_staff: bool
    status: str = Field(description="waiting, code_expired, enrolled or revoked")
    created_at: UtcOut
    enrolled_at: UtcOut | None
    revoked_at: UtcOut | None


class DeviceCodeOut(DeviceOut):
    """A new device with its one-time code, shown this once."""

    code: str
    code_expires_at: UtcOut


class EnrolIn(In):
    """The code that staff read out; case, spaces and hyphens do not matter."""

    code: str = Field(min_length=1, max_length=40, examples=["K7PM-2XQ9"])


class DeviceTokenOut(Out):
    """The device's own token for `Authorization: Bearer`, shown this once."""

    device_id: int
    establishment_id: int
    establishment: str = Field(description="its slug")
    name: str
    token: str
