"""A service under test's stand-in: keeps every request made to it, answers what it is told."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Received:
    """One request: `url` is whole, `form` what was posted."""

    method: str
    url: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    form: dict[str, str]
    body: bytes


class Service:
    """Answers by path; the default is an empty 204."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: dict[str, list[tuple[int, str, bytes]]] = {}
        self.turn = 0  # in a path it tells this test's requests from the last one's late ones
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, args=(0.05,), daemon=True)

    def __enter__(self) -> Service:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def reset(self) -> None:
        with self._lock:
            self.received.clear()
            self.answers.clear()
            self.turn += 1

    def answer(self, path: str, *bodies: str, kind: str = "text/xml", status: int = 200) -> None:
        """Give these answers in turn, the last one for ever."""
        self.answers[path] = [(status, kind, body.encode()) for body in bodies]

    def take(self, request: Received) -> tuple[int, str, bytes]:
        with self._lock:
            self.received.append(request)
            answers = self.answers.get(request.path)
            if not answers:
                return 204, "", b""
            return answers.pop(0) if len(answers) > 1 else answers[0]

    def at(self, path: str) -> list[Received]:
        with self._lock:
            return [request for request in self.received if request.path == path]


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet per answer

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            self._take(self.rfile.read(length))

        def do_GET(self) -> None:
            self._take(b"")

        def _take(self, body: bytes) -> None:
            parts = urlsplit(self.path)
            is_form = "form-urlencoded" in self.headers.get("Content-Type", "")
            form = dict(parse_qsl(body.decode(), keep_blank_values=True)) if is_form else {}
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            received = Received(
                method=self.command,
                url=service.url(self.path),
                path=parts.path,
                query=query,
                headers=dict(self.headers),
                form=form,
                body=body,
            )
            status, kind, answer = service.take(received)
            self.send_response(status)
            if kind:
                self.send_header("Content-Type", kind)
            if status != 204:
                self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler
