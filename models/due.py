"""The due queue: what must be looked at, and when. Ids and times only."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, false, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import SharedBase
from models.establishment import Establishment


class Due(SharedBase):
    """A delivery that the engine must act on at `due_at`.

    The row says what is due before Redis does: it is written in the transaction that makes the
    delivery and goes in the one that ends it. `claimed_until` is the lease of a claim; a claim
    whose lease has run out is found by the sweeper.

    `line` is the sender whose rate a delivery waits for. While it stands in that line the row is
    claimed for ever (`infinity`), so that no ordinary claim has to step over a long line; it is
    claimed in its turn, by `due_at`, as fast as the sender may send.
    """

    __tablename__ = "due"

    establishment_id: Mapped[int] = mapped_column(
        ForeignKey(Establishment.id, ondelete="CASCADE"), primary_key=True
    )
    delivery_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    due_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    asks: Mapped[bool] = mapped_column(
        server_default=false(),
        default=False,
        doc="a question to a provider: it does not wait in line with what is to be sent",
    )
    line: Mapped[int | None] = mapped_column(Integer)

    __table_args__ = (
        Index(
            "ix_due_unclaimed",
            "establishment_id",
            "asks",
            "due_at",
            "delivery_id",  # in the very order of a claim: many are due at the same second
            postgresql_where=text("claimed_until is null"),
        ),
        Index(
            "ix_due_claimed",
            "establishment_id",
            "claimed_until",
            postgresql_where=text("claimed_until is not null"),
        ),
        Index(
            "ix_due_line",
            "line",
            "due_at",
            "delivery_id",
            postgresql_where=text("claimed_until = 'infinity'"),
        ),
    )
