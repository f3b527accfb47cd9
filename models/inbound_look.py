"""How far a provider's own list of inbound messages was looked through."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import SharedBase
from models.establishment import Sender


class InboundLook(SharedBase):
    """One row for each sender that patients can write to.

    Everything that its provider lists until `complete_until` is here; the next look is at
    `look_at`.
    """

    __tablename__ = "inbound_looks"

    sender_id: Mapped[int] = mapped_column(
        ForeignKey(Sender.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    complete_until: Mapped[datetime]
    look_at: Mapped[datetime]
