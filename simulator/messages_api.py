"""Twilio's Messages resource: create, read, list, redact, cancel, delete.

Source: https://www.twilio.com/docs/messaging/api/message-resource and the error dictionary.
"""

from __future__ import annotations

from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.carrier import Carrier
from simulator.encoding import segments
from simulator.errors import DELIVERY_ERRORS, ApiError
from simulator.faults import operation
from simulator.numbers import WHATSAPP, e164, is_sender, on_channel, split_channel, takes_sms
from simulator.outbox import is_web_url
from simulator.resources import API, Message, new_sid, rfc2822
from simulator.rest import date_filter, guarded, not_found, page_of
from simulator.wire import Form, JsonResponse, carrier_of, exchange_of, form_of, query_of

LONGEST_BODY = 1600
LONGEST_VALIDITY = 36_000
MOST_MEDIA = 10


async def create(request: Request) -> Response:
    """POST Messages.json: 201 with the message, or one of the published refusals."""
    carrier = carrier_of(request)
    message = message_from(carrier, await form_of(request))
    carrier.accept(message)
    exchange_of(request).delivery.begin(message)
    return JsonResponse(as_json(carrier, message), status_code=201)


async def read(request: Request) -> Response:
    """GET Messages/{sid}.json."""
    return JsonResponse(as_json(carrier_of(request), _named(request)))


async def index(request: Request) -> Response:
    """GET Messages.json, newest first; filters To, From, DateSent, DateSent<, DateSent>."""
    carrier, query = carrier_of(request), query_of(request)
    to, sender = query.one("To"), query.one("From")
    sent = date_filter(query, "DateSent")
    found = (
        entry
        for entry in carrier.store.newest_first(to)
        if isinstance(entry, Message)
        and not (entry.deleted or entry.automatic)
        and carrier.lists(entry)
        and (not sender or entry.sender == sender)
        and sent(carrier.clock(entry.sent_at))
    )
    return page_of(
        request, "messages", found, lambda entry: as_json(carrier, entry), lambda entry: entry.sid
    )


async def update(request: Request) -> Response:
    """POST Messages/{sid}.json: an empty Body redacts, Status=canceled takes it back."""
    carrier, message, form = carrier_of(request), _named(request), await form_of(request)
    if "Body" in form:
        if form.one("Body"):
            raise ApiError(20001, "Body can only be redacted, by an empty value")
        message.body = ""
    if "Status" in form:
        if form.one("Status") != "canceled" or message.state not in ("accepted", "scheduled"):
            raise ApiError(20009, "Message cannot be canceled in its present state")
        exchange_of(request).delivery.cancel(message)
    carrier.changed(message)
    return JsonResponse(as_json(carrier, message))


async def delete(request: Request) -> Response:
    """DELETE Messages/{sid}.json: 204. The ledger goes on showing it, as deleted."""
    message = _named(request)
    message.deleted = True
    carrier_of(request).changed(message)
    return Response(status_code=204)


def _named(request: Request) -> Message:
    message = carrier_of(request).store.message(request.path_params["sid"])
    if message is None:
        raise not_found(request)
    return message


def message_from(carrier: Carrier, form: Form) -> Message:
    """Validate a request as the provider does. Raises `ApiError` with the published code."""
    to, channel = _recipient(form)
    service = form.one("MessagingServiceSid")
    sender = _sender(carrier, form, channel, service)
    body, media = _content(form)
    callback = form.one("StatusCallback")
    if callback and not is_web_url(callback):
        raise ApiError(21609, callback)
    if channel == "sms" and not takes_sms(to):
        raise ApiError(21614, to)
    if (sender, to) in carrier.store.opt_outs:
        raise ApiError(21610)
    encoding, count = segments(body)
    return Message(
        sid=new_sid("MM" if media else "SM"),
        channel=channel,
        direction="outbound-api",
        sender=sender,
        to=to,
        body=body,
        state="accepted" if service else "queued",
        num_segments=count,
        encoding=encoding,
        media_urls=media,
        template=bool(form.one("ContentSid")),
        messaging_service_sid=service,
        validity=_validity(form),
        status_callback=callback,
    )


