"""What a provider holds of a patient's voice: from there to our store, and gone from there."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import SmallInteger, String, func
from sqlalchemy.orm import Mapped, mapped_column


class BroughtHome:
    """Audio at a provider. It is fetched, stored sealed, then deleted over there.

    The row says what is still to do, a job is only a hint: `next_at` is when a worker looks at it
    (again), None when nothing is left to do. `recording_id` is the identity that the audio has in
    our store, given before it is there: a feedback may wait for it.
    """

    provider: Mapped[str] = mapped_column(String(16))
    provider_id: Mapped[str] = mapped_column(String(64), doc="the audio's own, where it is")
    recording_id: Mapped[UUID] = mapped_column(unique=True)
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    fetched_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None] = mapped_column(doc="at the provider")
    problem: Mapped[str | None] = mapped_column(String(24), doc="why it could not be fetched")
    tries: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    next_at: Mapped[datetime | None]
