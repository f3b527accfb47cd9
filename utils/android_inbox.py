"""The list of what came in that a phone's gateway keeps, read into what it told us by webhook.

List and events show an SMS under two writings of one number: `text:-7` is what the event calls
`fffffff9` (the app's `IncomingMessagesService.kt`, `ReceiverService.kt`). Sender, time and text are
the same in both. Of something attached (MMS) the list has a number that is made of the carrier's
name for it, which the event tells: `mms-header:-7`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from utils.senders import Received

_NAME = re.compile(r"(text|mms-header):(-?\d{1,10})")
_NO_SUBJECT = "MMS notification"


def received(rows: Iterable[Any], sim: int | None) -> list[Received]:
    """The SMS and MMS of a list, as the events name them.

    `sim`: of this SIM alone, where the phone has more than one; what the phone cannot tell the SIM
    of is left out then, as it may be the other's.
    """
    found = (_received(row) for row in rows if sim is None or _sim(row) == sim)
    return [one for one in found if one is not None]


def _sim(row: Any) -> object:
    return row.get("simNumber") if isinstance(row, dict) else None


def _received(row: Any) -> Received | None:
    """One message; None for what is none, or is told twice (an MMS that was fetched later)."""
    if not isinstance(row, dict):
        return None
    own, sender, text = (row.get(name) for name in ("id", "sender", "contentPreview"))
    name = _NAME.fullmatch(own) if isinstance(own, str) else None
    at = _moment(row.get("createdAt"))
    if name is None or at is None or not isinstance(sender, str) or not isinstance(text, str):
        return None
    number, sender = f"{int(name[2]) & 0xFFFFFFFF:x}", sender.strip()
    if name[1] == "text":
        return Received(number, sender, text, 0, at)
    return Received(_picture(number), sender, "" if text == _NO_SUBJECT else text, 1, at)


def picture_name(transaction: str) -> str:
    """What the list calls an MMS by, of the carrier's own name for it: Java's hash of a text."""
    units = transaction.encode("utf-16-be", "surrogatepass")
    number = 0
    for high, low in zip(units[::2], units[1::2], strict=True):
        number = (31 * number + (high << 8) + low) & 0xFFFFFFFF
    return _picture(f"{number:x}")


def _picture(number: str) -> str:
    return f"mms:{number}"


def _moment(told: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None
