"""A phone's messages as its own API shows them, and as a server before it does.

A server keeps hashes alone of what a phone has taken (`HashProcessed` in its `repository.go`).
"""

from __future__ import annotations

import hashlib
from typing import Any

from starlette.requests import Request

from simulator.resources import PhoneMessage
from simulator.settings import Phone

SERVER = "/3rdparty/v1"
"""What stands between a server's address and its resources."""


def by_server(request: Request) -> bool:
    """True when a server is asked, not the phone itself."""
    return SERVER in request.url.path


def as_json(
    phone: Phone, copies: list[PhoneMessage], *, content: bool, server: bool
) -> dict[str, Any]:
    """A message with its recipients."""
    first, state = copies[0], _state([copy.state for copy in copies])
    hashed = server and state not in ("Pending", "Cancelling")
    shown = {
        "id": first.own_id,
        "deviceId": phone.device_id,
        "state": state,
        "isHashed": hashed,
        "isEncrypted": False,
        "recipients": [
            {"phoneNumber": _sha256(copy.to)[:16] if hashed else copy.to, "state": copy.state}
            | ({"error": copy.reason} if copy.reason else {})
            for copy in copies
        ],
        "states": first.states,
    }
    if not content:
        return shown
    if hashed:
        return shown | {"hashedMessage": {"hash": _sha256(first.body)}}
    return shown | {"textMessage": {"text": first.body}}


def _state(states: list[str]) -> str:
    """That of the whole message, as `MessageWithRecipients.kt` has it."""
    for state in ("Pending", "Cancelling", "Cancelled", "Processed"):
        if state in states:
            return state
    return states[0] if len(set(states)) == 1 else "Sent"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
