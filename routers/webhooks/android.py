"""Webhooks of Android phones that are senders. Each phone signs with a key of its own.

The address names the sender, and so the establishment and the key: what somebody else's phone
signs is forged here. The signature covers body and time (https://docs.sms-gate.app/features/
webhooks/, "Payload Signing"); the phone signs each repeat anew.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from database.session import Database
from models.establishment import Sender
from routers.state import State, state_of
from services.errors import Forbidden, Invalid, NotFound
from services.establishment.directory import Directory
from services.inbound.messages import store
from services.webhook.android import AndroidEvent, number_of, phone_of, read_event
from services.webhook.callback import apply_status, parse_reference
from services.webhook.door import Webhook
from utils.failpoint import reached
from utils.logs import get_logger
from utils.metrics import WEBHOOKS_FOR_NOBODY, WEBHOOKS_REFUSED

MESSAGE, STATUS = "android.message", "android.status"
FRESH = 300
"""Seconds that a phone's clock may be off, as its makers advise. Repeats are told by their id."""

router = APIRouter(prefix="/android", tags=["webhooks"], include_in_schema=False)

log = get_logger("careloop.webhooks")


async def signed_body(
    request: Request, sender_id: Annotated[int, Path(ge=1, le=2**31 - 1)]
) -> bytes:
    """A body that the phone of this sender signed just now; raises `Forbidden`."""
    state, body = state_of(request), await request.body()
    reason = _wrong(await _key(state, sender_id), body, request)
    if reason is None:
        return body
    WEBHOOKS_REFUSED.labels("android").inc()
    log.warning("webhook refused", sender=sender_id, reason=reason)
    if reason == "clock":
        raise Forbidden(
            "This was signed at another time than now: the phone's clock, or this server's, is"
            " wrong by more than five minutes.",
            code="signature_expired",
        )
    raise Forbidden("This request was not signed by the provider.", code="signature_invalid")


async def _key(state: State, sender_id: int) -> bytes | None:
    """The key of a sender's phone; None for what is no phone of anybody's."""
    found = state.directory.sender_by_id
    if state.directory.fresh:
        sender = found(sender_id)
    else:
        sender = await run_in_threadpool(found, sender_id)
    phone = None if sender is None else phone_of(sender)
    return None if phone is None else phone.signing_key.get_secret_value().encode()


def _wrong(key: bytes | None, body: bytes, request: Request) -> str | None:
    """What is wrong with a signature, in a word; None when nothing is."""
    stamp = request.headers.get("X-Timestamp", "")
    signature = request.headers.get("X-Signature", "").lower()
    if key is None:
        return "no phone of ours"
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) < 13):
        return "no time"
    expected = hmac.digest(key, body + stamp.encode(), hashlib.sha256).hex()
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        return "signature"
    return None if abs(time.time() - int(stamp)) <= FRESH else "clock"


SignedBody = Annotated[bytes, Depends(signed_body)]


@router.post("/{sender_id}", summary="An event of a phone that is a sender")
async def event(request: Request, sender_id: int, body: SignedBody) -> Response:
    """Keep a message or a status; what else a phone tells is acknowledged, so that it stops."""
    told = _event(body)
    kind = MESSAGE if told.is_message else STATUS
    if told.is_message or told.is_status:
        fields = {"id": told.id, "event": told.event, "payload": dict(told.payload)}
        query = {"sender": str(sender_id)}
        await state_of(request).door.take(Webhook(kind, query, fields, datetime.now(UTC)))
    else:
        log.info("event of a phone", sender=sender_id, told=told.event[:32])
    return Response(status_code=200)


def _event(body: bytes) -> AndroidEvent:
    try:
        told = read_event(json.loads(body))
    except (ValueError, RecursionError):
        told = None
    if told is None:
        raise Invalid("An event of the phone is needed.", field="body", code="json_invalid")
    return told


def store_message(database: Database, directory: Directory, webhook: Webhook) -> None:
    """Keep what somebody wrote to a phone."""
    told, named = _told(webhook), _sender(directory, webhook)
    if told is None or named is None:
        return
    sender = number_of(directory, named, told.sim)
    with database.establishment(sender.establishment_id) as session:
        message = store(session, sender, told.inbound(sender, webhook.received_at))
        reached("inbound.before_commit")
    reached("inbound.after_commit")
    if message is not None:
        log.info("message received", establishment=sender.establishment_id, message=message.id)


def store_status(database: Database, directory: Directory, webhook: Webhook) -> None:
    """Let what a phone says of a message move the delivery that the message's id names.

    A phone speaks for its own hospital only. What it sent for somebody else, or for a delivery that
    is not there any more, is acknowledged: to repeat it would not help.
    """
    told, sender = _told(webhook), _sender(directory, webhook)
    reference = parse_reference(told.message_id) if told else None
    if told is None or sender is None or reference is None:
        return
    if reference.establishment_id != sender.establishment_id:
        log.warning("status of a delivery of somebody else", sender=sender.id)
        return
    try:
        with database.establishment(sender.establishment_id) as session:
            news = told.news(number_of(directory, sender, told.sim), reference.attempt)
            delivery = apply_status(session, reference.delivery_id, news)
            reached("callback.before_commit")
    except NotFound:
        log.warning("status of no delivery", sender=sender.id)
        return
    reached("callback.after_commit")
    log.info(
        "callback",
        establishment=sender.establishment_id,
        delivery=delivery.id,
        said=told.event,
        status=delivery.status,
        correlation_id=delivery.correlation_id,
    )


def _told(webhook: Webhook) -> AndroidEvent | None:
    return read_event(webhook.fields)


def _sender(directory: Directory, webhook: Webhook) -> Sender | None:
    """The sender that an event's address named; None, and noted, when it is gone."""
    found = directory.sender_by_id(int(webhook.query["sender"]))
    if found is None:
        WEBHOOKS_FOR_NOBODY.labels("android").inc()
        log.error("event of a phone that is no sender any more")
    return found


HANDLERS = {MESSAGE: store_message, STATUS: store_status}
