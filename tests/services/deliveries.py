"""Deliveries for tests of the engine, made as the service makes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select, text, update

from models.delivery import Delivery, DeliveryEvent, DeliveryStatus
from models.due import Due
from models.establishment import Establishment, Sender
from models.reminder import Reminder
from models.task import Task
from services import dispatch
from services.contact.address import address_for
from services.delivery.moves import lock_delivery
from services.delivery.news import provider_news
from services.delivery.receipt import Answer, look_later, take_in, wanted_receipts
from services.due.opening import open_delivery
from services.phone.calls import note_pick_up
from services.sender.settlement import Settlement
from tests.fixtures import NORTH, owned
from tests.tree import wait_for
from utils.clock import AllowedTimes
from utils.senders import Outbound, Outcome, Passed, Verdict

NUMBER = "+15005550006"
WINDOW = 1800
"""Seconds in which a receipt may come before the next channel: the establishment's default."""

S = DeliveryStatus
PHONE, EMAIL = "+237650000001", "patient@example.com"
LEASE = 60.0

# What waits for a lock here, and not in another process's database.
_BLOCKED = text(
    "select count(*) from pg_stat_activity"
    " where datname = current_database() and wait_event_type = 'Lock'"
)


def now() -> datetime:
    return datetime.now(UTC)


def make(
    database: Any,
    count: int = 1,
    *,
    channels: Sequence[str] = ("sms",),
    due_in: float = -1,
    validity: int = 3600,
    establishment: int = NORTH,
    phone: str = PHONE,
    **more: Any,
) -> list[int]:
    """Store reminders, each with its first delivery; the numbers of the deliveries."""
    occurrence = now() + timedelta(seconds=due_in)
    with database.establishment(establishment) as session:
        phone_id = address_for(session, "phone", phone).id
        email_id = address_for(session, "email", EMAIL).id
        ids = []
        for _ in range(count):
            reminder = Reminder(
                **{
                    "client_id": uuid4(),
                    "fingerprint": b"",
                    "message": "Rappel",
                    "language": "fra",
                    "scheduled_time": occurrence,
                    "phone_id": phone_id,
                    "email_id": email_id,
                    "channels": list(channels),
                    "validity_seconds": validity,
                    "created_by": "test",
                    "status": "scheduled",
                }
                | more
            )
            session.add(reminder)
            session.flush()
            delivery = open_delivery(
                session,
                reminder,
                channels[0],
                occurrence=occurrence,
                due_at=occurrence,
                cause="scheduled",
            )
            ids.append(delivery.id)
    return ids


def claim(
    database: Any, *, batch: int = 100, outstanding: int = 1000, establishment: int = NORTH
) -> dispatch.Claim:
    with database.establishment_in_order(establishment) as session:
        return dispatch.claim(session, batch=batch, outstanding=outstanding, lease=LEASE)


def begin(database: Any, ids: Sequence[int], **rules: Any) -> list[dispatch.Attempt]:
    """By default anything may go out at any time."""
    rules = {"times": AllowedTimes(UTC)} | rules
    with database.establishment_by_key(NORTH) as session:
        return dispatch.begin(session, ids, rules=dispatch.Rules(**rules), lease=LEASE)


def begun(database: Any, **more: Any) -> int:
    """One delivery that is being sent."""
    (number,) = make(database, **more)
    assert number in claim(database).to_send
    assert begin(database, [number])
    return number


def conclude(database: Any, number: int, status: DeliveryStatus, **more: Any) -> None:
    given = {"attempt": 1, "provider": "twilio"} | more
    with database.establishment_by_key(NORTH) as session:
        dispatch.conclude(session, [Settlement(number, status=status, **given)], ask_after=10)


def sent(database: Any, *, ago: float = 0, **more: Any) -> int:
    """One delivery that the provider accepted `ago` seconds ago, as `ID` and its number."""
    number = begun(database, **more)
    conclude(database, number, S.sent, provider_id=f"ID{number}")
    with database.establishment_by_key(NORTH) as session:
        lock_delivery(session, number).attempted_at = now() - timedelta(seconds=ago)
    return number


def ask_now(database: Any, *numbers: int) -> None:
    """Have questions about deliveries due at once."""
    with database.establishment(NORTH) as session:
        for number in numbers:
            session.get_one(Due, (NORTH, number)).due_at = now() - timedelta(seconds=1)


def tell(database: Any, number: int, word: str, **more: Any) -> bool:
    """What the provider says of a delivery, as a callback brings it; True when it moved."""
    given: dict[str, Any] = {
        "cause": "callback",
        "provider": "twilio",
        "provider_id": f"ID{number}",
    } | more
    with database.establishment(NORTH) as session:
        return provider_news(session, lock_delivery(session, number), word, **given)


def was_told(session: Any, number: int, provider_id: str, attempt: int | None = None) -> None:
    """A person picks up, we are asked what to say, and they hear it."""
    attempt = attempt or lock_delivery(session, number).attempt
    call, _ = note_pick_up(session, number, attempt, provider_id, "human")
    call.heard_at = session.now()
    session.flush()


