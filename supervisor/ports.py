"""Ports of this machine: which are free."""

import errno
import os
import socket

from supervisor.errors import PortTakenError

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A TCP port of the loopback address that nobody used a moment ago."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


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
