"""SendGrid's events: what became of an e-mail, and what its reader wants.

Source: the published event webhook reference. A mail is known by the delivery's reference in its
custom arguments, which stand beside the event's own fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from database.session import ScopedSession
from models.address import Address
from models.delivery import Delivery
from models.message import WebhookEvent
from services.contact.address import opt_out
from services.delivery.moves import lock_delivery
from services.delivery.news import provider_news
from services.webhook.callback import Reference, parse_reference

PROVIDER, KIND = "sendgrid", "email"

# Their event -> the word for it that `services/delivery/news.py` knows. A deferred mail is tried
# again by SendGrid for three days: nothing is known but that it has it.
_STATUS = {
    "processed": "sent",
    "deferred": "sent",
    "delivered": "delivered",
    "bounce": "undelivered",
    "dropped": "failed",
}
_STOPS = {
    "spamreport": "spam report",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
}
# What is not sent any more because of what its reader, or its mail server, said earlier.
_DROPPED = {
    "bounced address": "bounced",
    "unsubscribed address": "unsubscribed",
    "spam reporting address": "spam_report",
    "invalid": "invalid",
    "invalid smtpapi header": "invalid_header",
    "spam content": "spam_content",
    "recipient list over package quota": "over_quota",
}
_STOPPED_BEFORE = {"unsubscribed": "unsubscribed", "spam_report": "spam report"}
_HARD = "bounce"
"""`type` of a bounce for good; `blocked` is one that may end."""


@dataclass(frozen=True, slots=True)
class EmailEvent:
    """One event. `code` is a stable word or the mail server's own code, never its sentence."""

    event_id: str
    event: str
    reference: Reference
    provider_id: str | None
    code: str | None
    hard: bool = False


def read_event(given: Any, reference_argument: str) -> EmailEvent | None:
    """An event that is about a delivery of ours; None for any other (opened, of another system)."""
    if not isinstance(given, Mapping):
        return None
    event, event_id = _text(given, "event", 24), _text(given, "sg_event_id", 128)
    reference = parse_reference(_text(given, reference_argument, 64))
    if not event_id or reference is None or event not in _STATUS.keys() | _STOPS.keys():
        return None
    # The id that the API answered with is the first part of the event's.
    provider_id = _text(given, "sg_message_id", 256).partition(".")[0][:128] or None
    kind = _text(given, "type", 16).casefold()
    return EmailEvent(
        event_id=event_id,
        event=event,
        reference=reference,
        provider_id=provider_id,
        code=_code(event, kind, given),
        hard=event == "bounce" and kind in (_HARD, ""),
    )


def _code(event: str, kind: str, given: Mapping[str, Any]) -> str | None:
    if event == "bounce":
        status = _text(given, "status", 24)
        return status if status.replace(".", "").isdigit() else kind[:24] or "bounce"
    if event == "dropped":
        return _DROPPED.get(_text(given, "reason", 64).casefold(), "dropped")
    return None


def apply_event(session: ScopedSession, event: EmailEvent) -> Delivery | None:
    """Store an event once, move its delivery, and note what it says of the address.

    None for a repeat. Raises `NotFound` for a delivery that is not this establishment's.
    """
    delivery = lock_delivery(session, event.reference.delivery_id)
    noted = session.scalar(
        insert(WebhookEvent)
        .values(provider=PROVIDER, kind=KIND, external_id=event.event_id, status=event.event)
        .on_conflict_do_nothing()
        .returning(WebhookEvent.id)
    )
    if noted is None:
        return None
    if event.event in _STATUS:
        provider_news(
            session,
            delivery,
            _STATUS[event.event],
            cause=f"e-mail {event.event}",
            provider_id=event.provider_id,
            code=event.code,
            provider=PROVIDER,
        )
    _note_address(session, delivery.address_id, event)
    return delivery


def _note_address(session: ScopedSession, address_id: int, event: EmailEvent) -> None:
    stops = _STOPS.get(event.event)
    if event.event == "dropped" and event.code:
        stops = _STOPPED_BEFORE.get(event.code)
    bounced = event.hard or (event.event == "dropped" and event.code in ("bounced", "invalid"))
    if stops is None and not bounced:
        return
    # Locked as the engine locks it: what is being marked as sending at this moment was first.
    address = session.get_one(Address, address_id, with_for_update=True)
    if stops is not None:
        opt_out(address, stops)
    if bounced and address.bounced_at is None:
        address.bounced_at = func.now()


def _text(given: Mapping[str, Any], name: str, longest: int) -> str:
    value = given.get(name)
    return value[:longest].replace("\0", "") if isinstance(value, str) else ""