def _recipient(form: Form) -> tuple[str, str]:
    given = form.one("To").strip()
    if not given:
        raise ApiError(21604)
    channel, number = split_channel(given)
    valid = e164(number)
    if valid is None:
        raise ApiError(21211, given)
    return on_channel(valid, channel), channel


def _sender(carrier: Carrier, form: Form, channel: str, service: str) -> str:
    settings, given = carrier.settings, form.one("From").strip()
    if service and service != settings.messaging_service_sid:
        raise ApiError(21701, service)
    if not given:
        if not service:
            raise ApiError(21603)
        return next(iter(settings.numbers))
    sender_channel, value = split_channel(given)
    if sender_channel != channel:
        raise ApiError(21910)
    if not is_sender(value):
        raise ApiError(21212, given)
    owned = settings.numbers.get(e164(value) or value)
    if channel == WHATSAPP:
        if owned is None or not owned.whatsapp or e164(owned.value) is None:
            raise ApiError(63007)
        return on_channel(owned.value, channel)
    if owned is None:
        raise ApiError(21659, given)
    if not owned.sms:
        raise ApiError(21606, given)
    return owned.value


def _content(form: Form) -> tuple[str, list[str]]:
    body, media = form.one("Body"), form.all("MediaUrl")
    if form.one("ContentSid"):
        return body or f"[template {form.one('ContentSid')} {form.one('ContentVariables')}]", media
    if not body.strip() and not media:
        raise ApiError(21602)
    if len(body) > LONGEST_BODY:
        raise ApiError(21617)
    if len(media) > MOST_MEDIA:
        raise ApiError(21623)
    if not all(map(is_web_url, media)):
        raise ApiError(21620, ", ".join(media))
    return body, media


def _validity(form: Form) -> int:
    text = form.one("ValidityPeriod")
    if not text:
        return LONGEST_VALIDITY
    if not text.isdecimal() or not 1 <= int(text[:9]) <= LONGEST_VALIDITY:
        raise ApiError(20001, "ValidityPeriod must be a whole number from 1 to 36000")
    return int(text)


def as_json(carrier: Carrier, message: Message) -> dict[str, Any]:
    """The message as the API shows it; numbers that Twilio writes as strings are strings."""
    account = carrier.settings.account_sid
    uri = f"{API}/Accounts/{account}/Messages/{message.sid}"
    ended = message.state in ("undelivered", "failed")
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": message.body,
        "date_created": rfc2822(carrier.clock(message.accepted_at)),
        "date_sent": rfc2822(carrier.clock(message.sent_at)),
        "date_updated": rfc2822(carrier.clock(message.updated_at)),
        "direction": message.direction,
        "error_code": message.error_code if ended else None,
        "error_message": DELIVERY_ERRORS.get(cast(int, message.error_code)) if ended else None,
        "from": message.sender,
        "messaging_service_sid": message.messaging_service_sid or None,
        "num_media": str(len(message.media_urls)),
        "num_segments": "0" if message.state == "accepted" else str(message.num_segments),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.state,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.to,
        "uri": f"{uri}.json",
    }


_LIST = f"{API}/Accounts/{{account}}/Messages.json"
_ONE = f"{API}/Accounts/{{account}}/Messages/{{sid}}.json"

ROUTES = [
    Route(_LIST, operation("messages.create", guarded(create)), methods=["POST"]),
    Route(_LIST, operation("messages.list", guarded(index)), methods=["GET"]),
    Route(_ONE, operation("messages.read", guarded(read)), methods=["GET"]),
    Route(_ONE, operation("messages.update", guarded(update)), methods=["POST"]),
    Route(_ONE, operation("messages.delete", guarded(delete)), methods=["DELETE"]),
]
