"""SMS, calls and WhatsApp by the official `twilio` library, over kept-alive connections.

The library has no base-URL option and hides `Retry-After`; its HTTP client is ours, which settles
both (`utils/provider_http.py`).
"""

from __future__ import annotations

import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import urllib3
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from config.settings import TwilioSettings
from utils.logs import get_logger
from utils.provider_codes import TWILIO, fault_of
from utils.provider_http import DidNotLeave, MayHaveLeft, ProviderHttp, Throttled, http_date
from utils.senders import Outbound, Outcome, Passed, Received, Verdict

# The library writes the recipient's number at INFO.
logging.getLogger("twilio.http_client").disabled = True

LIST_LIMIT = 200
PAGE = 1000  # the most that one request for a list brings
MOST_RECEIVED = 10_000  # the most that one list of what was received holds
MOST_LISTS = 10
WHOLE_SECOND = timedelta(seconds=1)  # Twilio tells times in these
MIN_VALIDITY, MAX_VALIDITY = 1, 36_000  # seconds; bounds of Twilio's ValidityPeriod
RING_SECONDS = 25
MACHINE_SECONDS = 20  # then whoever picked up is taken for a person
CLOCK_TOLERANCE = timedelta(seconds=30)  # beyond what is known of their clock against ours
CALL_EVENTS = ["initiated", "answered", "completed"]
WHATSAPP = "whatsapp:"
"""Before a number it makes an address on WhatsApp: https://www.twilio.com/docs/whatsapp/api."""

log = get_logger("careloop.twilio")

# What a question may raise; a refused list is a plain TwilioException.
_NO_ANSWER = (DidNotLeave, MayHaveLeft, Throttled, TwilioException)


