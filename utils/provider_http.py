"""HTTP to a provider, one request at a time, telling what left this machine from what may have.

The providers' libraries hide that difference, and `Retry-After` with it. They take an HTTP client
of one's own, so theirs are thin shells around this one.
"""

from __future__ import annotations

import http.client
import io
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, cast

import urllib3

from utils.lease import awake, insist

CONNECT_SECONDS = 5.0

REST_SECONDS = 4.0
"""A connection that rested longer is made anew. What is sent on one that the other end is closing,
or that a gateway in between has forgotten, may have left for all we know, so it is not sent again:
a message lost for want of a handshake. Why four: docs/decisions/0043."""

WAITS_PER_ANSWER = 3
"""A long list on a thin link takes several waits; one that drips would hold a place for ever."""
MOST_BYTES = 32 * 1024 * 1024
"""Of one answer: several times the longest list that is asked for."""

LONGEST_RETRY_AFTER = 3600.0
"""Seconds; what tells us to come again later than that is not believed."""


class DidNotLeave(Exception):
    """No connection was made, so nothing left this machine."""


class MayHaveLeft(Exception):
    """The connection broke or timed out after the request may have left, or the answer was 5xx."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Throttled(Exception):
    """The provider said 429. `retry_after` is in seconds, None when it did not say."""

    def __init__(self, retry_after: float | None) -> None:
        super().__init__("429")
        self.retry_after = retry_after


class _Together:
    """A connection that sends a request's head with the first of its body: one write, one packet.

    So nothing of a request leaves before its body is asked for, and with many threads the write
    that is saved is a wait for the interpreter, too. It connects before that, as it always did.
    """

    sock: Any
    _held = b""
    _holds = False

    def endheaders(self, message_body: Any = None, *, encode_chunked: bool = False) -> None:
        """The head is complete: it waits for what comes after it."""
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]
        self._holds = True
        super().endheaders(message_body, encode_chunked=encode_chunked)  # type: ignore[misc]

    def send(self, data: Any) -> None:
        """Send, behind what has waited."""
        if self._holds:
            self._held, self._holds = data, False
            return
        held, self._held = self._held, b""
        super().send(held + data)  # type: ignore[misc]

    def request(self, *args: Any, **options: Any) -> None:
        """A whole request; one without a body is its head."""
        super().request(*args, **options)  # type: ignore[misc]
        if self._held:
            self.send(b"")

    def close(self) -> None:
        """Forget what was not sent."""
        self._held, self._holds = b"", False
        super().close()  # type: ignore[misc]


class _Fresh:
    """A connection that counts as dropped once it has rested, so the pool makes it anew.

    It rests while the machine sleeps, too.
    """

    _answered = 0.0

    @property
    def is_connected(self) -> bool:
        rested = awake() - self._answered
        return rested < REST_SECONDS and bool(super().is_connected)  # type: ignore[misc]

    def getresponse(self) -> Any:
        """The answer to a request; from here on it rests."""
        answer = super().getresponse()  # type: ignore[misc]
        self._answered = awake()
        return answer


class _Reader(io.RawIOBase):
    """The bytes of one answer: so many at most, and all of them by a set time."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        super().__init__()
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._ends = awake() + seconds
        self._room = MOST_BYTES

    def readable(self) -> bool:
        """For the buffer around it."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Wait for the next piece for as long as one may wait, and never past the end."""
        left = self._ends - awake()
        if left <= 0:
            raise TimeoutError
        if self._room <= 0:
            raise OSError("too long")
        self._sock.settimeout(min(left, self._sock.gettimeout() or left))
        count = self._raw.readinto(buffer)
        self._room -= count or 0
        return count

    def close(self) -> None:
        """Let go of the connection."""
        self._raw.close()
        super().close()


