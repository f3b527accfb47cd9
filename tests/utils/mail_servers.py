"""An SMTP server that keeps to a script, for what no honest server does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CUT, SILENCE = "cut", "silence"
MANNERS = {
    "greeting": "220 test",
    "EHLO": "250-test\r\n250 AUTH PLAIN LOGIN",
    "AUTH": "235 come in",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "text": "250 taken",
    "QUIT": "221 bye",
}


class ScriptedServer:
    """Answers each command from its script; `texts` are the mails that it got whole.

    What the script has as bytes is said as it stands, and then the connection ends.
    """

    def __init__(self, script: dict[str, str | bytes]) -> None:
        self.script = MANNERS | script
        self.texts: list[bytes] = []
        self.commands: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._over = threading.Event()

    def serve(self) -> None:
        while not self._over.is_set():
            with suppress(OSError):
                connection, _ = self._listener.accept()
                with connection, connection.makefile("rb") as lines:
                    self._talk(connection, lines)

    def _talk(self, connection: socket.socket, lines: Iterator[bytes]) -> None:
        if not self._reply(connection, "greeting"):
            return
        for line in lines:
            verb = line.split()[0].decode().upper()
            self.commands.append(verb)
            if verb == "STARTTLS":
                return
            if not self._reply(connection, verb):
                return
            if verb == "DATA" and self.script["DATA"] == MANNERS["DATA"]:
                text = b""
                for part in lines:
                    if part == b".\r\n":
                        break
                    text += part
                self.texts.append(text)
                if not self._reply(connection, "text"):
                    return

    def _reply(self, connection: socket.socket, verb: str) -> bool:
        said = self.script.get(verb, "502 unknown")
        if isinstance(said, bytes):
            connection.sendall(said)
            return False
        if said == SILENCE:
            self._over.wait(5)
        if said in (CUT, SILENCE):
            return False
        connection.sendall(said.encode() + b"\r\n")
        return True

    def close(self) -> None:
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def scripted(**script: str | bytes) -> Iterator[ScriptedServer]:
    server = ScriptedServer(script)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(6)
