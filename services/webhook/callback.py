"""Status callbacks: what a provider tells us later about a delivery."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy.dialects.postgresql import insert

from database.session import ScopedSession
from models.delivery import Delivery
from models.message import WebhookEvent
from services.delivery.moves import lock_delivery
from services.delivery.news import TWILIO, provider_news
from services.phone.calls import note_status

_REFERENCE = re.compile(r"([1-9]\d{0,8})\.([1-9]\d{0,17})(?:\.([1-9]\d{0,4}))?")


@dataclass(frozen=True, slots=True)
class StatusNews:
    """One status of one message or call, in the provider's words.

    `seconds` is how long a call that has ended was talked for; `sender` is the number that it went
    out from; `attempt` is the one that the callback's address names. `event_id` is the provider's
    own for this piece of news, where it has one; else message and status tell it apart.
    """

    kind: str
    provider_id: str
    status: str
    code: str | None
    seconds: int | None = None
    sender: str | None = None
    attempt: int | None = None
    answered_by: str | None = None
    provider: str = TWILIO
    event_id: str | None = None


class Reference(NamedTuple):
    """What a callback's address names. One without an attempt is about the present one."""

    establishment_id: int
    delivery_id: int
    attempt: int | None


def reference_of(establishment_id: int, delivery_id: int) -> str:
    """How a delivery is named outside, the same for each of its attempts.

    A callback's address adds the attempt, after another full stop.
    """
    return f"{establishment_id}.{delivery_id}"


def parse_reference(text: str) -> Reference | None:
    """What a callback's address names; None when it names nothing of ours."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return None
    return Reference(int(match[1]), int(match[2]), int(match[3]) if match[3] else None)


def apply_status(session: ScopedSession, delivery_id: int, news: StatusNews) -> Delivery:
    """Store a callback once and let it move its delivery.

    One that was here before changes nothing: the table of states takes no step twice. Raises
    `NotFound` for a delivery that is not this establishment's.
    """
    session.execute(
        insert(WebhookEvent)
        .values(
            provider=news.provider,
            kind=news.kind,
            external_id=news.event_id or news.provider_id,
            status=news.status,
        )
        .on_conflict_do_nothing()
    )
    if news.kind == "call":  # before its delivery: an answer on the phone locks them in this order
        note_status(session, news.provider_id, news.status, news.seconds, news.answered_by)
    delivery = lock_delivery(session, delivery_id)
    provider_news(
        session,
        delivery,
        news.status,
        cause="callback",
        provider_id=news.provider_id,
        code=news.code,
        seconds=news.seconds,
        attempt=news.attempt,
        sender=news.sender,
        provider=news.provider,
    )
    return delivery
