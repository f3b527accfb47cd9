"""Twilio's Recordings resource: list, read, media, delete.

Source: https://www.twilio.com/docs/voice/api/recording.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.carrier import Carrier
from simulator.faults import operation
from simulator.resources import API, Recording, rfc2822
from simulator.rest import date_filter, guarded, not_found, page_of
from simulator.wire import JsonResponse, carrier_of, query_of


async def index(request: Request) -> Response:
    """GET Recordings.json (all, or one call's), newest first."""
    carrier, query = carrier_of(request), query_of(request)
    call_sid = request.path_params.get("call") or query.one("CallSid")
    created = date_filter(query, "DateCreated")
    found = (
        recording
        for recording in reversed(carrier.store.recordings.values())
        if not recording.deleted
        and (not call_sid or recording.call_sid == call_sid)
        and created(recording.created_at)
    )
    return page_of(
        request, "recordings", found, lambda item: as_json(carrier, item), lambda item: item.sid
    )


async def read(request: Request) -> Response:
    """GET Recordings/{sid}.json."""
    return JsonResponse(as_json(carrier_of(request), _named(request)))


async def media(request: Request) -> Response:
    """GET Recordings/{sid}, .wav or .mp3: the audio.

    There is no MP3 encoder here: .mp3 answers with the WAV bytes and says so in its type, so that
    who trusts the name instead of probing finds out.
    """
    recording = _named(request)
    name = f'inline; filename="{recording.sid}.wav"'
    return Response(recording.wav, media_type="audio/x-wav", headers={"Content-Disposition": name})


async def delete(request: Request) -> Response:
    """DELETE Recordings/{sid}.json: 204, and the audio is gone."""
    recording = _named(request)
    recording.deleted, recording.wav, recording.status = True, b"", "deleted"
    carrier_of(request).store.add_recording(recording)
    return Response(status_code=204)


def _named(request: Request) -> Recording:
    recording = carrier_of(request).store.recordings.get(request.path_params["sid"])
    call_sid = request.path_params.get("call")
    if recording is None or recording.deleted or call_sid not in (None, recording.call_sid):
        raise not_found(request)
    return recording


def as_json(carrier: Carrier, recording: Recording) -> dict[str, Any]:
    """The recording as the API shows it."""
    account = carrier.settings.account_sid
    uri = f"{API}/Accounts/{account}/Recordings/{recording.sid}"
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "call_sid": recording.call_sid,
        "channels": 1,
        "conference_sid": None,
        "date_created": rfc2822(recording.created_at),
        "date_updated": rfc2822(recording.updated_at),
        "duration": str(recording.duration),
        "encryption_details": None,
        "error_code": None,
        "media_url": f"{carrier.settings.base_url()}{uri}",
        "price": None,
        "price_unit": "USD",
        "sid": recording.sid,
        "source": recording.source,
        "start_time": rfc2822(recording.created_at),
        "status": recording.status,
        "subresource_uris": {
            "add_on_results": f"{uri}/AddOnResults.json",
            "transcriptions": f"{uri}/Transcriptions.json",
        },
        "track": "both",
        "uri": f"{uri}.json",
    }


_BASE = f"{API}/Accounts/{{account}}"
_LIST = operation("recordings.list", guarded(index))
_READ = operation("recordings.read", guarded(read))
_DELETE = operation("recordings.delete", guarded(delete))
_MEDIA = operation("recordings.media", guarded(media))

ROUTES = [
    Route(f"{_BASE}/Recordings.json", _LIST, methods=["GET"]),
    Route(f"{_BASE}/Recordings/{{sid}}.json", _READ, methods=["GET"]),
    Route(f"{_BASE}/Recordings/{{sid}}.json", _DELETE, methods=["DELETE"]),
    Route(f"{_BASE}/Recordings/{{sid}}.wav", _MEDIA, methods=["GET"]),
    Route(f"{_BASE}/Recordings/{{sid}}.mp3", _MEDIA, methods=["GET"]),
    Route(f"{_BASE}/Recordings/{{sid}}", _MEDIA, methods=["GET"]),
    Route(f"{_BASE}/Calls/{{call}}/Recordings.json", _LIST, methods=["GET"]),
    Route(f"{_BASE}/Calls/{{call}}/Recordings/{{sid}}.json", _READ, methods=["GET"]),
    Route(f"{_BASE}/Calls/{{call}}/Recordings/{{sid}}.json", _DELETE, methods=["DELETE"]),
]
