"""SendGrid's event webhook: signed batches of what became of e-mails.

The signature covers its time and the body. SendGrid repeats a batch for a day until it gets a 2xx.
"""

from __future__ import annotations

import binascii
import json
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from fastapi import APIRouter, Request, Response
from sendgrid.helpers.eventwebhook import EventWebhook, EventWebhookHeader

from database.away import is_away
from database.session import Database
from routers.state import State, state_of
from services.errors import CareloopError, Forbidden, Invalid
from services.establishment.directory import Directory
from services.webhook.door import Webhook
from services.webhook.sendgrid import EmailEvent, apply_event, read_event
from utils.email_client import REFERENCE_ARGUMENT
from utils.logs import get_logger
from utils.metrics import WEBHOOKS_REFUSED

EVENTS = "sendgrid.events"
OLDEST, AHEAD = 26 * 3600, 300
"""Seconds: a day of repeats and some; and how far its clock may be ahead of ours."""

router = APIRouter(prefix="/sendgrid", tags=["webhooks"], include_in_schema=False)

log = get_logger("careloop.webhooks")


@router.post("/events", summary="What became of e-mails")
async def events(request: Request) -> Response:
    state, body = state_of(request), await request.body()
    if not _genuine(state, request, body):
        WEBHOOKS_REFUSED.labels("sendgrid").inc()
        raise Forbidden("This request was not signed by the provider.", code="signature_invalid")
    batch = _batch(body)
    webhook = Webhook(EVENTS, {}, {"events": batch}, datetime.now(UTC))
    await state.door.take(webhook)
    return Response(status_code=204)


def _genuine(state: State, request: Request, body: bytes) -> bool:
    """True when SendGrid signed this body, not long ago."""
    key = state.settings.email.sendgrid_webhook_key
    stamp = request.headers.get(EventWebhookHeader.TIMESTAMP, "")
    signature = request.headers.get(EventWebhookHeader.SIGNATURE, "")
    if not key or not (stamp.isascii() and stamp.isdigit() and len(stamp) < 13):
        return False
    if not -AHEAD <= time.time() - int(stamp) <= OLDEST:
        return False
    try:
        text = body.decode()
        return bool(_verifier(key).verify_signature(text, signature, stamp))
    except (UnicodeDecodeError, binascii.Error, ValueError):
        return False


@lru_cache(maxsize=2)
def _verifier(key: str) -> EventWebhook:
    try:
        return EventWebhook(key)
    except (ValueError, UnsupportedAlgorithm) as error:
        log.error("SENDGRID_WEBHOOK_KEY is no key: events of e-mails are refused")
        raise ValueError("not a public key") from error


def _batch(body: bytes) -> list[Any]:
    try:
        batch = json.loads(body)
    except (ValueError, RecursionError):
        batch = None
    if not isinstance(batch, list):
        raise Invalid("A list of events is needed.", field="body", code="json_invalid")
    return batch


def store_events(database: Database, directory: Directory, webhook: Webhook) -> None:
    """Store a batch, each event by itself: a bad one never holds up the others.

    Raises what an absent database raises, and the first error of ours once all were tried.
    """
    broken: Exception | None = None
    for given in webhook.fields["events"]:
        event = read_event(given, REFERENCE_ARGUMENT)
        if event is None:
            continue
        try:
            _store(database, directory, event)
        except CareloopError as error:
            log.warning("event of no delivery", code=error.code)
        except Exception as error:
            if is_away(error):
                raise
            broken = broken or error
    if broken is not None:
        raise broken


def _store(database: Database, directory: Directory, event: EmailEvent) -> None:
    number = event.reference.establishment_id
    directory.get(number)
    with database.establishment(number) as session:
        delivery = apply_event(session, event)
    if delivery is not None:
        log.info(
            "callback",
            establishment=number,
            delivery=delivery.id,
            said=event.event,
            status=delivery.status,
            correlation_id=delivery.correlation_id,
        )


HANDLERS = {EVENTS: store_events}
