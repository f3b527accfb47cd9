"""App installations and kiosks, enrolled by staff."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Integer, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Created, SharedBase
from models.establishment import Establishment


class Device(Created, SharedBase):
    """A device. Until it is enrolled it has a one-time code; after that, a token of its own."""

    __tablename__ = "devices"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    establishment_id: Mapped[int] = mapped_column(
        ForeignKey(Establishment.id, ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(100))
    for_staff: Mapped[bool] = mapped_column(
        server_default=false(),
        default=False,
        doc="in the hands of staff: it may hand in reminders, too",
    )
    code_hash: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    code_expires_at: Mapped[datetime | None]
    token_hash: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    enrolled_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
