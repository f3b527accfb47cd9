"""The words of *SMS Gateway for Android* for what became of a message, in those that we use.

Its states and the reasons it gives stand in its source (`MessagesService.kt`, release of July 2026)
and in https://docs.sms-gate.app/features/status-tracking/. A reason is a sentence for people: what
we keep of it is a short code, which never holds a number or a text.
"""

from __future__ import annotations

import re

_WORDS = {
    "Pending": "queued",
    "Cancelling": "queued",
    "Processed": "sending",
    "Sent": "sent",
    "Delivered": "delivered",
    "Cancelled": "canceled",
}
_SENTENCES = (
    ("TTL expired", "ttl_expired"),
    ("Invalid phone number", "invalid_number"),
    ("No SIMs found", "no_sim"),
    ("permission", "no_permission"),
)
_RESULT = re.compile(r"RESULT_(?:ERROR_)?([A-Z][A-Z_]*[A-Z])")
_REPORT = re.compile(r"^Delivery result.*?(\d{1,3})$")
_NO_SIM = re.compile(r"SIM \d+ not found")
LONGEST_CODE = 24
"""What the columns for a provider's code hold."""


def word_of(state: str, reason: str | None = None) -> tuple[str, str | None]:
    """The word for a state, and the code of a failure; a state that we do not know stays as it is.

    The phone says `Failed` of what never left it and of what the network later reported as not
    delivered: the reason tells them apart.
    """
    if state != "Failed":
        return _WORDS.get(state, state), None
    text = reason or ""
    word = "undelivered" if text.startswith("Delivery result") else "failed"
    return word, failure_code(text)


def failure_code(reason: str) -> str:
    """A short code for the reason of a failure."""
    if found := _RESULT.search(reason):
        return found[1].lower()[:LONGEST_CODE]
    if found := _REPORT.match(reason.strip()):
        return f"report_{found[1]}"
    if _NO_SIM.search(reason):
        return "no_sim"
    return next((code for sentence, code in _SENTENCES if sentence in reason), "unnamed")
