"""The REST API of *SMS Gateway for Android*: a phone's own, and that of a server before it.

Source: https://docs.sms-gate.app/integration/api/, the app's `MessagesRoutes.kt`,
`PostMessageRequest.kt`, `WebhooksRoutes.kt` (July 2026), and the server's `3rdparty.go` (August
2026). Each phone stands below `/phones/{name}` as it answers itself (local server), and below
`/phones/{name}/3rdparty/v1` as a private or public server answers for it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from itertools import count
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.behaviour import Fault
from simulator.encoding import segments
from simulator.faults import operation, retry_header
from simulator.phones import entry_id
from simulator.phones_inbox import inbox
from simulator.phones_rules import (
    STATES,
    PhoneError,
    flag,
    is_allowed,
    moment,
    number,
    recipients,
    text_of,
    whole,
)
from simulator.phones_shown import SERVER, as_json, by_server
from simulator.resources import PhoneMessage, iso
from simulator.settings import PHONE_EVENTS, Phone
from simulator.wire import Handler, JsonResponse, body_of, carrier_of, exchange_of, query_of

LONGEST_ID, MOST_SIMS = 36, 3
DEFAULT_PAGE = 50


def guarded(handler: Handler) -> Handler:
    """Let in only who knows the phone's user and password; refusals in the app's own form."""

    async def endpoint(request: Request) -> Response:
        phone = carrier_of(request).settings.phones.get(request.path_params["phone"])
        if phone is None:
            return Response(status_code=404)
        if not _knows(request, phone):
            realm = {"WWW-Authenticate": "Basic realm=Access to SMS Gateway, charset=UTF-8"}
            return Response(status_code=401, headers=realm)
        try:
            return await handler(request)
        except PhoneError as error:
            return JsonResponse({"message": str(error)}, status_code=error.status)

    return endpoint


def _knows(request: Request, phone: Phone) -> bool:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return False
    right = f"{phone.username}:{phone.password}".encode()
    return scheme.lower() == "basic" and hmac.compare_digest(given, right)


def refusal(fault: Fault) -> Response:
    """A simulated status in the app's form."""
    body = {"message": f"Simulated error {fault.status}"}
    return JsonResponse(body, status_code=fault.status, headers=retry_header(fault))


def _phone(request: Request) -> Phone:
    return carrier_of(request).settings.phones[request.path_params["phone"]]


async def _document(request: Request) -> dict[str, Any]:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise PhoneError("Unsupported media type", 415)
    try:
        document = json.loads(await body_of(request))
    except (ValueError, RecursionError):
        raise PhoneError("Failed to convert request body") from None
    if not isinstance(document, dict):
        raise PhoneError("Failed to convert request body")
    return document


async def create(request: Request) -> Response:
    """POST /messages: 202 with the message, 409 for an id that is there already."""
    carrier, phone = carrier_of(request), _phone(request)
    document = await _document(request)
    text = text_of(document)
    people = recipients(document)
    own_id = document.get("id") or secrets.token_urlsafe(16)[:21]
    if not isinstance(own_id, str) or len(own_id) > LONGEST_ID:
        raise PhoneError("Failed to convert request body")
    if document.get("deviceId") not in (None, phone.device_id):
        raise PhoneError("Invalid device ID")
    sim, ttl = whole(document, "simNumber"), whole(document, "ttl")
    if sim is not None and not 1 <= sim <= MOST_SIMS:
        raise PhoneError("SIM number cannot be less than 1")
    if ttl is not None and ttl <= 0:
        raise PhoneError("message already expired")
    skip = flag(query_of(request).one("skipPhoneValidation", "false"))
    if _copies(request, own_id):
        raise PhoneError("Message with the same ID already exists", 409)
    encoding, parts = segments(text)
    copies = [
        PhoneMessage(
            sid=entry_id(phone.name, own_id, index),
            own_id=own_id,
            device=phone.name,
            channel="sms",
            direction="outbound-api",
            sender=phone.number,
            to=recipient,
            body=text,
            sim=sim or phone.sim,
            num_segments=parts,
            encoding=encoding,
            report=document.get("withDeliveryReport") is not False,
            checked=not skip,
            ttl=ttl,
        )
        for index, recipient in enumerate(people)
    ]
    for copy in copies:
        copy.change("Pending")
        carrier.accept(copy)
        exchange_of(request).phones.begin(copy)
    shown = as_json(phone, copies, content=True, server=by_server(request))
    return JsonResponse(shown, status_code=202)


def _copies(request: Request, own_id: str) -> list[PhoneMessage]:
    """Each recipient's copy of a message."""
    store, name = carrier_of(request).store, _phone(request).name
    found: list[PhoneMessage] = []
    for index in count():
        entry = store.entries.get(entry_id(name, own_id, index))
        if not isinstance(entry, PhoneMessage):
            return found
        found.append(entry)
    return found


async def read(request: Request) -> Response:
    """GET /messages/{id}: 404 for one that is not there."""
    copies = _copies(request, request.path_params["id"])
    if not copies:
        return _not_found(request)
    shown = as_json(_phone(request), copies, content=True, server=by_server(request))
    return JsonResponse(shown)


