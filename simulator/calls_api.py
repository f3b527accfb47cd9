"""Twilio's Calls resource: create, read, list, update a call in progress, delete.

Source: https://www.twilio.com/docs/voice/api/call-resource and the error dictionary.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.carrier import Carrier
from simulator.errors import ApiError
from simulator.faults import operation
from simulator.line import RedirectedError
from simulator.numbers import e164
from simulator.outbox import is_web_url
from simulator.resources import API, CALL_ENDED, Call, new_sid, rfc2822
from simulator.rest import date_filter, guarded, not_found, page_of
from simulator.switchboard import Switchboard
from simulator.twiml import VOICE, TwimlError, parse
from simulator.wire import Form, JsonResponse, carrier_of, exchange_of, form_of, query_of

EVENTS = ("initiated", "ringing", "answered", "completed")
LONGEST_TWIML = 4000
LONGEST_TIMEOUT = 600


async def create(request: Request) -> Response:
    """POST Calls.json: 201 with the call, queued."""
    carrier, switchboard = carrier_of(request), exchange_of(request).switchboard
    call = call_from(carrier, await form_of(request))
    if switchboard.full():
        raise ApiError(20429)
    carrier.accept(call)
    answer = as_json(carrier, call)
    switchboard.start(call)
    return JsonResponse(answer, status_code=201)


async def read(request: Request) -> Response:
    """GET Calls/{sid}.json."""
    return JsonResponse(as_json(carrier_of(request), _named(request)))


async def index(request: Request) -> Response:
    """GET Calls.json; filters To, From, Status, StartTime(<,>), EndTime(<,>), ParentCallSid."""
    carrier, query = carrier_of(request), query_of(request)
    sender, status = query.one("From"), query.one("Status")
    started = date_filter(query, "StartTime")
    ended = date_filter(query, "EndTime")
    found = (
        entry
        for entry in carrier.store.newest_first(query.one("To"))
        if isinstance(entry, Call)
        and not entry.deleted
        and carrier.lists(entry)
        and not query.one("ParentCallSid")
        and (not sender or entry.sender == sender)
        and (not status or entry.state == status)
        and started(carrier.clock(entry.started_at))
        and ended(carrier.clock(entry.ended_at))
    )
    return page_of(
        request, "calls", found, lambda entry: as_json(carrier, entry), lambda entry: entry.sid
    )


async def update(request: Request) -> Response:
    """POST Calls/{sid}.json: Status=canceled or completed, or new Twiml or Url."""
    carrier, call, form = carrier_of(request), _named(request), await form_of(request)
    status = form.one("Status")
    if status not in ("", "canceled", "completed"):
        raise ApiError(20001, "Status must be canceled or completed")
    if call.state in CALL_ENDED:
        raise ApiError(21220)
    switchboard = exchange_of(request).switchboard
    if status:
        _end(switchboard, call, status)
    else:
        _redirect(switchboard, call, form)
    return JsonResponse(as_json(carrier, call))


def _end(switchboard: Switchboard, call: Call, status: str) -> None:
    """`canceled` ends only what was not answered yet; `completed` ends both."""
    answered = call.answered_at is not None
    if status == "canceled" and answered:
        raise ApiError(21220)
    switchboard.hang_up(call.sid, "completed" if answered else "canceled")


def _redirect(switchboard: Switchboard, call: Call, form: Form) -> None:
    if call.answered_at is None:
        raise ApiError(21220)
    url, twiml = form.one("Url"), form.one("Twiml")
    if twiml:
        verbs = parse_or_refuse(twiml)
        switchboard.redirect(call.sid, RedirectedError(verbs, "", "POST"))
        return
    if not is_web_url(url):
        raise ApiError(21205, url)
    method = _method(form, "Method")
    switchboard.redirect(call.sid, RedirectedError(None, url, method))


def parse_or_refuse(twiml: str) -> list[Any]:
    """TwiML given to the API itself. Raises `ApiError`, as nothing has begun yet."""
    if len(twiml) > LONGEST_TWIML:
        raise ApiError(20001, "Twiml is longer than 4000 characters")
    try:
        return parse(twiml, VOICE)
    except TwimlError as error:
        raise ApiError(20001, f"Twiml: {error}") from None


async def delete(request: Request) -> Response:
    """DELETE Calls/{sid}.json: 204; only a call that has ended."""
    call = _named(request)
    if call.state not in CALL_ENDED:
        raise ApiError(20009, "A call in progress cannot be deleted")
    call.deleted = True
    carrier_of(request).changed(call)
    return Response(status_code=204)


def _named(request: Request) -> Call:
    call = carrier_of(request).store.call(request.path_params["sid"])
    if call is None:
        raise not_found(request)
    return call


def call_from(carrier: Carrier, form: Form) -> Call:
    """Validate a request as the provider does. Raises `ApiError` with the published code."""
    to, sender = _numbers(carrier, form)
    url, twiml = form.one("Url"), form.one("Twiml")
    if not twiml and not is_web_url(url):
        raise ApiError(21205, url)
    if len(twiml) > LONGEST_TWIML:
        raise ApiError(20001, "Twiml is longer than 4000 characters")
    for name in ("StatusCallback", "FallbackUrl", "RecordingStatusCallback"):
        if form.one(name) and not is_web_url(form.one(name)):
            raise ApiError(21609 if name == "StatusCallback" else 21205, form.one(name))
    return Call(
        sid=new_sid("CA"),
        channel="voice",
        direction="outbound-api",
        sender=sender,
        to=to,
        url="" if twiml else url,
        twiml=twiml,
        method=_method(form, "Method"),
        fallback_url=form.one("FallbackUrl"),
        fallback_method=_method(form, "FallbackMethod"),
        status_callback=form.one("StatusCallback"),
        status_callback_method=_method(form, "StatusCallbackMethod"),
        status_callback_events=_events(form),
        timeout=_timeout(form),
        machine_detection=form.one("MachineDetection"),
        record=form.one("Record").lower() == "true",
        recording_status_callback=form.one("RecordingStatusCallback"),
        recording_status_callback_method=_method(form, "RecordingStatusCallbackMethod"),
    )


def _numbers(carrier: Carrier, form: Form) -> tuple[str, str]:
    given_to, given_from = form.one("To").strip(), form.one("From").strip()
    if not given_to:
        raise ApiError(21201)
    if not given_from:
        raise ApiError(21213)
    to, sender = e164(given_to), e164(given_from)
    if to is None:
        raise ApiError(21211, given_to)
    if sender is None:
        raise ApiError(21212, given_from)
    owned = carrier.settings.numbers.get(sender)
    if owned is None or not owned.voice:
        raise ApiError(21210, given_from)
    return to, sender


def _method(form: Form, name: str) -> str:
    method = form.one(name, "POST").upper()
    if method not in ("GET", "POST"):
        raise ApiError(20001, f"{name} must be GET or POST")
    return method


def _events(form: Form) -> list[str]:
    wanted = [event for text in form.all("StatusCallbackEvent") for event in text.split()]
    if not set(wanted) <= set(EVENTS):
        raise ApiError(21626, " ".join(wanted))
    return wanted or ["completed"]


def _timeout(form: Form) -> int:
    text = form.one("Timeout", "60")
    if not text.isdecimal() or not 1 <= int(text[:9]) <= LONGEST_TIMEOUT:
        raise ApiError(20001, f"Timeout must be a whole number from 1 to {LONGEST_TIMEOUT}")
    return int(text)


def as_json(carrier: Carrier, call: Call) -> dict[str, Any]:
    """The call as the API shows it; numbers that Twilio writes as strings are strings."""
    account = carrier.settings.account_sid
    uri = f"{API}/Accounts/{account}/Calls/{call.sid}"
    parts = ("notifications", "recordings", "payments", "events", "siprec", "streams")
    duration = call.duration()  # empty for what was not answered or goes on
    return {
        "account_sid": account,
        "answered_by": call.answered_by or None,
        "api_version": "2010-04-01",
        "caller_name": "",
        "date_created": rfc2822(carrier.clock(call.accepted_at)),
        "date_updated": rfc2822(carrier.clock(call.updated_at)),
        "direction": call.direction,
        "duration": None if duration is None else str(duration),
        "end_time": rfc2822(carrier.clock(call.ended_at)),
        "forwarded_from": "",
        "from": call.sender,
        "from_formatted": call.sender,
        "group_sid": None,
        "parent_call_sid": None,
        "phone_number_sid": "PN" + account[2:],
        "price": None,
        "price_unit": "USD",
        "queue_time": "0",
        "sid": call.sid,
        "start_time": rfc2822(carrier.clock(call.started_at)),
        "status": call.state,
        "stir_verstat": None,
        "subresource_uris": {part: f"{uri}/{part.capitalize()}.json" for part in parts},
        "to": call.to,
        "to_formatted": call.to,
        "trunk_sid": "",
        "uri": f"{uri}.json",
    }


_LIST = f"{API}/Accounts/{{account}}/Calls.json"
_ONE = f"{API}/Accounts/{{account}}/Calls/{{sid}}.json"

ROUTES = [
    Route(_LIST, operation("calls.create", guarded(create)), methods=["POST"]),
    Route(_LIST, operation("calls.list", guarded(index)), methods=["GET"]),
    Route(_ONE, operation("calls.read", guarded(read)), methods=["GET"]),
    Route(_ONE, operation("calls.update", guarded(update)), methods=["POST"]),
    Route(_ONE, operation("calls.delete", guarded(delete)), methods=["DELETE"]),
]
