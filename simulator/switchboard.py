"""Calls under way: starting them, and reaching them from the API and from the phone."""

from __future__ import annotations

import asyncio
import logging

from simulator.behaviour import Voice
from simulator.call_runner import CallRunner
from simulator.carrier import Carrier
from simulator.line import HungUpError, Line, RedirectedError, Signal
from simulator.resources import CALL_ENDED, Call

MAX_CALLS = 1000
_log = logging.getLogger("simulator")


class Switchboard:
    """Every call under way has a task and a line here; it leaves when it ends."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._lines: dict[str, Line] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def full(self) -> bool:
        """Whether one more call would be too many (10004, call concurrency limit)."""
        return len(self._lines) >= MAX_CALLS

    def start(self, call: Call, voice: Voice | None = None) -> None:
        """Set a call going. The behaviour in force now goes for the whole call."""
        line = Line(voice or self._carrier.chaos.behaviour.voice)
        self._lines[call.sid] = line
        task = asyncio.create_task(CallRunner(self._carrier, call, line).run())
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._ended(call, done))

    def _ended(self, call: Call, task: asyncio.Task[None]) -> None:
        self._lines.pop(call.sid, None)
        self._tasks.discard(task)
        if task.cancelled() or task.exception() is None:
            return
        _log.error("call %s broke", call.sid, exc_info=task.exception())
        call.change("failed")
        self._carrier.changed(call)

    def signal(self, sid: str, signal: Signal) -> bool:
        """Something at the phone. False if there is no such call under way."""
        line = self._lines.get(sid)
        return line is not None and line.signal(signal)

    def hang_up(self, sid: str, state: str) -> bool:
        """End a call. False if there is no such call under way."""
        line = self._lines.get(sid)
        return line is not None and line.signal(HungUpError(state))

    def redirect(self, sid: str, redirected: RedirectedError) -> bool:
        """Give a call new instructions. False if there is no such call under way."""
        line = self._lines.get(sid)
        return line is not None and line.signal(redirected)

    def give_up_interrupted(self) -> None:
        """After a restart no line is left: calls that were under way have failed."""
        for entry in self._carrier.store.entries.values():
            if isinstance(entry, Call) and entry.state not in CALL_ENDED:
                entry.change("failed")
                self._carrier.store.save(entry)

    async def stop(self) -> None:
        """Cut every call."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
