"""Lines on the terminal: each whole, each with the name of who said it."""

import os
import sys
import threading
from typing import BinaryIO

COLOURS = ("36", "35", "34", "33", "32", "96", "95", "94")
RED, BOLD = "31", "1"
WIDTH = 10


class Output:
    """Writes lines from many threads without mixing them up.

    Colours only when the stream is a terminal and NO_COLOR is unset. When the reader has gone
    (`make run | head`) the lines are dropped, and the children go on undisturbed.
    """

    def __init__(self, stream: BinaryIO | None = None, *, colour: bool | None = None) -> None:
        self._stream = stream or sys.stdout.buffer
        self.colour = wants_colour(self._stream) if colour is None else colour
        self._lock = threading.Lock()
        self._colours: dict[str, str] = {}

    def line(self, name: str, text: bytes) -> None:
        """One line of a child, its own bytes unchanged."""
        prefix = self.paint(f"{name:>{WIDTH}} |", self._colour_of(name))
        self.raw(prefix.encode() + b" " + text.rstrip(b"\r\n") + b"\n")

    def say(self, text: str, *, alarm: bool = False) -> None:
        """A line of the supervisor itself."""
        shown = self.paint(text, RED) if alarm else text
        prefix = self.paint(f"{'careloop':>{WIDTH}} |", BOLD)
        self.raw(f"{prefix} {shown}\n".encode())

    def raw(self, content: bytes) -> None:
        """Write the bytes as one piece."""
        with self._lock:
            try:
                self._stream.write(content)
                self._stream.flush()
            except (BrokenPipeError, ValueError):
                pass

    def paint(self, text: str, code: str) -> str:
        """The text in a colour, where colours are wanted."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text

    def _colour_of(self, name: str) -> str:
        return self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])


def wants_colour(stream: BinaryIO) -> bool:
    """See https://no-color.org for NO_COLOR."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
