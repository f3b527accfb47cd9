"""Who is on the phone: the patient whose number it is, and the language that they speak."""

from __future__ import annotations

from collections.abc import Container

from sqlalchemy import select

from database.session import ScopedSession
from models.address import Address
from models.contact import Contact
from models.conversation import Conversation
from models.establishment import Establishment
from services.contact.address import address_for
from utils.phone import InvalidPhone, normalise_phone

MOST_OF_A_FAMILY = 50


def caller(session: ScopedSession, establishment: Establishment, number: str) -> Address | None:
    """The address of a number that calls; None for one that is hidden or cannot exist.

    Where a caller hides their number Twilio gives a word, or a word spelt in digits.
    """
    try:
        e164 = normalise_phone(number, establishment.region)
    except InvalidPhone:
        return None
    return address_for(session, "phone", e164)


def lock_address(session: ScopedSession, address_id: int) -> Address:
    """An address, locked until the transaction ends; rows that only lead to it do not wait."""
    return session.get_one(
        Address, address_id, with_for_update={"key_share": True}, populate_existing=True
    )


def holders(session: ScopedSession, address_id: int) -> list[Contact]:
    """The contacts whose phone this is: a family often has one."""
    return list(
        session.scalars(
            select(Contact)
            .where(Contact.phone_id == address_id)
            .order_by(Contact.id)
            .limit(MOST_OF_A_FAMILY)
        )
    )


def known_language(
    session: ScopedSession, address: Address | None, speakable: Container[str]
) -> str | None:
    """The language of whoever calls, if everybody who has this phone speaks the same one.

    Chosen before, on this phone; else as it stands with the contacts; else the one in which the
    last call was spoken.
    """
    if address is None:
        return None
    contacts = {contact.language for contact in holders(session, address.id) if contact.language}
    last = session.scalar(
        select(Conversation.language)
        .where(
            Conversation.address_id == address.id,
            Conversation.channel == "voice",
            Conversation.language.is_not(None),
        )
        .order_by(Conversation.id.desc())
        .limit(1)
    )
    for language in (address.language, contacts.pop() if len(contacts) == 1 else None, last):
        if language is not None and language in speakable:
            return language
    return None
