"""Stored audio."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Float, Index, Integer, LargeBinary, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Recording(Base):
    """A recording. The bytes are sealed in the recording store under `establishment/id`.

    `problems` says what is wrong with it (not audio, truncated, too long, ...): a bad recording
    is kept and flagged, never dropped.
    """

    __tablename__ = "recordings"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key_id: Mapped[str] = mapped_column(String(16), doc="the key that sealed the stored bytes")
    size: Mapped[int] = mapped_column(Integer, doc="bytes, before sealing")
    checksum: Mapped[bytes] = mapped_column(LargeBinary, doc="SHA-256, before sealing")
    container: Mapped[str | None] = mapped_column(String(16))
    codec: Mapped[str | None] = mapped_column(String(24))
    seconds: Mapped[float | None] = mapped_column(Float)
    problems: Mapped[list[str]] = mapped_column(ARRAY(String(24)), default=list)
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    probed_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_recordings_unprobed", "received_at", postgresql_where=text("probed_at is null")),
    )