def tell_heard(database: Any, number: int, **more: Any) -> bool:
    """A call was picked up, a person was told, and it is over; True when the delivery moved."""
    with database.establishment(NORTH) as session:
        was_told(session, number, more.get("provider_id", f"ID{number}"), more.get("attempt"))
    return tell(database, number, "completed", **{"seconds": 9} | more)


def start_next(database: Any) -> int:
    """The only delivery that is due, being sent now."""
    (number,) = claim(database).to_send
    assert begin(database, [number])
    return number


@contextmanager
def establishment_with(owner: Any, **columns: Any) -> Iterator[None]:
    """The northern hospital with other settings, for a while."""
    northern = Establishment.id == NORTH
    with owner.begin() as connection:
        names = [getattr(Establishment, name) for name in columns]
        before = dict(connection.execute(select(*names).where(northern)).one()._mapping)
        connection.execute(update(Establishment).where(northern).values(**columns))
    try:
        yield
    finally:
        with owner.begin() as connection:
            connection.execute(update(Establishment).where(northern).values(**before))


def until_blocked(owner: Any, count: int = 1, *, unless: Sequence[Future[Any]] = ()) -> None:
    """Wait until so many transactions of this database wait for a lock, or some work is done.

    Work that is done has its fault raised here.
    """

    def blocked() -> bool:
        done = [work for work in unless if work.done()]
        for work in done:
            work.result()
        with owned(owner) as connection:
            return bool(done) or connection.scalar(_BLOCKED) >= count

    wait_for(blocked, "somebody to wait for a lock", 20)


def tasks(database: Any, *states: str) -> list[tuple[str, int | None]]:
    """Kind and delivery of the tasks in some states (open ones)."""
    with database.establishment(NORTH) as session:
        rows = session.scalars(
            select(Task).where(Task.state.in_(states or ("open",))).order_by(Task.id)
        )
        return [(task.kind, task.delivery_id) for task in rows]


def delivery(database: Any, number: int) -> Delivery:
    with database.establishment(NORTH) as session:
        found: Delivery = session.get_one(Delivery, number)
        return found


def states(database: Any, number: int) -> list[tuple[str, str]]:
    """Channel and state of every delivery of the reminder that a delivery belongs to."""
    with database.establishment(NORTH) as session:
        reminder = session.get_one(Delivery, number).reminder_id
        rows = session.execute(
            select(Delivery.channel, Delivery.status)
            .where(Delivery.reminder_id == reminder)
            .order_by(Delivery.id)
        )
        return [(row.channel, row.status) for row in rows]


def reminder_status(database: Any, number: int) -> str:
    with database.establishment(NORTH) as session:
        reminder = session.get_one(Delivery, number).reminder_id
        return str(session.get_one(Reminder, reminder).status)


def causes(database: Any, number: int) -> list[str]:
    with database.establishment(NORTH) as session:
        return list(
            session.scalars(
                select(DeliveryEvent.cause)
                .where(DeliveryEvent.delivery_id == number)
                .order_by(DeliveryEvent.id)
            )
        )


def due(database: Any, number: int) -> Due | None:
    with database.establishment(NORTH) as session:
        found: Due | None = session.get(Due, (NORTH, number))
        return found


def run(database: Any, *numbers: int) -> None:
    """What scheduler and worker do with what is due, as often as something is."""
    from workers.context import get_context
    from workers.delivery import finish, send

    for _ in range(10):
        get_context().directory.forget()
        ready = claim(database).to_send
        if not ready:
            return
        send(NORTH, list(ready))
        finish()


def sender(database: Any, channel: str = "sms", establishment: int = NORTH) -> Sender:
    with database.establishment(establishment) as session:
        found: Sender = session.query(Sender).filter_by(channel=channel, active=True).one()
        return found


def age(database: Any, **seconds: float) -> None:
    """Let time pass for the suspensions and what waits for them."""
    with database.service() as session:
        session.execute(
            text(
                "update shared.senders set suspended_at = suspended_at - make_interval(secs => :s),"
                " probe_at = probe_at - make_interval(secs => :s)"
            ),
            {"s": seconds["by"]},
        )
        session.execute(
            text("update shared.due set due_at = due_at - make_interval(secs => :s)"),
            {"s": seconds["by"]},
        )


class FakeSender:
    """Keeps what it was given and answers what it was told; an exception is raised."""

    provider = "twilio"

    def __init__(self, *answers: Outcome | Exception) -> None:
        self.answers = list(answers)
        self.given: list[Outbound] = []

    def send(self, message: Outbound) -> Outcome:
        self.given.append(message)
        answer: Outcome | Exception = Outcome(Verdict.accepted, provider_id=f"SM{uuid4().hex}")
        if self.answers:
            answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def passed(self, to: str, since: datetime) -> Sequence[Passed] | None:
        return []


def answered(database: Any, number: int, word: str | None, **more: Any) -> Answer:
    """What became of asking for one delivery's receipt; `word` of None: nobody answered."""
    given: dict[str, Any] = {"text": "Rappel", "sender": NUMBER} | more
    with database.establishment(NORTH) as session:
        (wanted,) = wanted_receipts(session, [number])
    answer = Answer(wanted, Passed(f"ID{number}", word, **given) if word else None, now())
    with database.establishment(NORTH) as session:
        if answer.settles_nothing:
            look_later(session, [answer])
        else:
            take_in(session, answer)
    return answer
