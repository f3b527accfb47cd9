"""A phone number or an e-mail address: what an opt-out belongs to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from database.types import Sealed
from models.base import Base, Created, Numbered


class Address(Numbered, Created, Base):
    """One row for each phone or e-mail address that the establishment knows.

    A phone is shared by a family: several contacts may lead here. The engine locks this row in
    the statement that marks a delivery as sending, an opt-out changes it: the two cannot cross.
    """

    __tablename__ = "addresses"

    kind: Mapped[str] = mapped_column(String(5))
    value: Mapped[str] = mapped_column(Sealed("addresses.value"), doc="E.164, or lower-case e-mail")
    value_index: Mapped[bytes] = mapped_column(LargeBinary)
    opted_out_at: Mapped[datetime | None]
    opt_out_cause: Mapped[str | None] = mapped_column(String(40))
    bounced_at: Mapped[datetime | None] = mapped_column(
        doc="its mail server said that there is no such mailbox; nothing is stopped by that"
    )
    language: Mapped[str | None] = mapped_column(
        String(3), doc="chosen by whoever holds it, where no contact could be told to be the one"
    )

    __table_args__ = (
        UniqueConstraint("kind", "value_index"),
        CheckConstraint("kind in ('phone', 'email')", name="kind_known"),
    )
