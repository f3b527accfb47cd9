"""Requests that the carrier makes to the service: bounded in number and in time."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3

from simulator.resources import iso
from simulator.signature import twilio_signature

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0  # Twilio's own limit for a webhook
MAX_ANSWER_BYTES = 1_048_576
QUEUE_LENGTH = 50_000
SENDERS = 16


@dataclass(slots=True, frozen=True)
class Answer:
    """What the service said. `status` 0 means that it did not answer; `error` says why."""

    status: int
    body: bytes = b""
    content_type: str = ""
    error: str = ""


@dataclass(slots=True, frozen=True)
class Posting:
    """A request waiting to be sent; the answer to it is only noted.

    `sign` makes headers for the body in the moment in which it leaves. Without a 2xx it is sent
    again until `tries` are used up, first after `wait` seconds, then after twice as long each time.
    """

    what: str
    url: str
    params: Mapping[str, str]
    method: str = "POST"
    body: bytes | None = None
    headers: Mapping[str, str] | None = None
    sign: Callable[[bytes], Mapping[str, str]] | None = None
    tries: int = 1
    wait: float = 0.0


class Outbox:
    """Sends callbacks from a bounded queue, and webhooks whose answer somebody waits for.

    Nothing is retried that does not say so: Twilio does not repeat a message's webhook either.
    """

    def __init__(self, auth_token: str) -> None:
        self._auth_token = auth_token
        self._queue: asyncio.Queue[Posting] = asyncio.Queue(QUEUE_LENGTH)
        self._threads = ThreadPoolExecutor(SENDERS * 2, thread_name_prefix="outbox")
        self._http = urllib3.PoolManager(maxsize=SENDERS * 2, retries=False)
        self._tasks: list[asyncio.Task[None]] = []
        self.log: deque[dict[str, Any]] = deque(maxlen=1000)
        self.dropped = 0
        self._later = 0

    def start(self) -> None:
        """Start the senders; needs a running event loop."""
        self._tasks = [asyncio.create_task(self._send_for_ever()) for _ in range(SENDERS)]

    async def stop(self) -> None:
        """Drop what is queued; what is under way ends by its own time-out."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._http.clear()

    def put(self, posting: Posting) -> None:
        """Queue a callback. A full queue loses it, and `dropped` counts that."""
        try:
            self._queue.put_nowait(posting)
        except asyncio.QueueFull:
            self.dropped += 1

    def put_later(self, posting: Posting, seconds: float) -> None:
        """Queue a callback after a while; as many may wait for that as the queue is long."""
        if self._later >= QUEUE_LENGTH:
            self.dropped += 1
            return
        self._later += 1
        asyncio.get_running_loop().call_later(seconds, self._put_now, posting)

    def _put_now(self, posting: Posting) -> None:
        self._later -= 1
        self.put(posting)

    async def ask(
        self, what: str, url: str, params: Mapping[str, str], method: str = "POST"
    ) -> Answer:
        """Make a signed Twilio webhook request and wait for its answer."""
        return await self._send(Posting(what, url, params, method))

    async def tell(self, posting: Posting) -> Answer:
        """Send a callback now and wait for its answer; what fails is repeated as it says."""
        answer = await self._send(posting)
        if posting.tries > 1 and not 200 <= answer.status < 300:
            again = replace(posting, tries=posting.tries - 1, wait=posting.wait * 2)
            self.put_later(again, posting.wait)
        return answer

    async def _send_for_ever(self) -> None:
        while True:
            await self.tell(await self._queue.get())

    async def _send(self, posting: Posting) -> Answer:
        started = time.time()
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._threads, self._request, posting)
        self.log.append(
            {
                "time": iso(started),
                "what": posting.what,
                "method": posting.method,
                "url": posting.url,
                "params": dict(posting.params)
                if posting.body is None
                else json.loads(posting.body),
                "status": answer.status,
                "error": answer.error,
                "ms": round((time.time() - started) * 1000),
            }
        )
        return answer

    def _request(self, posting: Posting) -> Answer:
        """Runs in a thread."""
        url, body, headers = posting.url, posting.body, dict(posting.headers or {})
        try:
            if body is None:
                url, body, headers = self._signed(posting)
            elif posting.sign is not None:
                headers |= posting.sign(body)
            response = self._http.request(
                posting.method,
                url,
                body=body,
                headers=headers,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
                redirect=False,
                preload_content=False,
            )
            with response:
                data = response.read(MAX_ANSWER_BYTES)
                response.drain_conn()
            return Answer(response.status, data, response.headers.get("Content-Type", ""))
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            return Answer(0, error=f"{type(error).__name__}: {error}")

    def _signed(self, posting: Posting) -> tuple[str, bytes | None, dict[str, str]]:
        headers = {"User-Agent": "TwilioProxy/1.1", "Accept": "*/*"}
        if posting.method == "GET":
            url = with_query(posting.url, posting.params)
            headers["X-Twilio-Signature"] = twilio_signature(self._auth_token, url, {})
            return url, None, headers
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        headers["X-Twilio-Signature"] = twilio_signature(
            self._auth_token, posting.url, posting.params
        )
        return posting.url, urlencode(posting.params).encode(), headers


def with_query(url: str, params: Mapping[str, str]) -> str:
    """Append parameters to whatever query the URL has."""
    separator = "&" if urlsplit(url).query else "?"
    return f"{url}{separator}{urlencode(params)}"


def is_web_url(url: str) -> bool:
    """Whether Twilio would take this as a URL to call: http(s) with a host, no underscore in it."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and "_" not in host
