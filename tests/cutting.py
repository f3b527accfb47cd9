"""A link that breaks: relays TCP and cuts each connection after some bytes, or some seconds."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
import time
from collections.abc import Iterator

PIECE = 1024
REQUESTS = (b"GET ", b"HEAD ", b"POST ", b"PATCH ")


class CuttingLink:
    """Relays to a port; each connection gets through at most some bytes, drawn from a seed.

    While it is `down` nothing gets through at all. `rate` (bytes a second, each way) and `latency`
    (seconds, before each request) make it slow; with `lasts` no connection lives longer than so
    many seconds.
    """

    def __init__(self, target: int, seed: int, at_most: int) -> None:
        self.cuts = 0
        self._target = target
        self._dice = random.Random(seed)
        self.at_most = at_most
        self.down = False
        self.rate: float | None = None
        self.latency = 0.0
        self.lasts: float | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.down:
                _reset(client)
                continue
            server = socket.create_connection(("127.0.0.1", self._target))
            limit = self._dice.randrange(200, self.at_most)
            if self.lasts is not None:
                timer = threading.Timer(self.lasts, self._cut, (client,))
                timer.daemon = True
                timer.start()
            threading.Thread(target=self._relay, args=(client, server, limit), daemon=True).start()
            threading.Thread(target=self._back, args=(server, client), daemon=True).start()

    def _relay(self, client: socket.socket, server: socket.socket, limit: int) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(min(PIECE, limit)):
                if self.down:
                    _reset(client)
                    break
                self._pace(data, self.latency if data.startswith(REQUESTS) else 0.0)
                server.sendall(data)
                limit -= len(data)
                if limit <= 0:
                    self._cut(client)
                    break
        _shut(server)

    def _cut(self, client: socket.socket) -> None:
        if client.fileno() >= 0:  # not ended by itself
            self.cuts += 1
            _reset(client)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(PIECE):
                self._pace(data, 0.0)
                client.sendall(data)
        _shut(client)

    def _pace(self, data: bytes, latency: float) -> None:
        if self.rate is not None:
            time.sleep(latency + len(data) / self.rate)


def _reset(connection: socket.socket) -> None:
    """Close without a word, as a network does that has gone."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextlib.contextmanager
def cutting_link(target: int, *, seed: int, at_most: int) -> Iterator[CuttingLink]:
    """A link to a local port that lets fewer than `at_most` bytes through on each connection."""
    link = CuttingLink(target, seed, at_most)
    try:
        yield link
    finally:
        link.close()
