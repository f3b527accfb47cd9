"""A connection that hears what is notified: LISTEN belongs to a connection, not to a session."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Engine

_CHANNEL = re.compile(r"[a-z_]{1,40}")


def listening_connection(engine: Engine, channel: str) -> Any:
    """A psycopg2 connection of one's own, taken out of the pool, that listens to `channel`.

    Wait for it with `select`, then `poll` it and read its `notifies`. Whoever takes it closes it.
    """
    if not _CHANNEL.fullmatch(channel):
        raise ValueError("a channel is small letters and underscores")
    pooled = engine.raw_connection()
    connection: Any = pooled.driver_connection
    pooled.detach()
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"listen {channel}")
    return connection
