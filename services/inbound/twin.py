"""What an Android phone itself tells two messages apart by, whichever way it tells of them.

A phone's events have ids of their own: registered twice, they bring a message twice, and its list
shows none of them. Who wrote what, when, and the number that the phone makes of that, are the same
in all.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

from models.establishment import Sender
from utils.crypto import get_blind_index

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What a phone's own store and its JSON do not bring back alike: signs that are none, or end a text.
_UNSURE = re.compile("[?\ufffd\ud800-\udfff]|\0.*", re.DOTALL)


def twin_of(sender: Sender, from_: str, message_id: str, at: datetime, text: str) -> str:
    """The second name of a message to a sender: a keyed hash, from which nothing can be read."""
    milliseconds = (at - _EPOCH) // timedelta(milliseconds=1)
    parts = json.dumps([sender.id, from_, message_id, milliseconds, _UNSURE.sub("", text)])
    return get_blind_index().of("android.message", parts, sender.establishment_id).hex()
