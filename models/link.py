"""Links by which patients come with their own phones: printed as QR codes, taken back by staff."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Created, SharedBase
from models.establishment import Establishment


class Link(Created, SharedBase):
    """A link's anonymous token: it says where somebody is, never who. Only its hash is kept."""

    __tablename__ = "links"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    establishment_id: Mapped[int] = mapped_column(
        ForeignKey(Establishment.id, ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(100))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
