"""A telephone line: what the person at the other end does, and waiting for it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from simulator.behaviour import Voice
from simulator.twiml import Verb

MAX_SIGNALS = 200


class HungUpError(Exception):
    """The person, or the API, ended the call. `state` is the call's last one."""

    def __init__(self, state: str = "completed") -> None:
        self.state = state
        super().__init__(state)


class RedirectedError(Exception):
    """The API gave the call new instructions."""

    def __init__(self, verbs: list[Verb] | None, url: str, method: str) -> None:
        self.verbs, self.url, self.method = verbs, url, method
        super().__init__(url)


@dataclass(slots=True, frozen=True)
class Signal:
    """Something from the phone: answer, decline, digit, speaking (has begun), speech.

    `last`: the person hung up right after saying it.
    """

    kind: str
    value: str = ""
    seconds: int = 0
    last: bool = False


class Line:
    """One call's line. Every wait goes through `listen`, so that a hang-up always works."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice
        self._signals: asyncio.Queue[Signal | HungUpError | RedirectedError] = asyncio.Queue()
        self._digits = iter(voice.digits)
        self._speech = iter(voice.speak)

    @property
    def automatic(self) -> bool:
        """Whether nobody at the page is needed."""
        return self.voice.answer != "manual"

    def signal(self, signal: Signal | HungUpError | RedirectedError) -> bool:
        """Something happened at the phone or at the API. False if too much is waiting already."""
        if self._signals.qsize() >= MAX_SIGNALS:
            return False
        self._signals.put_nowait(signal)
        return True

    async def listen(self, seconds: float) -> Signal | None:
        """The next signal, or None when the time (in call seconds, scaled by the pace) is over.

        Raises `HungUpError` and `RedirectedError`.
        """
        signal: Signal | HungUpError | RedirectedError | None
        try:
            async with asyncio.timeout(seconds * self.voice.pace):
                signal = await self._signals.get()
        except TimeoutError:
            signal = None if self._signals.empty() else self._signals.get_nowait()
        if isinstance(signal, Exception):
            raise signal
        return signal

    async def sleep(self, seconds: float) -> None:
        """Let time pass in the call; keys pressed meanwhile are lost, as on a real line."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds * self.voice.pace
        for _ in range(MAX_SIGNALS):
            left = end - loop.time()
            if await self.listen(max(left, 0) / (self.voice.pace or 1)) is None:
                return

    def script_digits(self) -> str:
        """What an automatic person keys into the next Gather."""
        return next(self._digits, "") if self.automatic else ""

    def script_speech(self) -> str:
        """What an automatic person says into the next Record."""
        return next(self._speech, "") if self.automatic else ""
