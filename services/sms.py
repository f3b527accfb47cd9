"""The text that really goes out by SMS. Previews, estimates and the way out all ask here."""

from __future__ import annotations

from models.establishment import Establishment
from utils.sms_encoding import fold_french

BREAK = "\n"
"""Between what staff wrote and the keys of an answer (`services/reminder/reply_hint.py`)."""


_WITH_FRENCH = ("fra", "eng")
"""An English SMS of a hospital in Douala names it in French, and one ô there would cost as much."""


def sms_text(establishment: Establishment, language: str, message: str) -> str:
    """French folded to GSM-7 if the establishment says so, in an English text, too.

    No other language ever is: there it would change words.
    """
    if language in _WITH_FRENCH and establishment.fold_french_sms:
        return fold_french(message)
    return message
