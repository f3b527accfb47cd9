"""Status callbacks: what a provider tells us later about a delivery."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert

from database.session import ScopedSession
from models.delivery import Delivery, DeliveryStatus
from models.message import WebhookEvent
from services.delivery import lock_delivery, move, provider_news, record_passage
from services.give_back import give_back, of_earlier_attempt
from services.suspension import RECEIPT, note_fault, note_success, suspends
from services.twilio_status import meaning

S = DeliveryStatus
PROVIDER = "twilio"
_NOT_DELIVERED = (S.failed, S.undelivered)

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


def apply_status(
    session: ScopedSession, delivery_id: int, news: StatusNews, *, probe_after: float
) -> Delivery:
    """Store a callback once and let it move its delivery.

    One that was here before changes nothing: the table of states takes no step twice. A code that
    is the sender's fault suspends the sender, once; `probe_after` seconds later one delivery may
    try it again. Raises `NotFound` for a delivery that is not this establishment's.
    """
    first_time = session.scalar(
        insert(WebhookEvent)
        .values(provider=PROVIDER, kind=news.kind, external_id=news.provider_id, status=news.status)
        .on_conflict_do_nothing()
        .returning(WebhookEvent.id)
    )
    delivery = lock_delivery(session, delivery_id)
    to = meaning(news.status, news.seconds)
    if of_earlier_attempt(session, delivery, news.provider_id):
        if to == S.delivered:
            move(session, delivery, S.delivered, cause="callback")
        return delivery
    if first_time is not None and to in _NOT_DELIVERED and suspends(PROVIDER, news.code):
        _suspend(session, delivery, news, probe_after)
        if _given_back(session, delivery, news):
            return delivery
    provider_news(
        session,
        delivery,
        news.status,
        cause="callback",
        provider_id=news.provider_id,
        code=news.code,
        seconds=news.seconds,
    )
    if to == S.delivered and delivery.attempted_at is not None:
        channel, attempted_at = delivery.channel, delivery.attempted_at
        note_success(session, channel, PROVIDER, said_by=RECEIPT, attempted_at=attempted_at)
    return delivery


def _suspend(
    session: ScopedSession, delivery: Delivery, news: StatusNews, probe_after: float
) -> None:
    assert news.code is not None  # a word without a code suspends nothing
    note_fault(
        session,
        delivery.channel,
        PROVIDER,
        news.code,
        said_by=RECEIPT,
        probe_after=probe_after,
    )


def _given_back(session: ScopedSession, delivery: Delivery, news: StatusNews) -> bool:
    """Take the attempt as never made, and note which message it was; False where it stands."""
    new = delivery.provider_id is None
    if not give_back(session, delivery, news.code or ""):
        return False
    if new:  # the callback was faster than the answer
        delivery.provider = PROVIDER
        record_passage(session, delivery, news.provider_id)
    return True
