"""The text that really goes out by SMS. Previews, estimates and the way out all ask here."""

from __future__ import annotations

from models.establishment import Establishment
from utils.sms_encoding import fold_french

BREAK = "\n"
"""Between what staff wrote and the keys of an answer (`services/reminder/reply_hint.py`)."""


def sms_text(establishment: Establishment, language: str, message: str) -> str:
    """French folded to GSM-7 if the establishment says so; no other language ever is."""
    if language == "fra" and establishment.fold_french_sms:
        return fold_french(message)
    return message
