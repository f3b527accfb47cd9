"""SMS by an Android phone with a SIM of the country: the app *SMS Gateway for Android*.

Its REST API is one for all its modes, whether the phone itself answers (local server) or a server
that it fetches its messages from (private, public): https://docs.sms-gate.app/integration/api/.
A message is kept under an id that whoever sends it chooses, and the same id again is 409: so it is
the delivery's reference, and to repeat a request is safe. No library for it tells what left this
machine from what may have, so this client is our own (`utils/provider_http.py`).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from utils.android_inbox import received
from utils.android_status import word_of
from utils.provider_codes import fault_of
from utils.provider_http import DidNotLeave, MayHaveLeft, ProviderHttp, Throttled
from utils.senders import NoList, Outbound, Outcome, Passed, Received, Verdict

SHORTEST_TTL = 5  # seconds; a server takes no less
PAGE = 100  # the most that one request for a list brings
MOST_PAGES = 20  # of what came in, in one look, which is a day's at most
_ENDED_BADLY = frozenset({"failed", "undelivered", "canceled"})
_NO_ANSWER = (DidNotLeave, MayHaveLeft, Throttled)


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where a phone is reached. `url` is what stands before `/messages`.

    `sim` is which of its SIMs a message goes out from (1 to 3), `device_id` which of a server's
    phones sends it: without one a server takes any, and an id is only unique on each.
    """

    url: str
    username: str
    password: str = field(repr=False)
    sim: int | None = None
    device_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    listed: list[Any] | None
    document: dict[str, Any]

    @property
    def proves_nothing(self) -> bool:
        """True for a yes that is not the gateway's, as of a captive portal, and a no likewise."""
        if self.status == HTTPStatus.BAD_REQUEST:
            return not self.document
        return self.status < HTTPStatus.MULTIPLE_CHOICES


class AndroidSms:
    """SMS. The phone drops what is stale (`ttl`) and asks the network for a delivery report."""

    provider = "android"
    inbox_page = 500
    """The most that one request for what came in brings."""

    def __init__(self, gateway: Gateway, timeout: float, connections: int) -> None:
        self._gateway = gateway
        self._http = ProviderHttp(timeout, connections)
        login = f"{gateway.username}:{gateway.password}".encode()
        self._headers = {
            "Accept": "application/json",
            "Authorization": f"Basic {base64.b64encode(login).decode()}",
            "User-Agent": "Careloop",
        }

    def send(self, message: Outbound) -> Outcome:
        """Hand one message to the gateway, as an outcome."""
        try:
            return self._send(message)
        except DidNotLeave:
            return Outcome(Verdict.unreachable, code="unreachable")
        except Throttled as error:
            return Outcome(Verdict.throttled, code="429", retry_after=error.retry_after)
        except MayHaveLeft as error:
            return Outcome(Verdict.unknown, code=error.code)

    def _send(self, message: Outbound) -> Outcome:
        for own in _ids(message.reference, message.attempt):
            answer = self._offer(message, own)
            if answer.status == HTTPStatus.CONFLICT:
                if self._holds(message, own):
                    return Outcome(Verdict.accepted, provider_id=own)
                continue  # under this id it never went out, and never will
            if answer.document.get("id") == own and answer.status == HTTPStatus.ACCEPTED:
                return Outcome(Verdict.accepted, provider_id=own)
            if answer.proves_nothing:
                raise MayHaveLeft("unreadable")
            return _refusal(answer.status)
        return _refusal(HTTPStatus.CONFLICT)

    def _offer(self, message: Outbound, own: str) -> _Answer:
        """Post a message; once more where the line broke, as an id is taken once.

        Raises `MayHaveLeft` where the first try may have left, whatever became of the second.
        """
        try:
            return self._post(message, own)
        except MayHaveLeft as error:
            if error.code != "cut":
                raise
        try:
            return self._post(message, own)
        except (DidNotLeave, Throttled):
            raise MayHaveLeft("cut") from None

    def _post(self, message: Outbound, own: str) -> _Answer:
        asked: dict[str, Any] = {
            "id": own,
            "phoneNumbers": [message.to],
            "textMessage": {"text": message.text},
            "withDeliveryReport": True,
            "ttl": max(SHORTEST_TTL, message.seconds_valid),
        }
        if self._gateway.sim is not None:
            asked["simNumber"] = self._gateway.sim
        if self._gateway.device_id is not None:
            asked["deviceId"] = self._gateway.device_id
        # The numbers that we send to are checked by newer tables than an old phone has.
        body = json.dumps(asked, ensure_ascii=False).encode()
        return self._ask("POST", "/messages?skipPhoneValidation=true", body)

    def _holds(self, message: Outbound, own: str) -> bool:
        """True when what stands under our id is this message, and did not end badly.

        It is another one where this database, or an older copy of it, gave the number before; and
        what failed may be tried again under the next id. Raises `MayHaveLeft` when it cannot be
        asked.
        """
        found = self._read(own)
        if found is None:
            raise MayHaveLeft("409")
        return _is_ours(found, message) and _passed(found).status not in _ENDED_BADLY

    def accepted(self, reference: str, attempt: int, to: str) -> Sequence[Passed] | None:
        """What the gateway holds of one delivery; None when it cannot be asked now.

        "Not found" is believed only of what proves to be the gateway: a phone's old address may be
        another machine's by now.
        """
        try:
            for own in reversed(_ids(reference, attempt)):
                found = self._read(own)
                if found is None or not _is_to(found, to):
                    continue
                earlier = own == reference and attempt > 1
                if earlier and _passed(found).status in _ENDED_BADLY:
                    continue  # of an attempt before this one, for which there was another id
                return (_passed(found),)
            return () if self._listed({"limit": 1}) is not None else None
        except _NO_ANSWER:
            return None

    def passed(self, to: str, since: datetime) -> Sequence[Passed] | None:  # noqa: ARG002
        """Raises `NoList`: here a message is asked for by its id (`accepted`)."""
        raise NoList

    def receipt(self, provider_id: str) -> Passed | None:
        """What the gateway says of one message; None when it cannot be asked now."""
        try:
            found = self._read(provider_id)
        except _NO_ANSWER:
            return None
        return None if found is None else _passed(found)

    def receipts(self, since: datetime, until: datetime) -> Sequence[Passed]:
        """One page of what was taken in between two times; empty when it cannot be asked now."""
        span = {"from": _iso(since), "to": _iso(until), "limit": PAGE}
        try:
            return [_passed(found) for found in self._listed(span) or ()]
        except _NO_ANSWER:
            return ()

    def received(self, since: datetime, until: datetime) -> list[Received] | None:
        """The SMS and MMS that the phone heard of between two times, the newest first.

        None when it cannot be asked now. A private or public server has no such list yet (501).
        """
        span = {"from": _iso(since), "to": _iso(until), "limit": self.inbox_page}
        found: list[Any] = []
        try:
            for number in range(MOST_PAGES):
                page = self._page("/inbox", span | {"offset": number * self.inbox_page})
                if page is None:
                    return None
                found += page
                if len(page) < self.inbox_page:
                    return received(found, self._gateway.sim)
        except _NO_ANSWER:
            return None
        return None

    def _read(self, own: str) -> dict[str, Any] | None:
        """A message as the gateway shows it; None when there is none, `MayHaveLeft` otherwise."""
        answer = self._ask("GET", f"/messages/{quote(own, safe='')}", None)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if answer.status != HTTPStatus.OK or not _is_message(answer.document):
            raise MayHaveLeft(str(answer.status))
        return answer.document

    def _listed(self, query: dict[str, Any]) -> list[dict[str, Any]] | None:
        """A page of messages, the newest first; None from what is no gateway."""
        page = self._page("/messages", query)
        return None if page is None else [one for one in page if _is_message(one)]

    def _page(self, path: str, query: dict[str, Any]) -> list[Any] | None:
        """A page of a list of this phone's; None from what is no gateway."""
        if self._gateway.device_id is not None:
            query = query | {"deviceId": self._gateway.device_id}
        answer = self._ask("GET", f"{path}?{urlencode(query)}", None)
        return answer.listed if answer.status == HTTPStatus.OK else None

    def _ask(self, method: str, path: str, body: bytes | None) -> _Answer:
        headers = self._headers | ({"Content-Type": "application/json"} if body else {})
        answer = self._http.request(method, self._gateway.url + path, body, headers)
        try:
            document = json.loads(answer.data)
        except (ValueError, RecursionError):
            document = None
        return _Answer(
            answer.status,
            document if isinstance(document, list) else None,
            document if isinstance(document, dict) else {},
        )


