"""Twilio's Media resource of a message: list, read, the bytes by a redirect, delete.

Source: https://www.twilio.com/docs/messaging/api/media-resource. The bytes are not at the API: it
answers with a redirect to a store that wants no credentials and knows nothing of the account.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator.carrier import Carrier
from simulator.faults import operation
from simulator.resources import API, Attachment, rfc2822
from simulator.rest import guarded, not_found, page_of
from simulator.wire import JsonResponse, carrier_of


async def index(request: Request) -> Response:
    """GET Messages/{message}/Media.json."""
    carrier, message = carrier_of(request), request.path_params["message"]
    if carrier.store.message(message) is None:
        raise not_found(request)
    found = (one for one in carrier.store.attachments.values() if one.message_sid == message)
    return page_of(
        request, "media_list", found, lambda item: as_json(carrier, item), lambda item: item.sid
    )


async def read(request: Request) -> Response:
    """GET Messages/{message}/Media/{sid}.json."""
    return JsonResponse(as_json(carrier_of(request), _named(request)))


async def fetch(request: Request) -> Response:
    """GET Messages/{message}/Media/{sid}: where the bytes are."""
    piece = _named(request)
    return RedirectResponse(f"{request.base_url}media-store/{piece.sid}", status_code=307)


async def stored(request: Request) -> Response:
    """The store. Whoever shows it the account's credentials has given them away: 400."""
    piece = carrier_of(request).store.attachments.get(request.path_params["sid"])
    if "authorization" in request.headers:
        return Response("credentials are not for this store", status_code=400)
    if piece is None:
        return Response(status_code=404)
    return Response(piece.data, media_type=piece.content_type)


async def delete(request: Request) -> Response:
    """DELETE Messages/{message}/Media/{sid}.json: 204, and it is gone."""
    piece = _named(request)
    del carrier_of(request).store.attachments[piece.sid]
    return Response(status_code=204)


def _named(request: Request) -> Attachment:
    piece = carrier_of(request).store.attachments.get(request.path_params["sid"])
    if piece is None or piece.message_sid != request.path_params["message"]:
        raise not_found(request)
    return piece


def as_json(carrier: Carrier, piece: Attachment) -> dict[str, Any]:
    """The piece as the API shows it."""
    account = carrier.settings.account_sid
    return {
        "account_sid": account,
        "content_type": piece.content_type,
        "date_created": rfc2822(piece.created_at),
        "date_updated": rfc2822(piece.created_at),
        "parent_sid": piece.message_sid,
        "sid": piece.sid,
        "uri": f"{API}/Accounts/{account}/Messages/{piece.message_sid}/Media/{piece.sid}.json",
    }


_ALL = f"{API}/Accounts/{{account}}/Messages/{{message}}/Media"

ROUTES = [
    Route(f"{_ALL}.json", operation("media.list", guarded(index)), methods=["GET"]),
    Route(f"{_ALL}/{{sid}}.json", operation("media.read", guarded(read)), methods=["GET"]),
    Route(f"{_ALL}/{{sid}}.json", operation("media.delete", guarded(delete)), methods=["DELETE"]),
    Route(f"{_ALL}/{{sid}}", operation("media.fetch", guarded(fetch)), methods=["GET"]),
    Route("/media-store/{sid}", stored, methods=["GET"]),
]
