"""Ports of this machine: which are free."""

import contextlib
import errno
import os
import secrets
import socket

from supervisor.errors import PortTakenError

LOOPBACK = "127.0.0.1"
FIRST, END = 20_000, 32_768
"""Where ports are looked for: below those that systems give to outgoing connections, one of which
may else take the port before somebody listens on it."""
MOST_TRIED = 1_000
_given: set[int] = set()


def free_port() -> int:
    """A TCP port that nobody uses at the moment; never the same twice in a process.

    Raises PortTakenError, of the last one tried, when none is found.
    """
    for _ in range(MOST_TRIED):
        port = FIRST + secrets.randbelow(END - FIRST)
        if port in _given:
            continue
        _given.add(port)
        with contextlib.suppress(PortTakenError):
            require_free(port)
            return port
    raise PortTakenError(port, _in_words(OSError(errno.EADDRINUSE, "")))


def require_free(port: int) -> None:
    """Raise PortTakenError unless we may listen on the port, on loopback and on every address."""
    for address in (LOOPBACK, "0.0.0.0"):  # noqa: S104 - a trial that never listens
        with socket.socket() as probe:
            # As servers do: a connection that is still closing down is no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                raise PortTakenError(port, _in_words(error)) from None


def _in_words(error: OSError) -> str:
    words = {errno.EADDRINUSE: "already in use", errno.EACCES: "not allowed for this user"}
    code = error.errno or 0
    return words.get(code, os.strerror(code))
