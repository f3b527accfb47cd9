"""Twilio's webhooks on messages. The signature is checked against the public URL.

Each route checks, names and hands over (`services/webhook/door.py`); the functions at the end store
what was handed over, now or after an outage. Repeats get 200 and change nothing.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse

from database.session import Database
from models.establishment import Sender
from models.reminder import Channel
from routers.state import State, state_of
from routers.upload import form_of
from services.errors import Forbidden
from services.establishment.directory import Directory
from services.inbound.messages import InboundMessage, store, written_to
from services.inbound.voice import MOST_PIECES, Piece
from services.webhook.callback import StatusNews, apply_status, parse_reference
from services.webhook.door import Webhook
from utils.failpoint import reached
from utils.logs import get_logger
from utils.metrics import WEBHOOKS_FOR_NOBODY, WEBHOOKS_REFUSED
from utils.twilio_client import WHATSAPP, bare

STATUS, SMS = "twilio.status", "twilio.sms"
_PIECE = re.compile(r"/Media/([A-Za-z0-9]{2,64})$")
SILENCE = str(MessagingResponse())
"""What is said at once to a message: nothing. Answers go out by the engine."""

router = APIRouter(prefix="/twilio", tags=["webhooks"], include_in_schema=False)

log = get_logger("careloop.webhooks")


def genuine(state: State, request: Request, form: FormData, token: str | None = None) -> bool:
    """True when Twilio, or somebody with our auth token, signed this request.

    Behind a proxy our own idea of the URL is not what Twilio called, so it is made of
    `PUBLIC_URL`. All parameters are signed, those we have never heard of too. `token` is that of
    another account than the settings'.
    """
    token = token or state.settings.twilio.auth_token.get_secret_value()
    if not token:
        return False
    url = state.settings.web.base_url + request.url.path
    if request.url.query:
        url += f"?{request.url.query}"
    if not all(isinstance(value, str) for _, value in form.multi_items()):
        return False  # Twilio sends no files
    signature = request.headers.get("X-Twilio-Signature", "")
    return bool(RequestValidator(token).validate(url, form, signature))


def _forged() -> Forbidden:
    WEBHOOKS_REFUSED.labels("twilio").inc()
    return Forbidden("This request was not signed by the provider.", code="signature_invalid")


Whose = Callable[[Directory, Request, FormData], Iterable[Sender | None]]


def signed_about(whose: Whose) -> Callable[[Request], Awaitable[FormData]]:
    """A form that Twilio signed, for the settings' account or for a sender's own.

    That one speaks for that sender alone. `whose` finds it by what the handler will go by, and by
    nothing else that the request says: else one hospital's account could sign what is told of
    another. Raises `Forbidden`.
    """

    async def signed(request: Request) -> FormData:
        state, form = state_of(request), await form_of(request)
        if genuine(state, request, form):
            return form
        senders = await run_in_threadpool(whose, state.directory, request, form)
        tokens = {token for sender in senders if (token := _own_token(sender))}
        if not any(genuine(state, request, form, token) for token in tokens):
            raise _forged()
        return form

    return signed


def _written_to(directory: Directory, _request: Request, form: FormData) -> Iterable[Sender | None]:
    to = str(form.get("To", ""))
    return (written_to(directory, _channel(to), bare(to) or ""),)


def sent_from(directory: Directory, request: Request, form: FormData) -> Iterable[Sender | None]:
    """Who sent or called in the delivery that an address of ours names."""
    reference = parse_reference(request.query_params.get("delivery", ""))
    if reference is None:
        return ()
    from_ = str(form.get("From", ""))
    channel = Channel.voice if form.get("CallSid") else _channel(from_)
    place = directory.senders(reference.establishment_id)
    return (place.sending(channel, bare(from_) or ""),)


def _own_token(sender: Sender | None) -> str | None:
    if sender is None or sender.provider != "twilio" or not sender.credentials:
        return None
    return str(sender.credentials["auth_token"])


SignedMessage = Annotated[FormData, Depends(signed_about(_written_to))]
SignedStatus = Annotated[FormData, Depends(signed_about(sent_from))]


def _channel(address: str) -> str:
    return "whatsapp" if address.startswith(WHATSAPP) else "sms"


def webhook_of(kind: str, request: Request, form: FormData) -> Webhook:
    """A signed request as it is handed over. Of a repeated parameter the last one counts."""
    fields = {name: str(value) for name, value in form.multi_items()}
    return Webhook(kind, dict(request.query_params), fields, datetime.now(UTC))


@router.post("/status", summary="A message's or call's status")
async def status(request: Request, form: SignedStatus) -> Response:
    await state_of(request).door.take(webhook_of(STATUS, request, form))
    return Response(status_code=200)


@router.post("/sms", summary="Somebody wrote to one of our numbers, by SMS or WhatsApp")
async def sms(request: Request, form: SignedMessage) -> Response:
    await state_of(request).door.take(webhook_of(SMS, request, form))
    return Response(SILENCE, media_type="text/xml")


def store_status(database: Database, directory: Directory, webhook: Webhook) -> None:
    """Let a status callback move the delivery that its address names."""
    reference = parse_reference(webhook.query.get("delivery", ""))
    if reference is None:
        log.warning("callback without a delivery")
        return
    news = _news(webhook, reference.attempt)
    if news is None:
        return
    directory.get(reference.establishment_id)  # an unknown establishment is a 404
    with database.establishment(reference.establishment_id) as session:
        delivery = apply_status(session, reference.delivery_id, news)
        reached("callback.before_commit")
    reached("callback.after_commit")
    log.info(
        "callback",
        establishment=reference.establishment_id,
        delivery=reference.delivery_id,
        said=news.status,
        status=delivery.status,
        correlation_id=delivery.correlation_id,  # of the request that made the reminder
    )


def _news(webhook: Webhook, attempt: int | None) -> StatusNews | None:
    """What a callback says; None when it lacks what every status callback has."""
    message, call = webhook.fields.get("MessageSid"), webhook.fields.get("CallSid")
    provider_id = message or call or ""
    status_word = _text(webhook, "MessageStatus", 24) or _text(webhook, "CallStatus", 24)
    if not provider_id or not status_word:
        return None
    seconds = _text(webhook, "CallDuration", 10)
    return StatusNews(
        kind="message" if message else "call",
        provider_id=provider_id[:128],
        status=status_word,
        code=_text(webhook, "ErrorCode", 24) or None,
        seconds=int(seconds) if seconds.isdecimal() and len(seconds) < 10 else None,
        sender=bare(_text(webhook, "From", 320)) or None,
        attempt=attempt,
        answered_by=_text(webhook, "AnsweredBy", 24) or None,
    )


def store_sms(database: Database, directory: Directory, webhook: Webhook) -> None:
    """Keep what somebody wrote to one of our numbers."""
    inbound = _inbound(webhook)
    if inbound is None:
        log.warning("message without an id")
        return
    sender = written_to(directory, inbound.channel, inbound.to)
    if sender is None:
        # It stays in Twilio's list: entered as a sender, the number brings it (`inbound_list`).
        WEBHOOKS_FOR_NOBODY.labels("twilio").inc()
        log.error("message to a number that is no establishment's")
        return
    with database.establishment(sender.establishment_id) as session:
        message = store(session, sender, inbound)
        reached("inbound.before_commit")
    reached("inbound.after_commit")
    if message is not None:
        log.info("message received", establishment=sender.establishment_id, message=message.id)


def _inbound(webhook: Webhook) -> InboundMessage | None:
    """What somebody wrote; None when it lacks what every message has."""
    provider_id = _text(webhook, "MessageSid", 128) or _text(webhook, "SmsMessageSid", 128)
    to, media = webhook.fields.get("To", ""), _text(webhook, "NumMedia", 4)
    if not provider_id:
        return None
    return InboundMessage(
        provider="twilio",
        provider_id=provider_id,
        channel=_channel(to),
        to=bare(to) or "",
        from_=bare(webhook.fields.get("From")) or "",
        body=webhook.fields.get("Body", ""),
        received_at=webhook.received_at,
        media=int(media) if media.isdecimal() else 0,
        pieces=_pieces(webhook),
        opt_out_type=_text(webhook, "OptOutType", 8) or None,
    )


def _pieces(webhook: Webhook) -> tuple[Piece, ...]:
    """What is attached, by its name at Twilio: the last part of its address, which we never ask."""
    found = []
    for number in range(MOST_PIECES):
        name = _PIECE.search(webhook.fields.get(f"MediaUrl{number}", "")[:500])
        if name is not None:
            found.append(Piece(name[1], _text(webhook, f"MediaContentType{number}", 64)))
    return tuple(found)


def _text(webhook: Webhook, name: str, longest: int) -> str:
    return str(webhook.fields.get(name) or "")[:longest]


HANDLERS = {STATUS: store_status, SMS: store_sms}
