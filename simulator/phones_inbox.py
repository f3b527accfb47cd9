"""What came in on a phone, as its API lists it: GET /inbox.

Source: the app's `InboxRoutes.kt` and `IncomingMessagesService.kt` (July 2026). The list is the
app's own, of what it has heard of, not Android's. A server has no such list yet (`3rdparty.go`,
August 2026).
"""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from simulator.phones_rules import PhoneError, java_hash, moment
from simulator.phones_shown import by_server
from simulator.resources import PhoneMessage
from simulator.settings import Phone
from simulator.wire import Form, JsonResponse, carrier_of, query_of

TYPES = ("SMS", "DATA_SMS", "MMS", "MMS_DOWNLOADED")
DEFAULT_PAGE, LONGEST_PAGE = 50, 500


async def inbox(request: Request) -> Response:
    """GET /inbox, newest first; filters type, from, to, deviceId; limit, offset."""
    if by_server(request):
        return JsonResponse({"message": "Inbox API is not implemented yet"}, status_code=501)
    carrier, query = carrier_of(request), query_of(request)
    phone = carrier.settings.phones[request.path_params["phone"]]
    if query.one("type") not in ("", *TYPES):
        raise PhoneError("Invalid type")
    if query.one("deviceId") not in ("", phone.device_id):
        raise PhoneError("Invalid device ID")
    offset, limit = _page(query)
    since, until = _moment(query, "from", 0.0), _moment(query, "to", float("inf"))
    if since > until:
        raise PhoneError("Start date cannot be after end date")
    found = [
        entry
        for entry in carrier.store.newest_first()
        if isinstance(entry, PhoneMessage)
        and (entry.device, entry.direction) == (phone.name, "inbound")
        and query.one("type") in ("", _type(entry))
        and since <= datetime.fromisoformat(entry.received_at).timestamp() <= until
    ]
    found.sort(key=lambda entry: (entry.received_at, entry.own_id), reverse=True)
    page = [_shown(phone, entry) for entry in found[offset : offset + limit]]
    return JsonResponse(page, headers={"X-Total-Count": str(len(found))})


def _page(query: Form) -> tuple[int, int]:
    """Offset and limit; what is no number counts as not given."""
    given = [query.one("offset", "0"), query.one("limit", str(DEFAULT_PAGE))]
    numbers = [int(text) if text.removeprefix("-").isdecimal() else None for text in given]
    offset = 0 if numbers[0] is None else numbers[0]
    limit = DEFAULT_PAGE if numbers[1] is None else numbers[1]
    if not 1 <= limit <= LONGEST_PAGE:
        raise PhoneError("limit must be between 1 and 500")
    if offset < 0:
        raise PhoneError("offset must be >= 0")
    return offset, limit


def _moment(query: Form, name: str, default: float) -> float:
    text = query.one(name)
    found = moment(text, -1.0) if text else default
    if found < 0:
        raise PhoneError(f"Invalid {name} datetime")
    return found


def _type(entry: PhoneMessage) -> str:
    return "MMS" if entry.size else "SMS"


def _shown(phone: Phone, entry: PhoneMessage) -> dict[str, object]:
    picture = f"mms-header:{java_hash(entry.own_id)}"
    return {
        "id": picture if entry.size else f"text:{entry.own_id}",
        "type": _type(entry),
        "sender": entry.sender,
        "recipient": phone.number,
        "simNumber": entry.sim,
        "contentPreview": entry.body or ("MMS notification" if entry.size else ""),
        "createdAt": entry.received_at,
        "attachments": [],
    }
