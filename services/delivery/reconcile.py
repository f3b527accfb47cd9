"""Unknown deliveries: asked about before anything is sent again.

A status callback usually settles one within seconds. Else the provider's own list is asked: what
it holds is taken over; what it still does not hold `settle_after` seconds after the attempt was
never accepted, and may go out again. A provider without a list, one that cannot be asked, or a list
that does not tell whose call is whose, settles nothing: then it is the establishment's choice for
that channel. It stays unknown, with a task for staff, or it goes out once more, at the risk of a
double.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text

from database.session import ScopedSession
from models.delivery import Delivery, DeliveryEvent, DeliveryStatus
from models.establishment import UnknownChoice
from models.message import Call, Message
from models.reminder import Channel, Reminder
from models.task import UNKNOWN_DELIVERY
from services.delivery.escalation import open_task
from services.delivery.moves import address_of, lock_delivery, move, settle
from services.delivery.news import provider_news, provider_of
from services.due.queue import ask_again, forget_due, look_again
from services.policy import own_establishment, read_policy, unknown_choice
from services.sms import BREAK
from utils.senders import Passed
from utils.sms_encoding import fold_french

S = DeliveryStatus

SENT_AGAIN = "sent again: a double is accepted"


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask a provider about one unknown delivery, and when at the latest that was.

    `since` is the time of the attempt by this process's clock, which a provider's is compared with
    (`utils/twilio_client.py`); all other times are PostgreSQL's.
    """

    delivery_id: int
    attempt: int
    channel: str
    provider: str
    to: str
    since: datetime
    attempted_at: datetime
    asked_at: datetime
    choice: UnknownChoice
    sender_id: int | None = None
    unknown_since: datetime | None = None

    def time_from(self, settle_after: float) -> datetime:
        """From when on the provider is given time: usually from the attempt.

        Where it became unknown long after that, nobody looked for so long, or PostgreSQL's clock
        has jumped and the call may be under way at this moment: then from there.
        """
        noticed = self.unknown_since
        if noticed is None or (noticed - self.attempted_at).total_seconds() < settle_after:
            return self.attempted_at
        return noticed


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for an answer, in seconds since the attempt.

    After `give_up_after` the establishment's choice is carried out.
    """

    settle_after: float
    give_up_after: float
    ask_every: float = 30.0


def questions(session: ScopedSession, ids: Sequence[int]) -> list[Question]:
    """The unknown ones among some deliveries, as questions to their provider."""
    deliveries = session.scalars(
        select(Delivery)
        .where(Delivery.id.in_(ids), Delivery.status == S.unknown)
        .order_by(Delivery.id)
    ).all()
    now = session.execute(text("select clock_timestamp()")).scalar_one()
    ours_ahead = datetime.now(UTC) - now
    establishment = own_establishment(session)
    rows = session.execute(
        select(DeliveryEvent.delivery_id, func.max(DeliveryEvent.at).label("at"))
        .where(DeliveryEvent.delivery_id.in_(ids), DeliveryEvent.status == S.unknown)
        .group_by(DeliveryEvent.delivery_id)
    )
    became: dict[int, datetime] = {row.delivery_id: row.at for row in rows}
    asked = []
    for delivery in deliveries:
        attempted_at = delivery.attempted_at or delivery.created_at
        question = Question(
            delivery_id=delivery.id,
            attempt=delivery.attempt,
            channel=delivery.channel,
            provider=provider_of(session, delivery),
            to=address_of(session, delivery).value,
            since=attempted_at + ours_ahead,
            attempted_at=attempted_at,
            asked_at=now,
            choice=unknown_choice(establishment, delivery.channel),
            sender_id=delivery.sender_id,
            unknown_since=became.get(delivery.id),
        )
        asked.append(question)
    return asked


def settle_unknown(
    session: ScopedSession,
    question: Question,
    passed: Sequence[Passed] | None,
    patience: Patience,
) -> None:
    """Act on a provider's list (None: it could not be asked just now)."""
    delivery = lock_delivery(session, question.delivery_id)
    if delivery.status != S.unknown or delivery.attempt != question.attempt:
        return
    found = _ours(session, delivery, passed or ())
    clear = not found or len(found) > _rivals(session, delivery)
    if found and clear:
        provider_news(
            session,
            delivery,
            found[0].status,
            cause="found in the provider's list",
            provider=question.provider,
            provider_id=found[0].provider_id,
            code=found[0].code,
            seconds=found[0].seconds,
            attempt=question.attempt,
            sender=found[0].sender,
        )
        return
    now = session.execute(text("select now()")).scalar_one()
    given_from = question.time_from(patience.settle_after)
    # Not `now`: an answer proves nothing about what came in after it was asked for.
    waited = (question.asked_at - given_from).total_seconds()
    if passed is not None and clear and waited >= patience.settle_after:
        _send_again(session, delivery, now, cause="not in the provider's list")
    elif waited >= patience.give_up_after:
        _choose(session, delivery, question.choice, now)
    else:
        settle_at = given_from + timedelta(seconds=patience.settle_after)
        soon = now + timedelta(seconds=patience.ask_every)
        ask_again(session, delivery.id, settle_at if now < settle_at < soon else soon)


