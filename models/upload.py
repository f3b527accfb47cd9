"""A recording on its way in, piece by piece (tus 1.0)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from database.types import SealedBytes
from models.base import Base, Created, Numbered


class Upload(Numbered, Created, Base):
    """An upload. `received` counts the bytes whose pieces are stored: what a client may rely on.

    `owner` is who began it: nobody else may go on with it. When all bytes are here a worker makes
    the recording of them, and `finished_at` says that it did.
    """

    __tablename__ = "uploads"

    token: Mapped[UUID] = mapped_column(unique=True, doc="how its address names it")
    recording_id: Mapped[UUID] = mapped_column(unique=True, doc="the recording that this will be")
    owner: Mapped[str] = mapped_column(String(40))
    length: Mapped[int] = mapped_column(Integer, doc="bytes in all")
    received: Mapped[int] = mapped_column(Integer, default=0, doc="bytes")
    expires_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    sealed_for: Mapped[str | None] = mapped_column(
        String(16), doc="id of the sealing key, if a device sealed the bytes"
    )

    __table_args__ = (
        CheckConstraint("received between 0 and length", name="received_range"),
        Index("ix_uploads_expires_at", "expires_at"),
        Index(
            "ix_uploads_complete",
            "created_at",
            postgresql_where=text("received = length and finished_at is null"),
        ),
    )


class UploadPiece(Numbered, Base):
    """Some bytes of an upload, sealed; gone as soon as the recording is made."""

    __tablename__ = "upload_pieces"

    upload_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Upload.id, ondelete="CASCADE"))
    start: Mapped[int] = mapped_column(Integer, doc="offset of its first byte")
    content: Mapped[bytes] = mapped_column(SealedBytes("upload_pieces.content"))

    __table_args__ = (UniqueConstraint("upload_id", "start"),)
