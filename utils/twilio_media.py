"""What people attach to a message, as the provider keeps it: listed, fetched, deleted.

The provider answers a request for a piece with a redirect to a store of its own, at an address
that is signed and good for a while: our credentials go to the provider and never there.
Source: https://www.twilio.com/docs/messaging/api/media-resource.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import quote, urljoin, urlsplit

import urllib3
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from config.settings import TwilioSettings
from utils.provider_http import CONNECT_SECONDS, DidNotLeave, MayHaveLeft, Throttled
from utils.twilio_client import KeptAliveHttpClient
from utils.twilio_recordings import (
    API,
    Fetched,
    RecordingGone,
    RecordingsAway,
    read_bounded,
)

MOST_LISTED = 10
_MOVED = {HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND, HTTPStatus.TEMPORARY_REDIRECT,
          HTTPStatus.SEE_OTHER, HTTPStatus.PERMANENT_REDIRECT}  # fmt: skip
_GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
_NO_ANSWER = (DidNotLeave, MayHaveLeft, Throttled, TwilioException)


class Attached(NamedTuple):
    """A piece in the provider's list."""

    provider_id: str
    content_type: str


class TwilioMedia:
    """What is attached to the messages of one account. Thread-safe; every wait is bounded."""

    def __init__(self, settings: TwilioSettings, connections: int = 4) -> None:
        token = settings.auth_token.get_secret_value()
        self._client = Client(
            settings.account_sid, token, http_client=KeptAliveHttpClient(settings, connections)
        )
        self._base = f"{settings.api_url or API}/2010-04-01/Accounts/{settings.account_sid}"
        self._headers = urllib3.make_headers(basic_auth=f"{settings.account_sid}:{token}")
        self._pool = urllib3.PoolManager(
            maxsize=connections,
            retries=False,
            timeout=urllib3.Timeout(
                connect=min(settings.timeout, CONNECT_SECONDS), read=settings.timeout
            ),
        )

    def attached(self, message: str) -> Sequence[Attached]:
        """What is attached to a message; raises `RecordingsAway`."""
        try:
            found = self._client.messages(message).media.list(limit=MOST_LISTED)
        except TwilioRestException as error:
            if error.status in _GONE:
                return []
            raise RecordingsAway from error
        except _NO_ANSWER as error:
            raise RecordingsAway from error
        return [Attached(str(one.sid), str(one.content_type or "")) for one in found]

    def fetch(self, message: str, piece: str, most_bytes: int, seconds: float) -> Fetched:
        """A piece, at most so many bytes, within so many seconds.

        Raises `RecordingGone` or `RecordingsAway`.
        """
        deadline = time.monotonic() + seconds
        names = quote(message, safe=""), quote(piece, safe="")  # as somebody has told us
        url = f"{self._base}/Messages/{names[0]}/Media/{names[1]}"
        try:
            answer = self._ask(url, self._headers)
            if answer.status in _MOVED:
                elsewhere = self._elsewhere(url, answer.headers.get("Location", ""))
                answer.close()
                answer = self._ask(elsewhere, {})
            with answer:
                if answer.status in _GONE:
                    raise RecordingGone
                if answer.status != HTTPStatus.OK:
                    raise RecordingsAway
                return read_bounded(answer, most_bytes, deadline)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise RecordingsAway from error

    def _ask(self, url: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        return self._pool.request(
            "GET", url, headers=headers, preload_content=False, redirect=False
        )

    def _elsewhere(self, url: str, location: str) -> str:
        """Where the provider keeps it. As secure as the provider's own address, and only once."""
        elsewhere = urljoin(url, location)
        if not location or urlsplit(elsewhere).scheme != urlsplit(url).scheme:
            raise RecordingsAway
        return elsewhere

    def delete(self, message: str, piece: str) -> None:
        """Have the provider forget a piece; one that is gone already is as good.

        Raises `RecordingsAway`.
        """
        try:
            self._client.messages(message).media(piece).delete()
        except TwilioRestException as error:
            if error.status not in _GONE:
                raise RecordingsAway from error
        except _NO_ANSWER as error:
            raise RecordingsAway from error
