"""The door of every API operation: latency, faults and refusals, in one place."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from email.utils import formatdate

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from simulator.behaviour import Fault
from simulator.errors import MESSAGES, ApiError, error_body
from simulator.wire import CutResponse, Handler, JsonResponse, body_of, carrier_of

Refusal = Callable[[Fault], Response]
_CODES = {400: 20001, 401: 20003, 404: 20404, 409: 20009, 429: 20429, 500: 20500, 503: 20503}


def operation(name: str, handler: Handler, refusal: Refusal | None = None) -> Handler:
    """Wrap a handler so that the behaviour in force strikes before or after it.

    What came whole counts: a carrier that is slow takes a message after its sender has hung up.
    """

    async def answer_to(request: Request) -> Response:
        carrier = carrier_of(request)
        try:
            await body_of(request)  # who hangs up leaves nothing to be read later
        except ClientDisconnect:
            return CutResponse()
        latency = carrier.chaos.behaviour.latency_ms
        if latency:
            await asyncio.sleep(latency / 1000)
        fault = carrier.chaos.fault_for(name) if carrier.chaos.behaviour.faults else None
        if fault is None:
            return await _answer(handler, request)
        if fault.comes_after():
            answer = await _answer(handler, request)
            return await _strike(fault, refusal) or answer
        return await _strike(fault, refusal) or await _answer(handler, request)

    async def endpoint(request: Request) -> Response:
        answer = await answer_to(request)
        now = carrier_of(request).clock(time.time())
        answer.headers["Date"] = formatdate(now, usegmt=True)
        return answer

    return endpoint


async def _answer(handler: Handler, request: Request) -> Response:
    try:
        return await handler(request)
    except ApiError as error:
        return JsonResponse(error.body(), status_code=error.status)


async def _strike(fault: Fault, refusal: Refusal | None) -> Response | None:
    """The fault's own answer; None where the request goes its way (only later)."""
    if fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
        return None
    if fault.kind == "status":
        return (refusal or twilio_refusal)(fault)
    return CutResponse()


def twilio_refusal(fault: Fault) -> Response:
    """Twilio's error body, with Retry-After if the fault has it."""
    code = fault.code or _CODES.get(fault.status, 20500)
    known = MESSAGES.get(code, (fault.status, "Simulated error"))[1]
    body = error_body(fault.status, code, known.format("simulated"))
    return JsonResponse(body, status_code=fault.status, headers=retry_header(fault))


def retry_header(fault: Fault) -> dict[str, str]:
    """Retry-After in seconds, if asked for."""
    return {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
