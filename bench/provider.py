"""A stand-in for Twilio that answers every message after a set time, in a process of its own.

It is here to be no bottleneck: plain asyncio protocols, no framework, no state. When each message
came in, and whose it was (from its status callback), goes into a file. The simulator is the
faithful carrier; this is the fast one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import re
import signal
import struct
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import uvloop

from bench.stack import Stack, started
from supervisor.ports import free_port

_ARRIVAL = struct.Struct("dq")  # Unix seconds, delivery
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_DELIVERY = re.compile(rb"delivery%3D\d+\.(\d+)")
_SID, _NO_SID = b"SM%032x", b"SM" + b"@" * 32
_NAMED = json.dumps(
    {
        "account_sid": "AC" + "0" * 32, "api_version": "2010-04-01", "body": "Rappel",
        "date_created": "Tue, 03 Mar 2026 09:00:00 +0000", "date_sent": None,
        "date_updated": "Tue, 03 Mar 2026 09:00:00 +0000", "direction": "outbound-api",
        "error_code": None, "error_message": None, "from": "+15005550006",
        "messaging_service_sid": None, "num_media": "0", "num_segments": "1", "price": None,
        "price_unit": "USD", "sid": "SM@", "status": "queued",
        "subresource_uris": {"media": "/2010-04-01/Accounts/AC/Messages/SM@/Media.json"},
        "to": "+237650000001", "uri": "/2010-04-01/Accounts/AC/Messages/SM@.json",
    }
).replace("SM@", "SM" + "@" * 32).encode()  # fmt: skip
_HEAD = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_ANSWER = (_HEAD % len(_NAMED)) + _NAMED
_numbers = itertools.count(1)


class _Connection(asyncio.Protocol):
    """One kept-alive connection: a request, a wait, an answer."""

    def __init__(self, seconds: float, arrivals: list[bytes]) -> None:
        self._seconds = seconds
        self._arrivals = arrivals
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not separator or length is None or len(body) < int(length[1]):
            return
        whose = _DELIVERY.search(body)
        self._arrivals.append(_ARRIVAL.pack(time.time(), int(whose[1]) if whose else 0))
        self._received = b""
        asyncio.get_running_loop().call_later(self._seconds, self._answer)

    def _answer(self) -> None:
        if self._transport is None:
            return
        self._transport.write(_ANSWER.replace(_NO_SID, _SID % next(_numbers)))


async def _serve(port: int, seconds: float, path: Path) -> None:
    arrivals: list[bytes] = []
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    server = await loop.create_server(lambda: _Connection(seconds, arrivals), "127.0.0.1", port)
    async with server:
        await ended.wait()
    path.write_bytes(b"".join(arrivals))


@contextlib.contextmanager
def slow_provider(stack: Stack, seconds: float) -> Iterator[tuple[dict[str, str], Path]]:
    """Run one; gives the settings that lead there, and the file that is there once it has ended."""
    port, path = free_port(), stack.folder / f"arrivals-{uuid.uuid4().hex}"
    command = [sys.executable, "-m", "bench.provider", str(port), str(seconds), str(path)]
    with started(command, stack.env, subprocess.DEVNULL):
        yield {"TWILIO_API_URL": f"http://127.0.0.1:{port}"}, path


def arrivals(path: Path) -> list[tuple[float, int]]:
    """When each message arrived (Unix seconds), and whose it was."""
    return list(_ARRIVAL.iter_unpack(path.read_bytes()))


def main() -> None:
    """Serve until SIGTERM."""
    options = argparse.ArgumentParser(prog="python -m bench.provider")
    options.add_argument("port", type=int)
    options.add_argument("seconds", type=float)
    options.add_argument("path", type=Path)
    wanted = options.parse_args()
    uvloop.run(_serve(wanted.port, wanted.seconds, wanted.path))


if __name__ == "__main__":
    main()