def _not_found(request: Request) -> Response:
    """A server says it in words; a phone says nothing."""
    if by_server(request):
        return JsonResponse({"message": "message not found"}, status_code=404)
    return Response(status_code=404)


async def index(request: Request) -> Response:
    """GET /messages, newest first; filters state, from, to, deviceId; limit, offset."""
    phone, query = _phone(request), query_of(request)
    state = query.one("state")
    if state and state not in STATES:
        raise PhoneError(f"No enum constant ProcessingState.{state}")
    if query.one("deviceId") not in ("", phone.device_id):
        raise PhoneError("Invalid device ID")
    since, until = moment(query.one("from"), 0.0), moment(query.one("to"), float("inf"))
    if since > until:
        raise PhoneError("Start date cannot be after end date")
    content = flag(query.one("includeContent", "false"))
    found = [
        entry
        for entry in carrier_of(request).store.newest_first()
        if isinstance(entry, PhoneMessage)
        and entry.device == phone.name
        and entry.sid == entry_id(phone.name, entry.own_id)
        and since <= entry.accepted_at <= until
        and (not state or entry.state == state)
    ]
    offset, limit = number(query.one("offset"), 0), number(query.one("limit"), DEFAULT_PAGE)
    page = [
        as_json(phone, _copies(request, entry.own_id), content=content, server=by_server(request))
        for entry in found[offset : offset + limit]
    ]
    return JsonResponse(page, headers={"X-Total-Count": str(len(found))})


async def cancel(request: Request) -> Response:
    """DELETE /messages/{id}: only while it is pending."""
    copies = _copies(request, request.path_params["id"])
    if not copies:
        return _not_found(request)
    if any(copy.state != "Pending" for copy in copies):
        raise PhoneError(f"Message {copies[0].own_id} is not in Pending state")
    for copy in copies:
        exchange_of(request).phones.cancel(copy)
    shown = as_json(_phone(request), copies, content=False, server=by_server(request))
    return JsonResponse(shown)


async def webhooks(request: Request) -> Response:
    """GET /webhooks."""
    return JsonResponse([_shown(webhook) for webhook in _phone(request).webhooks.values()])


def _shown(webhook: Mapping[str, str]) -> dict[str, Any]:
    return {**webhook, "source": "Local"}


async def register(request: Request) -> Response:
    """POST /webhooks: 201; the same id again replaces it, without one there is one more."""
    document = await _document(request)
    url, event = document.get("url"), document.get("event")
    if not isinstance(url, str) or not is_allowed(url):
        raise PhoneError("url must start with https:// or http://127.0.0.1")
    if event not in PHONE_EVENTS:
        raise PhoneError("Unsupported event")
    key = document.get("id") or secrets.token_urlsafe(16)[:21]
    webhook = {"id": str(key), "url": url, "event": str(event)}
    _phone(request).webhooks[webhook["id"]] = webhook
    return JsonResponse(_shown(webhook), status_code=201)


async def forget(request: Request) -> Response:
    """DELETE /webhooks/{id}: 204, whether it was there or not."""
    _phone(request).webhooks.pop(request.path_params["id"], None)
    return Response(status_code=204)


async def devices(request: Request) -> Response:
    """GET /device: the phone itself."""
    phone = _phone(request)
    sim = {"slotIndex": phone.sim - 1, "simNumber": phone.sim, "phoneNumber": phone.number}
    device = {"id": phone.device_id, "name": f"Simulator/{phone.name}", "simCards": [sim]}
    return JsonResponse([device | {"lastSeen": iso(time.time())}])


async def health(request: Request) -> Response:
    """GET /health: without a password, as in the app."""
    if request.path_params["phone"] not in carrier_of(request).settings.phones:
        return Response(status_code=404)
    return JsonResponse({"status": "pass", "version": "simulator", "releaseId": 0, "checks": {}})


def _guarded(name: str, handler: Handler) -> Handler:
    return operation(f"phone.{name}", guarded(handler), refusal)


def _routes(base: str) -> list[Route]:
    """Each resource under its name, and under the one that it had in earlier versions."""
    return [
        Route(f"{base}/health", health, methods=["GET"]),
        *(
            Route(f"{base}/{name}", _guarded("read", devices), methods=["GET"])
            for name in ("device", "devices")
        ),
        Route(f"{base}/inbox", _guarded("inbox", inbox), methods=["GET"]),
        *(
            route
            for name in ("message", "messages")
            for route in (
                Route(f"{base}/{name}", _guarded("create", create), methods=["POST"]),
                Route(f"{base}/{name}", _guarded("list", index), methods=["GET"]),
                Route(f"{base}/{name}/{{id}}", _guarded("read", read), methods=["GET"]),
                Route(f"{base}/{name}/{{id}}", _guarded("cancel", cancel), methods=["DELETE"]),
            )
        ),
        *(
            route
            for name in ("webhook", "webhooks")
            for route in (
                Route(f"{base}/{name}", _guarded("webhooks", webhooks), methods=["GET"]),
                Route(f"{base}/{name}", _guarded("webhooks", register), methods=["POST"]),
                Route(f"{base}/{name}/{{id}}", _guarded("webhooks", forget), methods=["DELETE"]),
            )
        ),
    ]


ROUTES = [*_routes("/phones/{phone}"), *_routes("/phones/{phone}" + SERVER)]
