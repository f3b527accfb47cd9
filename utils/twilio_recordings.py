"""What callers said, as the provider keeps it: listed, fetched with our credentials, deleted.

Lists and deletions go by the official library; the audio itself is no JSON and is read from the
same host in pieces, up to a bound. Source: https://www.twilio.com/docs/voice/api/recording.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

import urllib3
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from config.settings import TwilioSettings
from utils.provider_http import CONNECT_SECONDS, DidNotLeave, MayHaveLeft, Throttled
from utils.twilio_client import KeptAliveHttpClient

API = "https://api.twilio.com"
LIST_LIMIT = 50
PIECE = 65_536
_NO_ANSWER = (DidNotLeave, MayHaveLeft, Throttled, TwilioException)


class RecordingGone(Exception):
    """The provider has no such recording: not yet, or not any more."""


class RecordingsAway(Exception):
    """The provider cannot be asked just now; says nothing about what it has."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A recording in the provider's list. `seconds` is None while it is not ready."""

    provider_id: str
    seconds: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Fetched:
    """Audio as it came. `whole` is False when there was more than we take."""

    audio: bytes
    whole: bool


class TwilioRecordings:
    """The recordings of one account. Thread-safe; every wait is bounded."""

    def __init__(self, settings: TwilioSettings, connections: int = 4) -> None:
        token = settings.auth_token.get_secret_value()
        self._client = Client(
            settings.account_sid, token, http_client=KeptAliveHttpClient(settings, connections)
        )
        self._media = (
            f"{settings.api_url or API}/2010-04-01/Accounts/{settings.account_sid}/Recordings"
        )
        self._headers = urllib3.make_headers(basic_auth=f"{settings.account_sid}:{token}")
        self._timeout = settings.timeout
        self._pool = urllib3.PoolManager(
            maxsize=connections,
            retries=False,
            timeout=urllib3.Timeout(
                connect=min(settings.timeout, CONNECT_SECONDS), read=settings.timeout
            ),
        )

    def of_call(self, call_id: str) -> Sequence[Listed]:
        """The recordings of a call, the earliest first; raises `RecordingsAway`."""
        try:
            found = self._client.recordings.list(call_sid=call_id, limit=LIST_LIMIT)
        except _NO_ANSWER as error:
            raise RecordingsAway from error
        return [
            Listed(
                str(one.sid),
                int(one.duration) if one.duration and str(one.duration).isdecimal() else None,
                one.date_created,
            )
            for one in reversed(found)
        ]

    def fetch(self, provider_id: str, most_bytes: int, seconds: float) -> Fetched:
        """A recording as WAV, at most so many bytes, within so many seconds.

        Raises `RecordingGone` or `RecordingsAway`. No redirect is followed: our credentials go to
        the provider and to nobody else.
        """
        deadline = time.monotonic() + seconds
        try:
            answer = self._pool.request(
                "GET",
                f"{self._media}/{provider_id}.wav",
                headers=self._headers,
                preload_content=False,
                redirect=False,
            )
            with answer:
                if answer.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
                    raise RecordingGone
                if answer.status != HTTPStatus.OK:
                    raise RecordingsAway
                return read_bounded(answer, most_bytes, deadline)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise RecordingsAway from error

    def delete(self, provider_id: str) -> None:
        """Have the provider forget a recording; one that is gone already is as good.

        Raises `RecordingsAway`.
        """
        try:
            self._client.recordings(provider_id).delete()
        except TwilioRestException as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise RecordingsAway from error
        except _NO_ANSWER as error:
            raise RecordingsAway from error


def read_bounded(answer: urllib3.BaseHTTPResponse, most_bytes: int, deadline: float) -> Fetched:
    """The body, in pieces; an end before its announced length raises an error of urllib3's."""
    audio = bytearray()
    for piece in answer.stream(PIECE, decode_content=True):
        if time.monotonic() > deadline:
            raise RecordingsAway
        audio += piece
        if len(audio) > most_bytes:
            return Fetched(bytes(audio[:most_bytes]), whole=False)
    return Fetched(bytes(audio), whole=True)
