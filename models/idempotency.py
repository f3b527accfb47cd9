"""Answers kept for `Idempotency-Key`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from database.types import SealedJSON
from models.base import Base, Created


class IdempotencyKey(Created, Base):
    """A key that a client sent, what it sent with it, and what it was answered."""

    __tablename__ = "idempotency_keys"

    key: Mapped[bytes] = mapped_column(
        LargeBinary, primary_key=True, doc="keyed hash of principal, path and key"
    )
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status_code: Mapped[int | None] = mapped_column(SmallInteger)
    answer: Mapped[Any | None] = mapped_column(SealedJSON("idempotency_keys.answer"))
