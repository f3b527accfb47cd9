"""Senders: what an establishment sends from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.common import In, Out, UtcOut


class SenderOut(Out):
    """A number or address of the establishment's own, and how it is."""

    id: int
    channel: str
    address: str
    provider: str
    can_receive: bool
    gives_receipts: bool
    active: bool
    suspended_at: UtcOut | None = Field(description="the provider takes nothing from it since then")
    suspended_code: str | None = Field(description="the provider's own code")
    probe_at: UtcOut | None = Field(description="when one delivery tries it again")


class SenderChange(In):
    """What may be changed of a sender. What is left out stays."""

    active: bool | None = None
    suspended: Literal[False] | None = Field(
        default=None, description="false: take it into use again now"
    )