def _ids(reference: str, attempt: int) -> tuple[str, str]:
    """The ids under which an attempt may stand: the delivery's, and one of its own.

    The second is for what failed on the phone and may be tried again, and for an id that something
    else has taken. Both are read by `services.webhook.callback.parse_reference`.
    """
    return reference, f"{reference}.{attempt}"


def _refusal(status: int) -> Outcome:
    fault = fault_of("android", str(status))
    return Outcome(fault.verdict if fault else Verdict.refused, code=str(int(status)))


def _is_message(document: Any) -> bool:
    return (
        isinstance(document, dict)
        and isinstance(document.get("id"), str)
        and isinstance(document.get("state"), str)
    )


def _recipient(found: dict[str, Any]) -> dict[str, Any]:
    recipients = found.get("recipients")
    first = recipients[0] if isinstance(recipients, list) and recipients else None
    return first if isinstance(first, dict) else {}


def _passed(found: dict[str, Any]) -> Passed:
    recipient = _recipient(found)
    status, code = word_of(
        str(recipient.get("state") or found["state"]), str(recipient.get("error") or "")
    )
    return Passed(provider_id=found["id"], status=status, text=_text(found), code=code)


def _text(found: dict[str, Any]) -> str | None:
    content = found.get("textMessage")
    return str(content["text"]) if isinstance(content, dict) and "text" in content else None


def _is_ours(found: dict[str, Any], message: Outbound) -> bool:
    """True when a message that a gateway shows has our number and our text.

    A server keeps hashes of both once the phone has taken the message.
    """
    if not _is_to(found, message.to):
        return False
    shown, hashed = _text(found), found.get("hashedMessage")
    if shown is not None:
        return shown == message.text
    kept = hashed.get("hash") if isinstance(hashed, dict) else None
    return kept is None or kept == _sha256(message.text)


def _is_to(found: dict[str, Any], number: str) -> bool:
    shown = str(_recipient(found).get("phoneNumber", ""))
    return shown in (number, number.removeprefix("+"), _sha256(number)[:16])


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
