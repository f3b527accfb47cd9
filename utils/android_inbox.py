"""The list of what came in that a phone's gateway keeps, read into what it told us by webhook.

List and events show a message under two writings of one number: `text:-7` is what the event calls
`fffffff9` (the app's `IncomingMessagesService.kt`, `ReceiverService.kt`). Sender, time and text are
the same in both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from utils.senders import Received

_TEXT = re.compile(r"text:(-?\d{1,10})")


def received(rows: Iterable[Any], sim: int | None) -> list[Received]:
    """The SMS of a list, as the events name them.

    `sim`: of this SIM alone, where the phone has more than one; what the phone cannot tell the SIM
    of is left out then, as it may be the other's.
    """
    found = (_received(row) for row in rows if sim is None or _sim(row) == sim)
    return [one for one in found if one is not None]


def _sim(row: Any) -> object:
    return row.get("simNumber") if isinstance(row, dict) else None


def _received(row: Any) -> Received | None:
    """One message; None for what is no SMS."""
    if not isinstance(row, dict):
        return None
    own, sender, text = (row.get(name) for name in ("id", "sender", "contentPreview"))
    number = _TEXT.fullmatch(own) if isinstance(own, str) else None
    at = _moment(row.get("createdAt"))
    if number is None or at is None or not isinstance(sender, str) or not isinstance(text, str):
        return None
    return Received(f"{int(number[1]) & 0xFFFFFFFF:x}", sender.strip(), text, 0, at)


def _moment(told: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None