def settle_unlisted(session: ScopedSession, question: Question, patience: Patience) -> None:
    """Act on a provider that has no list: nothing will ever be known of itself.

    Staff are asked at once. Where the establishment accepts a double, an event of the provider's
    has until `give_up_after` to come first.
    """
    delivery = lock_delivery(session, question.delivery_id)
    if delivery.status != S.unknown or delivery.attempt != question.attempt:
        return
    now = session.execute(text("select now()")).scalar_one()
    given_from = question.time_from(patience.settle_after)
    choose_at = given_from + timedelta(seconds=patience.give_up_after)
    if question.choice == UnknownChoice.give_up or now >= choose_at:
        _choose(session, delivery, question.choice, now)
    else:
        ask_again(session, delivery.id, choose_at)


def _ours(session: ScopedSession, delivery: Delivery, passed: Sequence[Passed]) -> list[Passed]:
    """What in the list carries our text and belongs to no other delivery, the oldest first."""
    if not passed:
        return []
    record = Call if delivery.channel == Channel.voice else Message
    known = set(
        session.scalars(
            select(record.provider_id).where(
                record.provider_id.in_([message.provider_id for message in passed])
            )
        )
    )
    reminder = session.get_one(Reminder, delivery.reminder_id)
    said = delivery.message or reminder.message
    return [
        message
        for message in reversed(passed)  # providers list the newest first
        if message.provider_id not in known
        and (message.text is None or same_text(message.text, said, asks=reminder.expects_reply))
    ]


def _rivals(session: ScopedSession, delivery: Delivery) -> int:
    """How many other deliveries a call in the list may just as well belong to.

    A call has no text to tell it by. Two unknown calls to one family's phone and a single one in
    the list: to guess would be to call one patient twice and the other never.
    """
    if delivery.channel != Channel.voice:
        return 0
    return session.scalars(
        select(func.count())
        .select_from(Delivery)
        .where(
            Delivery.address_id == delivery.address_id,
            Delivery.channel == Channel.voice,
            Delivery.status.in_((S.unknown, S.sending)),
            Delivery.id != delivery.id,
        )
    ).one()


def same_text(listed: str, ours: str, *, asks: bool = False) -> bool:
    """True when a provider's copy of a text is ours, folded for SMS or not.

    One that asks for an answer names the keys after ours, as they were when it left.
    """
    listed = listed.strip()
    spelt = (ours.strip(), fold_french(ours).strip())
    return listed in spelt or (asks and any(listed.startswith(f"{text}{BREAK}") for text in spelt))


def _send_again(session: ScopedSession, delivery: Delivery, now: datetime, *, cause: str) -> None:
    if delivery.valid_until <= now:
        move(session, delivery, S.expired, cause=cause)
    elif _out_of_attempts(session, delivery):
        move(session, delivery, S.failed, cause="no attempts left")
    else:
        move(session, delivery, S.scheduled, cause=cause)
        look_again(session, delivery.id, now)


def _out_of_attempts(session: ScopedSession, delivery: Delivery) -> bool:
    policy = read_policy(session, session.get_one(Reminder, delivery.reminder_id))
    return policy.max_attempts is not None and delivery.attempt >= policy.max_attempts


def _choose(
    session: ScopedSession, delivery: Delivery, choice: UnknownChoice, now: datetime
) -> None:
    """Carry out the establishment's choice. Two copies are accepted at most, never more."""
    sent_again = select(DeliveryEvent.id).where(
        DeliveryEvent.delivery_id == delivery.id, DeliveryEvent.cause == SENT_AGAIN
    )
    if (
        choice == UnknownChoice.give_up
        or delivery.valid_until <= now
        or session.scalar(sent_again.limit(1)) is not None
        or _out_of_attempts(session, delivery)
    ):
        leave_to_staff(session, delivery)
    else:
        _send_again(session, delivery, now, cause=SENT_AGAIN)


def leave_to_staff(session: ScopedSession, delivery: Delivery) -> None:
    """Give up visibly: it stays unknown and somebody looks at it; a callback still counts.

    A recurring reminder goes on with its next occurrence.
    """
    open_task(session, UNKNOWN_DELIVERY, delivery.id)
    forget_due(session, delivery.id)
    settle(session, delivery)
