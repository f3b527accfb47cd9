"""The simulator's own levers, which no provider has: ledger, behaviour, numbers, webhooks made."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from simulator.behaviour import BehaviourError
from simulator.outbox import is_web_url
from simulator.settings import Number, Phone
from simulator.wire import Form, JsonResponse, body_of, carrier_of, query_of

LARGEST_LIMIT = 1_000_000


class BadRequestError(Exception):
    """The request to a lever makes no sense; the message says how."""


def bad_request(_request: Request, error: Exception) -> Response:
    """400 with the reason."""
    return JsonResponse({"error": str(error)}, status_code=400)


async def read_ledger(request: Request) -> Response:
    """GET /simulator/ledger: newest last; filters to, channel, direction, since, limit."""
    query = query_of(request)
    entries = carrier_of(request).store.ledger(
        to=_plus(query.one("to")),
        channel=query.one("channel"),
        direction=query.one("direction"),
        since=_since(query),
        limit=_limit(query),
    )
    return JsonResponse([entry.as_ledger() for entry in entries])


def _plus(address: str) -> str:
    """A `+` typed into a query string arrives as a space; no address begins with one."""
    return "+" + address.lstrip() if address.startswith(" ") else address


async def clear_ledger(request: Request) -> Response:
    """DELETE /simulator/ledger."""
    carrier_of(request).clear()
    return Response(status_code=204)


def _since(query: Form) -> float:
    text = query.one("since")
    if not text:
        return 0.0
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise BadRequestError("since must be ISO 8601 or UNIX seconds") from None
    if moment.tzinfo is None:
        raise BadRequestError("since needs a time zone, e.g. Z")
    return moment.timestamp()


def _limit(query: Form) -> int:
    text = query.one("limit", "0")
    if not text.isdecimal() or int(text[:9]) > LARGEST_LIMIT:
        raise BadRequestError(f"limit must be a whole number up to {LARGEST_LIMIT}")
    return int(text)


async def read_behaviour(request: Request) -> Response:
    """GET /simulator/behaviour: the whole document, with what is left of `times`."""
    return JsonResponse(carrier_of(request).chaos.behaviour.as_json())


async def replace_behaviour(request: Request) -> Response:
    """PUT /simulator/behaviour: replaces the whole; `{}` is good manners again."""
    chaos = carrier_of(request).chaos
    try:
        chaos.replace(await json_of(request))
    except BehaviourError as error:
        raise BadRequestError(str(error)) from None
    return JsonResponse(chaos.behaviour.as_json())


async def json_of(request: Request) -> object:
    """The JSON body. Raises `BadRequestError`."""
    try:
        return json.loads(await body_of(request))
    except (ValueError, RecursionError):
        raise BadRequestError("the body is not JSON") from None


async def read_numbers(request: Request) -> Response:
    """GET /simulator/numbers: the senders that the account owns, with their webhooks."""
    numbers = carrier_of(request).settings.numbers
    return JsonResponse([asdict(number) for number in numbers.values()])


async def replace_numbers(request: Request) -> Response:
    """PUT /simulator/numbers: a list of numbers as `GET` shows them."""
    document = await json_of(request)
    if not isinstance(document, list) or not document:
        raise BadRequestError("a list of numbers is needed")
    try:
        numbers = [Number(**item) for item in document]
    except TypeError as error:
        raise BadRequestError(str(error)) from None
    for number in numbers:
        if not all(url == "" or is_web_url(url) for url in _urls(number)):
            raise BadRequestError(f"{number.value} has a webhook that is no URL")
    carrier_of(request).settings.numbers = {number.value: number for number in numbers}
    return await read_numbers(request)


def _urls(number: Number) -> tuple[str, ...]:
    return number.sms_url, number.voice_url, number.voice_status_url


async def read_phones(request: Request) -> Response:
    """GET /simulator/phones: the Android phones that are gateways, with all that is set of them."""
    return JsonResponse([asdict(phone) for phone in carrier_of(request).settings.phones.values()])


async def replace_phones(request: Request) -> Response:
    """PUT /simulator/phones: a list of phones as `GET` shows them; `webhook`: one URL for all."""
    document = await json_of(request)
    if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
        raise BadRequestError("a list of phones is needed")
    phones = {}
    for item in document:
        url = item.pop("webhook", "")
        try:
            phone = Phone(**item)
        except TypeError as error:
            raise BadRequestError(str(error)) from None
        if url:
            if not is_web_url(url):
                raise BadRequestError(f"{phone.name} has a webhook that is no URL")
            phone.register(url)
        phones[phone.name] = phone
    carrier_of(request).settings.phones = phones
    return await read_phones(request)


async def read_webhooks(request: Request) -> Response:
    """GET /simulator/webhooks: the last thousand requests made to the service, newest last."""
    outbox = carrier_of(request).outbox
    return JsonResponse({"dropped": outbox.dropped, "requests": list(outbox.log)})


async def clear_opt_outs(request: Request) -> Response:
    """DELETE /simulator/opt-outs."""
    carrier_of(request).store.clear_opt_outs()
    return Response(status_code=204)


async def read_opt_outs(request: Request) -> Response:
    """GET /simulator/opt-outs: who said stop to which number."""
    pairs = sorted(carrier_of(request).store.opt_outs)
    return JsonResponse([{"number": number, "address": address} for number, address in pairs])


async def public_key(request: Request) -> Response:
    """GET /simulator/sendgrid-public-key: as SendGrid's settings page shows it."""
    return PlainTextResponse(carrier_of(request).signer.public_key())


async def stream(request: Request) -> Response:
    """GET /simulator/events: server-sent events."""
    events = carrier_of(request).events
    if events.full():
        return PlainTextResponse("too many listeners", status_code=503)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events.stream(), media_type="text/event-stream", headers=headers)


async def health(request: Request) -> Response:
    """GET /simulator/health: it runs, how much it holds, and where SMTP listens (0: nowhere)."""
    carrier = carrier_of(request)
    return JsonResponse(
        {"status": "ok", "entries": len(carrier.store.entries), "smtp_port": carrier.smtp_port}
    )


ROUTES = [
    Route("/simulator/health", health),
    Route("/simulator/ledger", read_ledger, methods=["GET"]),
    Route("/simulator/ledger", clear_ledger, methods=["DELETE"]),
    Route("/simulator/behaviour", read_behaviour, methods=["GET"]),
    Route("/simulator/behaviour", replace_behaviour, methods=["PUT"]),
    Route("/simulator/numbers", read_numbers, methods=["GET"]),
    Route("/simulator/numbers", replace_numbers, methods=["PUT"]),
    Route("/simulator/phones", read_phones, methods=["GET"]),
    Route("/simulator/phones", replace_phones, methods=["PUT"]),
    Route("/simulator/opt-outs", read_opt_outs, methods=["GET"]),
    Route("/simulator/opt-outs", clear_opt_outs, methods=["DELETE"]),
    Route("/simulator/webhooks", read_webhooks, methods=["GET"]),
    Route("/simulator/sendgrid-public-key", public_key),
    Route("/simulator/events", stream),
]
