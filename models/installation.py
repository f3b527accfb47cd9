"""What is known once for the whole installation."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, func
from sqlalchemy.orm import Mapped, mapped_column

from models.base import SharedBase


class Installation(SharedBase):
    """One row: the id that marks this installation's roles."""

    __tablename__ = "installation"

    id: Mapped[str] = mapped_column(String(8), primary_key=True)


class EncryptionKey(SharedBase):
    """A key that has sealed rows here: recognised by its fingerprint, so a lost one is noticed."""

    __tablename__ = "encryption_keys"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(16))
    first_seen: Mapped[datetime] = mapped_column(server_default=func.now())


class Process(SharedBase):
    """A heartbeat of an API, scheduler or worker process."""

    __tablename__ = "processes"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    spooled: Mapped[int] = mapped_column(
        server_default="0", default=0, doc="webhooks on its disk that are not stored yet"
    )
    turned_away_at: Mapped[datetime | None] = mapped_column(
        doc="when a webhook last found neither the database nor room in the spool"
    )
