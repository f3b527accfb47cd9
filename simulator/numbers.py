"""What is a phone number, and what is an address of another kind."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType

WHATSAPP = "whatsapp"
_SHORT_CODE = re.compile(r"\d{3,8}")
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +\-_&]{1,11}")
_MOBILE = (
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.PERSONAL_NUMBER,
    PhoneNumberType.VOIP,
)


def split_channel(address: str) -> tuple[str, str]:
    """`whatsapp:+237…` → (`whatsapp`, `+237…`); a bare number is SMS."""
    if address.startswith(f"{WHATSAPP}:"):
        return WHATSAPP, address.removeprefix(f"{WHATSAPP}:")
    return "sms", address


def on_channel(number: str, channel: str) -> str:
    """A number as messages on a channel are addressed: the way back of `split_channel`."""
    return f"{WHATSAPP}:{number}" if channel == WHATSAPP else number


def e164(number: str) -> str | None:
    """The number in E.164, or None if the numbering plan has no such number.

    Only the international form is taken: Twilio documents E.164 for To, and guessing a country
    would hide a mistake of the caller's.
    """
    return _look_up(number)[0]


def takes_sms(number: str) -> bool:
    """Whether a valid number may be a mobile (error 21614 otherwise)."""
    return _look_up(number)[1]


@lru_cache(maxsize=65_536)
def _look_up(number: str) -> tuple[str | None, bool]:
    """E.164 and whether it takes SMS; parsed once, as this is on the hot path."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return None, False
    kind = phonenumbers.number_type(parsed)
    if kind == PhoneNumberType.UNKNOWN:  # what is_valid_number says, without asking twice
        return None, False
    form = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return form, kind in _MOBILE


def country(number: str) -> str:
    """ISO 3166 alpha-2 of a number, or empty."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.region_code_for_number(parsed) or ""


def is_sender(value: str) -> bool:
    """Whether this could be a From at all: number, short code or alphanumeric sender ID."""
    return bool(e164(value) or _SHORT_CODE.fullmatch(value) or _ALPHANUMERIC.fullmatch(value))
