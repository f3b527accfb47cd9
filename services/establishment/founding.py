"""Making an establishment: its row, its schema and role, its senders. Done by the owner."""

from __future__ import annotations

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from database import migrate
from models.establishment import Establishment, Sender


def create_establishment(engine: Engine, establishment: Establishment) -> int:
    """Store an establishment and make its schema and role, as the owner; returns its number.

    Killed in between, the next migration makes what is missing.
    """
    with Session(engine, expire_on_commit=False) as session, session.begin():
        session.add(establishment)
        session.flush()
        number = establishment.id
    migrate.upgrade_establishment(engine, number)
    return number


def set_sender(
    session: Session,
    establishment_id: int,
    channel: str,
    address: str,
    provider: str,
    *,
    can_receive: bool,
    rate_per_second: float | None = None,
) -> Sender:
    """Let an establishment send from an address on a channel; replaces what it had there.

    Said again, it changes nothing but what the sender can do: every start says it. A rate of None
    leaves what was said before, one of 0 is as fast as it can. That a sender gives receipts nobody
    can say for it: its first receipt does.
    """
    known = None
    for old in session.scalars(
        select(Sender).where(
            Sender.establishment_id == establishment_id,
            Sender.channel == channel,
            Sender.retired_at.is_(None),
        )
    ):
        if (old.address, old.provider) == (address, provider):
            known = old
        old.active = old is known
        if old.address == address and old is not known:  # by another provider from now on
            old.retired_at = func.now()
    if known is not None:
        known.can_receive = can_receive
        if rate_per_second is not None:
            known.rate_per_second = rate_per_second or None
        return known
    session.flush()
    sender = Sender(
        establishment_id=establishment_id,
        channel=channel,
        address=address,
        provider=provider,
        can_receive=can_receive,
        rate_per_second=rate_per_second or None,
    )
    session.add(sender)
    return sender