class KeptAliveHttpClient(HttpClient):  # type: ignore[misc]
    """The library's HTTP client over one urllib3 pool; thread-safe.

    `ahead` is how far our clock is ahead of theirs, by the date of their latest answer (whoever
    asked: the clocks are the same); None when that had none.
    """

    ahead: timedelta | None = None

    def __init__(self, settings: TwilioSettings, connections: int) -> None:
        super().__init__(logger=logging.getLogger("twilio.http_client"), is_async=False)
        self._base = urlsplit(settings.api_url) if settings.api_url else None
        self._http = ProviderHttp(settings.timeout, connections)

    def request(
        self,
        method: str,
        url: str,
        params: Any = None,
        data: Any = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """One request; raises the errors of `utils.provider_http`."""
        sent = dict(headers or {})
        if auth:
            sent |= urllib3.make_headers(basic_auth=":".join(auth))
        if params:
            url = f"{url}?{urlencode(params, doseq=True)}"
        body = urlencode(data, doseq=True).encode() if data else None
        before = datetime.now(UTC)
        answer = self._http.request(method, self._rebased(url), body, sent)
        self.ahead = _ahead(before, datetime.now(UTC), answer.headers.get("Date"))
        text = answer.data.decode("utf-8", "replace")
        deleted = answer.status == HTTPStatus.NO_CONTENT and not text
        # What is cut short, or a captive portal's page, proves nothing.
        if not deleted and not _is_object(text):
            raise MayHaveLeft("unreadable")
        return Response(answer.status, text, answer.headers)

    def _rebased(self, url: str) -> str:
        if self._base is None:
            return url
        return urlunsplit(
            urlsplit(url)._replace(scheme=self._base.scheme, netloc=self._base.netloc)
        )


def _ahead(before: datetime, after: datetime, date: str | None) -> timedelta | None:
    """How far our clock is ahead of the one that dated an answer between two of our times."""
    theirs = http_date(date)
    return None if theirs is None else before + (after - before) / 2 - theirs


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


class _TwilioSender(ABC):
    """What SMS and calls share."""

    provider = "twilio"

    def __init__(self, settings: TwilioSettings, from_: str, connections: int) -> None:
        self._from = from_
        self._http = KeptAliveHttpClient(settings, connections)
        self._client = Client(
            settings.account_sid, settings.auth_token.get_secret_value(), http_client=self._http
        )

    @abstractmethod
    def _create(self, message: Outbound) -> str:
        """Ask Twilio to send; returns its id."""

    @abstractmethod
    def _list(self, to: str) -> Sequence[Any]:
        """What Twilio lists for a number, as the library shows it."""

    @abstractmethod
    def _passed(self, listed: Any) -> Passed:
        """One of what it lists."""

    @abstractmethod
    def _read(self, provider_id: str) -> Passed:
        """What Twilio says of one message or call."""

    @abstractmethod
    def _sent_between(self, since: datetime, until: datetime) -> Sequence[Passed]:
        """What Twilio lists as sent from this number between two times, the newest first."""

    def send(self, message: Outbound) -> Outcome:
        """One call of Twilio's API, as an outcome."""
        try:
            return Outcome(Verdict.accepted, provider_id=self._create(message))
        except DidNotLeave:
            return Outcome(Verdict.unreachable, code="unreachable")
        except Throttled as error:
            return Outcome(Verdict.throttled, code="429", retry_after=error.retry_after)
        except MayHaveLeft as error:
            return Outcome(Verdict.unknown, code=error.code)
        except TwilioRestException as error:
            return _refusal(error)

    def passed(self, to: str, since: datetime) -> Sequence[Passed] | None:
        """Twilio's own list for an address since a time; None when it cannot be asked now.

        Nor does it say anything when none is as young and the clocks cannot be compared: what is
        ours would look older than our attempt, if our clock is fast.
        """
        try:
            listed = self._list(to)
        except _NO_ANSWER:
            return None
        earliest = self._theirs(since) - CLOCK_TOLERANCE
        found = [one for one in listed if one.date_created is None or one.date_created >= earliest]
        if not found and self._http.ahead is None:
            return None
        return [self._passed(one) for one in found]

    def _theirs(self, moment: datetime) -> datetime:
        """A time of our clock's on theirs, as far as that is known."""
        return moment - (self._http.ahead or timedelta())

    def receipt(self, provider_id: str) -> Passed | None:
        """What Twilio says of one message or call; None when it cannot be asked now."""
        try:
            return self._read(provider_id)
        except _NO_ANSWER:
            return None

    def receipts(self, since: datetime, until: datetime) -> Sequence[Passed]:
        """One page of what was sent between two times; empty when it cannot be asked now."""
        try:
            return self._sent_between(self._theirs(since) - CLOCK_TOLERANCE, self._theirs(until))
        except _NO_ANSWER:
            return ()


def _id_of(created: Any) -> str:
    """Twilio's id of what it says it took. Raises `MayHaveLeft` for a yes that has none.

    That is somebody's in between, or of an answer that lost its contents on the way.
    """
    if not isinstance(created.sid, str) or not created.sid:
        raise MayHaveLeft("unreadable")
    return created.sid


def _refusal(error: TwilioRestException) -> Outcome:
    """What Twilio's no means. Its word for an account that is shut out may come without a code."""
    code = str(error.code or error.status)
    if error.status == HTTPStatus.UNAUTHORIZED and error.code not in TWILIO:
        code = str(HTTPStatus.UNAUTHORIZED.value)
    fault = fault_of("twilio", code)
    return Outcome(fault.verdict if fault else Verdict.refused, code=code)


class TwilioSms(_TwilioSender):
    """SMS. The carrier drops what is stale (`ValidityPeriod`)."""

    most_received = MOST_RECEIVED

    def _their(self, number: str) -> str:
        """A patient's address on this channel."""
        return number

    def _create(self, message: Outbound) -> str:
        created = self._client.messages.create(
            to=self._their(message.to),
            from_=self._from,
            body=message.text,
            status_callback=message.callback,
            validity_period=max(MIN_VALIDITY, min(MAX_VALIDITY, message.seconds_valid)),
        )
        return _id_of(created)

    def _list(self, to: str) -> Sequence[Any]:
        # Not by DateSent: a message that is still queued at Twilio has none yet.
        listed: Sequence[Any] = self._client.messages.list(
            to=self._their(to), from_=self._from, limit=LIST_LIMIT
        )
        return listed

    def _passed(self, listed: Any) -> Passed:
        return _passed_message(listed)

    def _read(self, provider_id: str) -> Passed:
        return _passed_message(self._client.messages(provider_id).fetch())

    def _sent_between(self, since: datetime, until: datetime) -> Sequence[Passed]:
        found = self._client.messages.list(
            from_=self._from,
            date_sent_after=since,
            date_sent_before=until,
            limit=PAGE,
            page_size=PAGE,
        )
        return [_passed_message(message) for message in found]

    def received(self, since: datetime, until: datetime) -> list[Received] | None:
        """Twilio's own list of what was received for this number, page by page.

        It lists the newest first, so a list that ends at its bound lacks the earliest: it is asked
        again for what came before. None, too, when even that does not reach back to `since`.
        """
        since, until = self._theirs(since), self._theirs(until)
        found: dict[str, Received] = {}
        for _ in range(MOST_LISTS):
            try:
                listed = self._received_between(since, until)
            except _NO_ANSWER:
                return None
            inbound = [_received(one) for one in listed if one.direction == "inbound"]
            found |= {one.provider_id: one for one in inbound}
            if len(listed) < self.most_received:
                return list(found.values())
            until = min(one.date_sent or one.date_created for one in listed) + WHOLE_SECOND
        log.error("more received than one look brings", bound=MOST_LISTS * self.most_received)
        return None

    def _received_between(self, since: datetime, until: datetime) -> Sequence[Any]:
        listed: Sequence[Any] = self._client.messages.list(
            to=self._from,
            date_sent_after=since,
            date_sent_before=until,
            limit=self.most_received,
            page_size=PAGE,
        )
        return listed


class TwilioWhatsApp(TwilioSms):
    """WhatsApp: the same resource of Twilio's, with addresses of another writing.

    Free text reaches only somebody who has written to this very number within 24 hours (Twilio
    accepts it at any time and fails it later with 63016); who sends looks to that.
    """

    def __init__(self, settings: TwilioSettings, from_: str, connections: int) -> None:
        super().__init__(settings, f"{WHATSAPP}{from_}", connections)

    def _their(self, number: str) -> str:
        return f"{WHATSAPP}{number}"


class TwilioVoice(_TwilioSender):
    """A call that asks us what it says once it is picked up, by a person or a machine.

    So an answering machine never hears what is meant for a patient. When we do not answer Twilio
    asks once more (`FallbackUrl`).
    """

    def _create(self, message: Outbound) -> str:
        created = self._client.calls.create(
            to=message.to,
            from_=self._from,
            url=message.answer,
            fallback_url=message.answer,
            machine_detection="DetectMessageEnd" if message.waits_for_tone else "Enable",
            machine_detection_timeout=MACHINE_SECONDS,
            status_callback=message.callback,
            status_callback_event=CALL_EVENTS,
            timeout=RING_SECONDS,
        )
        return _id_of(created)

    def _list(self, to: str) -> Sequence[Any]:
        listed: Sequence[Any] = self._client.calls.list(to=to, from_=self._from, limit=LIST_LIMIT)
        return listed

    def _passed(self, listed: Any) -> Passed:
        return _passed_call(listed)

    def _read(self, provider_id: str) -> Passed:
        return _passed_call(self._client.calls(provider_id).fetch())

    def _sent_between(self, since: datetime, until: datetime) -> Sequence[Passed]:
        found = self._client.calls.list(
            from_=self._from,
            start_time_after=since,
            start_time_before=until,
            limit=PAGE,
            page_size=PAGE,
        )
        return [_passed_call(call) for call in found]


def bare(address: str | None) -> str | None:
    """The number in an address of Twilio's, whatever the channel."""
    return None if address is None else str(address).removeprefix(WHATSAPP).strip()


def _passed_message(message: Any) -> Passed:
    """A message as the library shows it."""
    return Passed(
        provider_id=str(message.sid),
        status=str(message.status),
        text=message.body or "",
        code=str(message.error_code) if message.error_code else None,
        sender=bare(message.from_),
    )


def _received(message: Any) -> Received:
    media = str(message.num_media or "")
    return Received(
        provider_id=str(message.sid),
        from_=bare(message.from_) or "",
        text=message.body or "",
        media=int(media) if media.isdecimal() else 0,
        at=message.date_sent or message.date_created,
    )


def _passed_call(call: Any) -> Passed:
    """A call as the library shows it; a resource of theirs keeps `from` in `_from`."""
    return Passed(
        provider_id=str(call.sid),
        status=str(call.status),
        text=None,
        seconds=int(call.duration) if call.duration else None,
        sender=call._from,
    )
