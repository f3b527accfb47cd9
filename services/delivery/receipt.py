"""Receipts that have not come: the provider is asked, and what it says is taken in.

A status callback is lost when it comes while the API is away (Twilio does not repeat those of an
SMS), and a delivery would stay `sent` for ever. So it stays in the due queue, as a question. When
the window for its receipt is over and the provider, asked once more, still has no word from the
carrier, another channel may take over: only where the sender has proven that it gives receipts,
never while the provider has the message in hand itself, never because it could not be asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text

from config.settings import get_settings
from database.session import ScopedSession
from models.delivery import Delivery, DeliveryStatus
from models.establishment import Sender
from models.reminder import Reminder
from services.delivery.moves import lock_delivery, move, pass_over
from services.delivery.news import provider_news, provider_of, sent_from
from services.delivery.twilio_status import NOT_BEGUN, ON_ITS_WAY, meaning
from services.due.queue import ask_again, forget_due
from services.policy import Looks, own_establishment, policy_of
from utils.senders import Passed

S = DeliveryStatus

ASKED = "asked for the receipt"
NEVER_LEFT = "never_left"
"""Our own code on what its provider took and did not send within its validity."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A delivery that was sent and whose receipt has not come."""

    delivery_id: int
    attempt: int
    channel: str
    provider: str
    provider_id: str
    sent_at: datetime
    looks: Looks
    sender_id: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said when asked; `passed` of None: it could not be asked just now."""

    wanted: Wanted
    passed: Passed | None
    at: datetime

    @property
    def never_left(self) -> bool:
        """True when the provider still has in its queue what was to leave by now.

        It was told how long the message is good for, and drops it: a phone, say, that nobody has
        charged since, behind a server that took the message for it.
        """
        too_late = self.at >= self.wanted.looks.valid_until
        return too_late and self.passed is not None and self.passed.status in NOT_BEGUN

    @property
    def settles_nothing(self) -> bool:
        """True when all that follows is another look, later."""
        if self.passed is None:
            return True
        if self.never_left:
            return False
        says = meaning(self.passed.status, self.passed.seconds)
        if says != S.sent:
            return says is None
        in_time = self.at < self.wanted.looks.window_end
        return in_time or self.passed.status in ON_ITS_WAY

    @property
    def next_look(self) -> datetime | None:
        """When the provider is asked again; None when this was its last word."""
        looks = self.wanted.looks
        return looks.unanswered(self.at) if self.passed is None else looks.after(self.at)


_LOOK_AGAIN = text(
    """
    with looks as (
        select * from unnest(cast(:ids as bigint[]), cast(:ats as timestamptz[])) as l(id, at)
    ), later as (
        update shared.due u set claimed_until = null, due_at = l.at from looks l
        where u.establishment_id = :establishment_id and u.delivery_id = l.id and u.asks
            and l.at is not null
    )
    delete from shared.due u using looks l
    where u.establishment_id = :establishment_id and u.delivery_id = l.id and u.asks
        and l.at is null
    """
)


def wanted_receipts(session: ScopedSession, ids: Sequence[int]) -> list[Wanted]:
    """The ones among some deliveries whose receipt is still wanted, the first sent first."""
    establishment = own_establishment(session)
    first = get_settings().engine.receipt_after
    rows = session.execute(
        select(Delivery, Reminder)
        .join(Reminder, Reminder.id == Delivery.reminder_id)
        .where(Delivery.id.in_(ids), Delivery.status == S.sent)
        .order_by(Delivery.attempted_at, Delivery.id)
    ).all()
    wanted = []
    for delivery, reminder in rows:
        if delivery.provider_id is None:
            forget_due(session, delivery.id)  # there is nothing to ask by
            continue
        sent_at = delivery.attempted_at or delivery.created_at
        window = policy_of(establishment, reminder).receipt_window
        looks = Looks(sent_at, first, window, delivery.valid_until)
        wanted.append(
            Wanted(
                delivery.id,
                delivery.attempt,
                delivery.channel,
                provider_of(session, delivery),
                delivery.provider_id,
                sent_at,
                looks,
                delivery.sender_id,
            )
        )
    return wanted


def look_later(session: ScopedSession, answers: Iterable[Answer]) -> None:
    """Put off the questions whose answers settled nothing, all in one statement.

    What a callback has settled meanwhile is no longer in the queue, or no longer a question.
    """
    put_off = {answer.wanted.delivery_id: answer.next_look for answer in answers}
    if put_off:
        session.execute(
            _LOOK_AGAIN,
            {
                "establishment_id": session.establishment_id,
                "ids": list(put_off),
                "ats": list(put_off.values()),
            },
        )


def take_in(session: ScopedSession, answer: Answer) -> None:
    """Apply what the provider said of one delivery; a callback may have been faster."""
    wanted, passed = answer.wanted, answer.passed
    delivery = lock_delivery(session, wanted.delivery_id)
    if passed is None or delivery.status != S.sent or delivery.attempt != wanted.attempt:
        return
    if answer.never_left:
        move(session, delivery, S.failed, cause=ASKED, code=NEVER_LEFT)
        return
    provider_news(
        session,
        delivery,
        passed.status,
        cause=ASKED,
        provider=wanted.provider,
        provider_id=wanted.provider_id,
        code=passed.code,
        seconds=passed.seconds,
        attempt=wanted.attempt,
        sender=passed.sender,
    )
    if delivery.status != S.sent:
        return
    if _proven(session, delivery, passed.sender):
        pass_over(session, delivery)
    if answer.next_look is None:
        forget_due(session, delivery.id)
    else:
        ask_again(session, delivery.id, answer.next_look)


def _proven(session: ScopedSession, delivery: Delivery, address: str | None) -> bool:
    """True when the sender that a message went out from is known to give receipts.

    What the provider names as its sender goes before what we chose.
    """
    sender = sent_from(delivery, address)
    found = session.scalar(
        select(Sender.id).where(
            Sender.establishment_id == session.establishment_id, sender, Sender.gives_receipts
        )
    )
    return found is not None


def list_span(wanted: Sequence[Wanted], now: datetime) -> tuple[datetime, datetime]:
    """Between which two times a provider's list holds what was sent, if it left at once."""
    times = [one.sent_at for one in wanted]
    return min(times), min(now, max(times) + LIST_SLACK)


LIST_SLACK = timedelta(minutes=5)
"""How long a provider may have kept what the list is asked for."""
