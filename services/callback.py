"""Status callbacks: what a provider tells us later about a delivery."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert

from database.session import ScopedSession
from models.delivery import Delivery
from models.message import WebhookEvent
from services.delivery import lock_delivery, provider_news

_REFERENCE = re.compile(r"([1-9]\d{0,8})\.([1-9]\d{0,17})")


@dataclass(frozen=True, slots=True)
class StatusNews:
    """One status of one message or call, in the provider's words.

    `seconds` is how long a call that has ended was talked for.
    """

    kind: str
    provider_id: str
    status: str
    code: str | None
    seconds: int | None = None


def reference_of(establishment_id: int, delivery_id: int) -> str:
    """How a callback's address names a delivery."""
    return f"{establishment_id}.{delivery_id}"


def parse_reference(text: str) -> tuple[int, int] | None:
    """The establishment and delivery that a callback's address names; None when it names none."""
    match = _REFERENCE.fullmatch(text)
    return (int(match[1]), int(match[2])) if match else None


def apply_status(session: ScopedSession, delivery_id: int, news: StatusNews) -> Delivery:
    """Store a callback once and let it move its delivery.

    One that was here before changes nothing: the table of states takes no step twice. Raises
    `NotFound` for a delivery that is not this establishment's.
    """
    session.execute(
        insert(WebhookEvent)
        .values(provider="twilio", kind=news.kind, external_id=news.provider_id, status=news.status)
        .on_conflict_do_nothing()
    )
    delivery = lock_delivery(session, delivery_id)
    provider_news(
        session,
        delivery,
        news.status,
        cause="callback",
        provider_id=news.provider_id,
        code=news.code,
        seconds=news.seconds,
    )
    return delivery
