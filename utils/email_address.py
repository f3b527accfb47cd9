"""E-mail addresses: checked for shape and written one way."""

from __future__ import annotations

import re

# The shape that browsers accept for <input type=email> (HTML Living Standard), with a dot in the
# domain: `user@localhost` reaches no patient.
_SHAPE = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
LONGEST = 254


def normalise_email(text: str) -> str | None:
    """A lower-case address without spaces around it; None when it has not the shape of one."""
    folded = text.strip().lower()
    return folded if len(folded) <= LONGEST and _SHAPE.fullmatch(folded) else None
