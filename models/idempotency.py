"""Answers kept for `Idempotency-Key`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from database.types import SealedJSON
from models.base import Base, Created, SharedBase


class KeptAnswer(Created):
    """A key that a client sent, what it sent with it, and what it was answered."""

    key: Mapped[bytes] = mapped_column(
        LargeBinary, primary_key=True, doc="keyed hash of principal, path and key"
    )
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status_code: Mapped[int | None] = mapped_column(SmallInteger)


class IdempotencyKey(KeptAnswer, Base):
    """For what is stored in an establishment's own schema."""

    __tablename__ = "idempotency_keys"

    answer: Mapped[Any | None] = mapped_column(SealedJSON("idempotency_keys.answer"))


class ServiceIdempotencyKey(KeptAnswer, SharedBase):
    """For what is stored in the schema `shared` (users, devices): the same transaction."""

    __tablename__ = "idempotency_keys"

    answer: Mapped[Any | None] = mapped_column(SealedJSON("shared.idempotency_keys.answer"))
