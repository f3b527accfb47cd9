"""Phone numbers: any usual writing in, E.164 out.

Sources: ITU-T E.164; the numbering plans are those of Google's libphonenumber.
"""

import re
import unicodedata

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType, ValidationResult

_LONGEST_WRITING = 64
_WRITING = re.compile(r"(?:tel:)?\+?[\d\s().\-/]*\d[\d\s().\-/]*", re.IGNORECASE)
_TYPED = {"Cf": "", "Pd": "-", "Zs": " "}  # by Unicode category: unseen marks, dashes, spaces

_REASONS = {
    "phone_empty": "no phone number was given",
    "phone_too_long": "the phone number has too many digits",
    "phone_too_short": "the phone number has too few digits",
    "phone_not_a_number": "this is not the writing of a phone number",
    "phone_unknown_country": "the country code does not exist",
    "phone_impossible": "no operator gives out such a number",
}


class InvalidPhone(ValueError):
    """A number that cannot exist. `code` is stable; neither text ever holds the number."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.reason = _REASONS[code]
        super().__init__(self.reason)


def normalise_phone(text: str, region: str = "CM") -> str:
    """Return the E.164 form (`+237650000000`) of a number as people write it.

    Without `+` or the region's own international prefix (`00` in Cameroon) the number is read
    as one of `region` (ISO 3166, two letters), with or without its country code. Any Unicode
    digits, spaces and hyphens will do. Raises `InvalidPhone`; extensions and letters too are
    refused, since dropping them would reach somebody else.
    """
    number = _parsed(_plain(text), region)
    _refuse_unless_it_can_exist(number)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def is_mobile(e164: str) -> bool:
    """Whether this may be a mobile; true as well where a plan does not tell it from a fixed one."""
    return phonenumbers.number_type(_parsed(e164, None)) in {
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
    }


def national_format(e164: str) -> str:
    """The number as it is written at home, without its country code: `6 50 00 00 00`."""
    return phonenumbers.format_number(_parsed(e164, None), PhoneNumberFormat.NATIONAL)


def mask_phone(e164: str) -> str:
    """What staff may see of a number: its last two digits. Tells neither length nor country."""
    digits = [character for character in e164 if character.isdigit()]
    return "••••••" + ("".join(digits[-2:]) if len(digits) > 4 else "••")


def _plain(text: str) -> str:
    """`text` without the invisible marks that address books put around a number."""
    if len(text) > _LONGEST_WRITING:
        raise InvalidPhone("phone_too_long")
    plain = "".join(map(_as_typed, text)).strip()
    if not plain:
        raise InvalidPhone("phone_empty")
    if not _WRITING.fullmatch(plain):
        raise InvalidPhone("phone_not_a_number")
    return plain.lower().removeprefix("tel:")


def _as_typed(character: str) -> str:
    if character == "\uff0b":
        return "+"
    return _TYPED.get(unicodedata.category(character), character)


def _parsed(text: str, region: str | None) -> phonenumbers.PhoneNumber:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException as refusal:
        code = _PARSE_CODES.get(refusal.error_type, "phone_not_a_number")
    # Raised out here so that the library's exception, which may quote the text, is not chained.
    raise InvalidPhone(code)


_PARSE_CODES = {
    NumberParseException.INVALID_COUNTRY_CODE: "phone_unknown_country",
    NumberParseException.TOO_SHORT_AFTER_IDD: "phone_too_short",
    NumberParseException.TOO_SHORT_NSN: "phone_too_short",
    NumberParseException.TOO_LONG: "phone_too_long",
}


def _refuse_unless_it_can_exist(number: phonenumbers.PhoneNumber) -> None:
    if phonenumbers.is_valid_number(number):
        return
    verdict = phonenumbers.is_possible_number_with_reason(number)
    raise InvalidPhone(
        {
            ValidationResult.TOO_SHORT: "phone_too_short",
            ValidationResult.TOO_LONG: "phone_too_long",
            ValidationResult.INVALID_COUNTRY_CODE: "phone_unknown_country",
        }.get(verdict, "phone_impossible")
    )
