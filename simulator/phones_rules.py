"""What an Android phone's API takes, and how it says no.

Source: the app's `PostMessageRequest.kt`, `MessagesRoutes.kt` and `WebHooksService.kt` (July 2026).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

STATES = ("Pending", "Cancelling", "Cancelled", "Processed", "Sent", "Delivered", "Failed")
MOST_RECIPIENTS = 100


class PhoneError(Exception):
    """A refusal: status and `{"message"}`."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def text_of(document: Mapping[str, Any]) -> str:
    """The text to send; raises `PhoneError`."""
    kinds = [name for name in ("message", "textMessage", "dataMessage") if document.get(name)]
    if not kinds:
        raise PhoneError("Must specify exactly one of: textMessage, dataMessage, or message")
    if len(kinds) > 1:
        raise PhoneError("Cannot specify multiple message types simultaneously")
    content = document[kinds[0]]
    text = content.get("text") if isinstance(content, dict) else content
    if kinds == ["dataMessage"] or not isinstance(text, str):
        raise PhoneError("The simulator's phones send text messages only")
    if not text:
        raise PhoneError("Text message is empty")
    return text


def recipients(document: Mapping[str, Any]) -> list[str]:
    """Whom to send it to, as written; raises `PhoneError`."""
    numbers = document.get("phoneNumbers")
    if not isinstance(numbers, list) or not all(isinstance(one, str) for one in numbers):
        raise PhoneError("Failed to convert request body")
    if not numbers:
        raise PhoneError("Empty phone numbers list")
    if len(numbers) > MOST_RECIPIENTS:
        raise PhoneError(f"More than {MOST_RECIPIENTS} phone numbers")
    return numbers


def whole(document: Mapping[str, Any], name: str) -> int | None:
    """A whole number, or None where it is not given; raises `PhoneError`."""
    value = document.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise PhoneError("Failed to convert request body")
    return value


def flag(text: str) -> bool:
    """`true` or `false`; raises `PhoneError`."""
    if text not in ("true", "false"):
        raise PhoneError(f"The string doesn't represent a boolean value: {text}")
    return text == "true"


def moment(text: str, default: float) -> float:
    """UNIX seconds; what is no time counts as not given, as in the app."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return default
    return moment.timestamp() if moment.tzinfo else default


def number(text: str, default: int) -> int:
    """A number in a query; what is none counts as not given."""
    return int(text) if text.isdecimal() and len(text) < 10 else default


def is_allowed(url: str) -> bool:
    """True for what a webhook may go to: TLS, or the phone itself."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname == "127.0.0.1")


def java_hash(text: str) -> int:
    """A text's hash as Java has it: of 32 bits, and signed."""
    found = 0
    units = text.encode("utf-16-be", "surrogatepass")
    for at in range(0, len(units), 2):
        found = (31 * found + int.from_bytes(units[at : at + 2])) & 0xFFFFFFFF
    return found - (1 << 32) if found >= 1 << 31 else found


def own_number(sender: str, at: str, sim: int, body: str) -> int:
    """What the app tells messages apart by: made of the content, of 32 bits, and signed."""
    content = f"{sender}|{at}|{sim}|{body}".encode("utf-8", "surrogatepass")
    found = zlib.crc32(content)
    return found - (1 << 32) if found >= 1 << 31 else found
