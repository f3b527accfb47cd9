"""What the phone page hears: server-sent events, each listener with a bounded queue."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

LISTENER_QUEUE = 500
HEARTBEAT_SECONDS = 15.0
MAX_LISTENERS = 50


class Events:
    """Fans events out. A listener that does not keep up is cut and reloads the ledger."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[str | None]] = set()
        self._closed = False

    def publish(self, event: str, data: dict[str, Any]) -> None:
        """Tell every listener; costs nothing while nobody listens."""
        if not self._listeners:
            return
        text = f"event: {event}\ndata: {json.dumps(data)}\n\n"
        for listener in tuple(self._listeners):
            if listener.qsize() >= LISTENER_QUEUE:
                self._listeners.discard(listener)
                listener.put_nowait(None)
            else:
                listener.put_nowait(text)

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed = True
        for listener in self._listeners:
            listener.put_nowait(None)

    def full(self) -> bool:
        """Whether one more listener would be too many."""
        return len(self._listeners) >= MAX_LISTENERS

    async def stream(self) -> AsyncIterator[str]:
        """The body of GET /simulator/events: `entry`, `call` and `reset` events, and heartbeats."""
        listener: asyncio.Queue[str | None] = asyncio.Queue()
        self._listeners.add(listener)
        try:
            yield "retry: 1000\n\n"
            while not self._closed:
                try:
                    text = await asyncio.wait_for(listener.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if text is None:
                    return
                yield text
        finally:
            self._listeners.discard(listener)
