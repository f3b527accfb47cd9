"""Phone numbers and e-mail addresses: found or made once, and what they said about stopping."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from database.session import ScopedSession
from models.address import Address
from utils.crypto import get_blind_index


def address_index(session: ScopedSession, kind: str, value: str) -> bytes:
    """The blind index of a normalised phone number or e-mail address."""
    return get_blind_index().of(kind, value, session.establishment_id)


def address_for(session: ScopedSession, kind: str, value: str) -> Address:
    """The row of an address, made where it is new. `value` is E.164 or a lower-case e-mail."""
    index = address_index(session, kind, value)
    wanted = select(Address).where(Address.kind == kind, Address.value_index == index)
    found = session.scalar(wanted)
    if found is None:
        session.execute(
            insert(Address)
            .values(kind=kind, value=value, value_index=index)
            .on_conflict_do_nothing(index_elements=["kind", "value_index"])
        )
        found = session.scalars(wanted).one()
    return found


def opt_out(address: Address, cause: str) -> None:
    """Stop everything to an address. Lifted only by `opt_in`."""
    if address.opted_out_at is None:
        address.opted_out_at = func.now()
        address.opt_out_cause = cause


def opt_in(address: Address) -> None:
    """The address said explicitly that it wants messages again."""
    address.opted_out_at = None
    address.opt_out_cause = None
