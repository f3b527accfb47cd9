"""What tells the patients who share a phone apart without naming them.

The last digits of the hospital's reference, else initials; never a name or a department.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from models.contact import Contact
from utils.sms_encoding import analyse
from utils.text import initials

_SHOWN_DIGITS = (3, 4, 5, 6)


def labels(contacts: Sequence[Contact]) -> list[str] | None:
    """What an SMS shows of some patients; None when nothing discreet tells them apart."""
    digits = last_digits(contacts)
    if digits is not None and _cheap(digits):
        return [f"..{shown}" for shown in digits]
    ways: list[Callable[[Contact], str]] = [
        lambda contact: initials(contact.name or ""),
        lambda contact: f"{initials(contact.name or '')} {_dotted(contact)}".strip(),
    ]
    return next((shown for way in ways if (shown := _apart(contacts, way)) and _cheap(shown)), None)


def last_digits(contacts: Sequence[Contact]) -> list[str] | None:
    """As many last digits of each reference as it takes, from three to six; None if none do."""
    ways = (_ending(count) for count in _SHOWN_DIGITS)
    return next((shown for way in ways if (shown := _apart(contacts, way))), None)


def _apart(contacts: Sequence[Contact], way: Callable[[Contact], str]) -> list[str] | None:
    """What a way shows of each, when it shows something of all, and of no two the same."""
    shown = [way(contact) for contact in contacts]
    return shown if all(shown) and len(set(shown)) == len(shown) else None


def _ending(count: int) -> Callable[[Contact], str]:
    def ending(contact: Contact) -> str:
        digits = re.sub(r"\D", "", contact.patient_id)
        return digits[-count:] if len(digits) >= 2 else ""

    return ending


def _dotted(contact: Contact) -> str:
    ending = _ending(_SHOWN_DIGITS[0])(contact)
    return f"..{ending}" if ending else ""


def _cheap(shown: Sequence[str]) -> bool:
    return analyse("".join(shown)).encoding == "GSM-7"