class _Source:
    """What `http.client` makes its file of."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, _mode: str) -> io.BufferedReader:
        """The file that an answer is read from."""
        seconds = WAITS_PER_ANSWER * (self._sock.gettimeout() or CONNECT_SECONDS)
        return io.BufferedReader(_Reader(self._sock, seconds))


def _bounded_answer(sock: socket.socket, **options: Any) -> http.client.HTTPResponse:
    """An answer that is about to be read, as a connection asks `http.client` for it."""
    return http.client.HTTPResponse(cast(socket.socket, _Source(sock)), **options)


class _Bounded:
    """A connection whose answers end some time: each wait has its bound, and all of them one."""

    response_class: Any = staticmethod(_bounded_answer)


class _Connection(_Together, _Fresh, _Bounded, urllib3.connection.HTTPConnection):
    pass


class _SecureConnection(_Together, _Fresh, _Bounded, urllib3.connection.HTTPSConnection):
    pass


class _Connections(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecureConnections(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class ProviderHttp:
    """A bounded, thread-safe pool. Every wait is at most `timeout` seconds; nothing is repeated.

    A whole answer takes at most `WAITS_PER_ANSWER` times as long, however it comes in.
    """

    def __init__(self, timeout: float, connections: int) -> None:
        self._pool = urllib3.PoolManager(
            maxsize=connections,
            block=False,
            retries=False,
            timeout=urllib3.Timeout(connect=min(timeout, CONNECT_SECONDS), read=timeout),
        )
        self._pool.pool_classes_by_scheme = {"http": _Connections, "https": _SecureConnections}
        self._hosts: dict[str, urllib3.HTTPConnectionPool] = {}

    def request(
        self, method: str, url: str, body: bytes | None, headers: dict[str, str]
    ) -> urllib3.BaseHTTPResponse:
        """One request; raises this module's errors for everything but an answer below 500.

        Raises `LeaseOver` when the work is no longer this process's (`utils/lease.py`).

        Whatever breaks before the first byte of the body was asked for (no connection, no TLS, a
        cut among the headers) cannot have been carried out: the request was not whole.
        """
        sent, body_began = dict(headers), False

        def telling(content: bytes) -> Iterator[bytes]:
            nonlocal body_began
            insist()  # a provider acts on a whole request only: this is the last moment
            body_began = True
            yield content

        if body is not None:
            sent["Content-Length"] = str(len(body))
        content = None if body is None else telling(body)
        try:
            answer = self._connections_to(url).urlopen(
                method, _target(url), body=content, headers=sent, redirect=False, retries=False
            )
        except urllib3.exceptions.HTTPError as error:
            if body is not None and not body_began:
                raise DidNotLeave from None
            slow = isinstance(error, urllib3.exceptions.TimeoutError)
            raise MayHaveLeft("timeout" if slow else "cut") from None
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            said = answer.headers
            raise Throttled(_seconds(said.get("Retry-After"), said.get("Date")))
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise MayHaveLeft(str(answer.status))
        return answer

    def _connections_to(self, url: str) -> urllib3.HTTPConnectionPool:
        """The connections to a URL's host: found without the manager, which would parse, merge
        and normalise at every request what is the same each time (a fifth of its cost)."""
        host = url.split("/", 3)[:3]
        known = self._hosts.get("/".join(host))
        if known is None:
            known = self._hosts["/".join(host)] = self._pool.connection_from_url(url)
        return known


def _target(url: str) -> str:
    """Path and query of an absolute URL."""
    _, _, _, *rest = url.split("/", 3)
    return "/" + "".join(rest)


def _seconds(retry_after: str | None, date: str | None) -> float | None:
    """What `Retry-After` says (RFC 9110, 10.2.3): seconds, or a time, which is by their clock."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdecimal():
        return min(float(retry_after), LONGEST_RETRY_AFTER)
    until = http_date(retry_after)
    if until is None:
        return None
    now = http_date(date) or datetime.now(UTC)
    return min(max(0.0, (until - now).total_seconds()), LONGEST_RETRY_AFTER)


def http_date(text: str | None) -> datetime | None:
    """A time in a header; None for what is none."""
    try:
        moment = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None  # without a zone it is no GMT, as HTTP has it
