"""What the phone page (or a test in its place) does: type, call, pick up, press keys, speak."""

from __future__ import annotations

import base64
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.audio import LONGEST_SECONDS, speech_seconds
from simulator.control_api import BadRequestError, json_of
from simulator.inbound import receive_call, receive_message
from simulator.line import Signal
from simulator.numbers import WHATSAPP, e164, split_channel
from simulator.resources import Call
from simulator.settings import Number, Phone
from simulator.wire import JsonResponse, carrier_of, exchange_of

LONGEST_INBOUND = 1600
MOST_ATTACHED = 10


async def type_message(request: Request) -> Response:
    """POST /simulator/inbound/sms {from, to, body, media?}: 201 with what the service answered.

    With `whatsapp:` before both numbers it is a message on WhatsApp. `media`: up to ten pieces,
    each with its `content_type` and its `data` in base64.
    """
    document = await _document(request)
    fields, attached = _texts(document, "from", "to", "body"), _attached(document)
    if not len(fields["body"]) + len(attached) > 0 or len(fields["body"]) > LONGEST_INBOUND:
        raise BadRequestError("body must have 1 to 1600 characters")
    (channel, from_), (other, to) = map(split_channel, (fields["from"], fields["to"]))
    if channel != other:
        raise BadRequestError("from and to must be of the same channel")
    sender = _person(from_)
    phone = None if channel == WHATSAPP else _gateway(request, fields["to"])
    if phone is not None:
        phones, size = exchange_of(request).phones, sum(len(piece) for _, piece in attached)
        sid, told = await phones.receive(phone, sender, fields["body"], size)
        status, error = (told.status, told.error) if told else (None, "")
        answer = {"id": sid, "webhook_status": status, "error": error or None}
        return JsonResponse(answer | {"opt_out_type": None, "replies": []}, status_code=201)
    number = _number(request, to)
    able = number.whatsapp if channel == WHATSAPP else number.sms
    if not able or e164(number.value) is None:
        raise BadRequestError(f"{number.value} cannot receive messages")
    exchange = exchange_of(request)
    outcome = await receive_message(exchange, number, sender, fields["body"], channel, attached)
    return JsonResponse(outcome.as_json(), status_code=201)


def _attached(document: dict[str, Any]) -> list[tuple[str, bytes]]:
    pieces = document.get("media", [])
    if not isinstance(pieces, list) or len(pieces) > MOST_ATTACHED:
        raise BadRequestError(f"media must be a list of up to {MOST_ATTACHED}")
    try:
        return [
            (str(piece["content_type"]), base64.b64decode(piece["data"], validate=True))
            for piece in pieces
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise BadRequestError("each of media has a content_type, and data in base64") from error


async def dial(request: Request) -> Response:
    """POST /simulator/inbound/calls {from, to}: 201 with the call, as in the ledger."""
    fields = await _fields(request, "from", "to")
    number = _number(request, fields["to"])
    if not number.voice or not number.voice_url:
        raise BadRequestError(f"{number.value} has no voice webhook")
    call = receive_call(exchange_of(request), number, _person(fields["from"]))
    return JsonResponse(call.as_ledger(), status_code=201)


async def answer(request: Request) -> Response:
    """POST /simulator/calls/{sid}/answer: pick up."""
    return _signal(request, Signal("answer"))


async def decline(request: Request) -> Response:
    """POST /simulator/calls/{sid}/decline: the caller hears that the line is busy."""
    return _signal(request, Signal("decline"))


async def hang_up(request: Request) -> Response:
    """POST /simulator/calls/{sid}/hangup."""
    switchboard, sid = exchange_of(request).switchboard, request.path_params["sid"]
    if not switchboard.hang_up(sid, "completed"):
        raise BadRequestError("no such call under way")
    return Response(status_code=204)


async def press(request: Request) -> Response:
    """POST /simulator/calls/{sid}/digits {digits}: keys 0 to 9, * and #."""
    digits = (await _fields(request, "digits"))["digits"]
    if not digits or len(digits) > 50 or set(digits) - set("0123456789*#"):
        raise BadRequestError("digits must be 1 to 50 of 0-9, * and #")
    return _signal(request, *(Signal("digit", digit) for digit in digits))


async def speak(request: Request) -> Response:
    """POST /simulator/calls/{sid}/speak {text, seconds?, hang_up?}, or {start: true} to begin."""
    document = await _document(request)
    if document.get("start") is True:
        return _signal(request, Signal("speaking"))
    text = document.get("text", "")
    seconds = document.get("seconds", speech_seconds(text) if isinstance(text, str) else -1)
    if not isinstance(text, str) or len(text) > 5000:
        raise BadRequestError("text must be up to 5000 characters")
    if not isinstance(seconds, int) or not 0 <= seconds <= LONGEST_SECONDS:
        raise BadRequestError(f"seconds must be a whole number up to {LONGEST_SECONDS}")
    last = document.get("hang_up") is True
    return _signal(request, Signal("speech", text, seconds, last))


def _signal(request: Request, *signals: Signal) -> Response:
    exchange, sid = exchange_of(request), request.path_params["sid"]
    call = exchange.carrier.store.entries.get(sid)
    if not isinstance(call, Call):
        raise BadRequestError("no such call")
    for signal in signals:
        if not exchange.switchboard.signal(sid, signal):
            raise BadRequestError("the call is over")
    return Response(status_code=204)


def _gateway(request: Request, value: str) -> Phone | None:
    """The Android phone whose number this is."""
    phones = carrier_of(request).settings.phones.values()
    return next((phone for phone in phones if phone.number == (e164(value) or value)), None)


def _number(request: Request, value: str) -> Number:
    number = carrier_of(request).settings.numbers.get(e164(value) or value)
    if number is None:
        raise BadRequestError(f"{value} is not a number of this account")
    return number


def _person(value: str) -> str:
    number = e164(value)
    if number is None:
        raise BadRequestError(f"{value} is not a phone number")
    return number


async def _document(request: Request) -> dict[str, Any]:
    document = await json_of(request)
    if not isinstance(document, dict):
        raise BadRequestError("a JSON object is needed")
    return document


async def _fields(request: Request, *names: str) -> dict[str, str]:
    return _texts(await _document(request), *names)


def _texts(document: dict[str, Any], *names: str) -> dict[str, str]:
    fields = {name: document.get(name) for name in names}
    missing = [name for name, value in fields.items() if not isinstance(value, str)]
    if missing:
        raise BadRequestError(f"{', '.join(missing)} must be text")
    return {name: str(value) for name, value in fields.items()}


ROUTES = [
    Route("/simulator/inbound/sms", type_message, methods=["POST"]),
    Route("/simulator/inbound/calls", dial, methods=["POST"]),
    Route("/simulator/calls/{sid}/answer", answer, methods=["POST"]),
    Route("/simulator/calls/{sid}/decline", decline, methods=["POST"]),
    Route("/simulator/calls/{sid}/hangup", hang_up, methods=["POST"]),
    Route("/simulator/calls/{sid}/digits", press, methods=["POST"]),
    Route("/simulator/calls/{sid}/speak", speak, methods=["POST"]),
]
