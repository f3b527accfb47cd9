"""What a sender's call brought, as it is to be stored."""

from __future__ import annotations

from dataclasses import dataclass

from models.delivery import DeliveryStatus


@dataclass(frozen=True, slots=True)
class Settlement:
    """What to store after a call. `retry_in` (seconds) only goes with the status `scheduled`.

    `cause` stands in the trace, beside the provider's code.
    """

    delivery_id: int
    attempt: int
    status: DeliveryStatus
    provider: str
    provider_id: str | None = None
    code: str | None = None
    retry_in: float | None = None
    encoding: str | None = None
    segments: int | None = None
    cause: str = "answer"
    sender_id: int | None = None
