"""What a sender's address may be on each channel, in one writing."""

from __future__ import annotations

import re

from models.establishment import Establishment
from models.reminder import Channel
from services.contact.contacts import normal_email, normal_phone
from services.errors import Invalid

_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
_SHORT_CODE = re.compile(r"\d{3,6}")


def sender_address(place: Establishment, channel: str, address: str) -> str:
    """What a channel sends from, in one writing; raises `Invalid` on `channel` or `address`.

    A number is E.164. By SMS a name of letters (an alphanumeric sender) and an operator's short
    code are kept as they are.
    """
    if channel not in list(Channel):
        raise Invalid("sms, voice, email or whatsapp.", field="channel")
    written = address.strip()
    if channel == Channel.email:
        return normal_email(written, "address")
    if channel == Channel.sms and (is_name(written) or _SHORT_CODE.fullmatch(written)):
        return written
    return normal_phone(written, place.region, "address")


def is_name(address: str) -> bool:
    """True for an alphanumeric sender, which nobody can answer."""
    return _NAME.fullmatch(address) is not None
