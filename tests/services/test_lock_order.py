"""Two transactions that lock the same rows do it in one order: none of them is ended for a circle.

A third one holds a row in the middle of both until both wait; then it lets go. Seen to fail, each
with `DeadlockDetected`: `in_order` left out of `import_contacts`, or its addresses; the order of
addresses left out of `_LOCK_WAITING`, of `lock_whole`; `take_unclaimed` left out of `lock_whole`,
of `lock_delivery`; `_RELEASE` that locks no deliveries; a reminder that `lock_whole` waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from models.address import Address
from models.campaign import Campaign, CampaignStatus
from models.delivery import Delivery
from models.delivery import DeliveryStatus as S
from models.reminder import Reminder
from schemas.contact import ImportReport
from services import dispatch
from services.campaign.hold import call_off, hold
from services.contact.address import address_for, address_index
from services.contact.contacts import reference_index
from services.contact.importing import import_contacts
from services.delivery.moves import lock_delivery, move, pass_over
from services.due.opening import open_delivery
from services.due.queue import forget_due, look_again
from services.identity import Principal
from services.reminder.change import cancel
from services.reminder.lock import lock_whole
from services.series.turn import open_next_turn
from tests.fixtures import NORTH
from tests.services import campaigns
from tests.services.deliveries import (
    begin,
    claim,
    conclude,
    delivery,
    make,
    now,
    reminder_status,
    start_next,
    states,
    tell,
    until_blocked,
)

CLERK = Principal(NORTH, "cli")
NURSE = Principal(establishment_id=NORTH, actor="user:1", user_id=1)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def stuck(owner: Any) -> Callable[..., None]:
    """Waits until so many transactions wait for a lock, or until some work is done."""
    return lambda count, *works: until_blocked(owner, count, unless=works)


@contextmanager
def held(database: Any, statement: Any) -> Iterator[Any]:
    """A transaction that holds what a statement locks until the end of the block."""
    with database.establishment(NORTH) as session:
        session.execute(statement)
        yield session


def load(database: Any, *lines: str) -> ImportReport:
    content = "\n".join(("patient_id,phone", *lines))
    with database.establishment(NORTH) as session:
        return import_contacts(session, "CM", content.encode(), CLERK)


def sorted_by_index(database: Any, index: Callable[[Any, str], bytes], *values: str) -> list[str]:
    with database.establishment(NORTH) as session:
        return sorted(values, key=lambda value: index(session, value))


def imported_at_once(
    database: Any, pool: ThreadPoolExecutor, stuck: Any, gate: str, *files: Sequence[str]
) -> int:
    """How many contacts two imports made that began while a third had one line of both."""
    with database.establishment(NORTH) as session:
        import_contacts(session, "CM", f"patient_id,phone\n{gate}".encode(), CLERK)
        both = [pool.submit(load, database, *lines) for lines in files]
        stuck(2, *both)
    return sum(work.result(30).created for work in both)


def test_two_imports_of_the_same_people(
    database: Any, pool: ThreadPoolExecutor, stuck: Any
) -> None:
    lines = [f"{one}," for one in sorted_by_index(database, reference_index, "P1", "P2", "P3")]
    assert imported_at_once(database, pool, stuck, lines[1], lines, lines[::-1]) == 2


def test_two_imports_with_the_same_phones(
    database: Any, pool: ThreadPoolExecutor, stuck: Any
) -> None:
    """Each has one of them in its first thousand lines that the other has in its second."""
    low, middle, high = sorted_by_index(
        database,
        lambda session, value: address_index(session, "phone", value),
        *(campaigns.phone(number) for number in range(3)),
    )
    files = []
    for name, first, last in (("A", low, high), ("B", high, low)):
        people = [f"{name}{number}" for number in range(1003)]
        one, *between, other, another = sorted_by_index(database, reference_index, *people)
        phones = (f"{one},{first}", f"{other},{middle}", f"{another},{last}")
        files.append((*phones, *(f"{person}," for person in between)))
    assert imported_at_once(database, pool, stuck, f"G,{middle}", *files) == 2 * 1003


def two_addresses(database: Any, **more: Any) -> tuple[int, int, int]:
    """A reminder's SMS and e-mail, both with a worker, the later one to the earlier address."""
    (first,) = make(database, channels=("sms", "email"), **more)
    with database.establishment(NORTH) as session:
        one = session.get_one(Delivery, first)
        reminder = session.get_one(Reminder, one.reminder_id)
        low = min(one.address_id, reminder.email_id)
        reminder.email_id, one.address_id = low, max(one.address_id, reminder.email_id)
        moment = now() - timedelta(seconds=1)
        second = open_delivery(
            session, reminder, "email", occurrence=one.occurrence, due_at=moment, cause="test"
        ).id
    assert set(claim(database).to_send) == {first, second}
    return first, second, low


def test_staff_cancel_what_a_worker_is_about_to_send(
    database: Any, pool: ThreadPoolExecutor, stuck: Any
) -> None:
    first, second, low = two_addresses(database)
    number = delivery(database, first).reminder_id
    with held(database, select(Address.id).where(Address.id == low).with_for_update()):
        worker = pool.submit(begin, database, [first, second])
        stuck(1, worker)
        staff = pool.submit(cancelled, database, number)
        stuck(2, worker, staff)
    assert len(worker.result(30)) + staff.result(30) == 2


def cancelled(database: Any, reminder_id: int) -> int:
    with database.establishment(NORTH) as session:
        return cancel(session, reminder_id, NURSE).cancelled


def test_a_campaign_is_paused_that_a_worker_is_about_to_send(
    database: Any, pool: ThreadPoolExecutor, stuck: Any
) -> None:
    campaigns.contacts(database, 2)
    number = campaigns.started(database)
    campaigns.expand_all(database, number)
    campaigns.until_due(database)
    first, second = sorted(claim(database).to_send)
    with database.establishment(NORTH) as session:  # the later one to the earlier address
        one, other = session.get_one(Delivery, first), session.get_one(Delivery, second)
        low, high = sorted((one.address_id, other.address_id))
        one.address_id, other.address_id = high, low

    def pause() -> None:
        with database.establishment(NORTH) as session:
            hold(session, session.get_one(Campaign, number))

    with held(database, select(Address.id).where(Address.id == low).with_for_update()):
        worker = pool.submit(begin, database, [first, second])
        stuck(1, worker)
        staff = pool.submit(pause)
        stuck(2, worker, staff)
    staff.result(30)
    assert len(worker.result(30)) in (0, 2)


def test_staff_cancel_a_campaign_while_a_late_receipt_calls_off_an_email(
    database: Any, pool: ThreadPoolExecutor, stuck: Any, owner: Any
) -> None:
    campaigns.contact(database, "P1", campaigns.phone(1), email="p1@example.com")
    number = campaigns.started(database, channels=["sms", "email"])
    campaigns.expand_all(database, number)
    campaigns.until_due(database)
    sms = start_next(database)
    conclude(database, sms, S.sent, provider_id="SM1")
    with database.establishment(NORTH) as session:
        assert pass_over(session, lock_delivery(session, sms))
    assert states(database, sms) == [("sms", "sent"), ("email", "scheduled")]
    email = select(Delivery.id).where(Delivery.channel == "email").with_for_update()

    def stop() -> None:
        with database.establishment(NORTH) as session:
            campaign = session.get_one(Campaign, number)
            campaign.status = CampaignStatus.cancelled
            call_off(session, campaign)

    with held(database, email):
        staff = pool.submit(stop)
        stuck(1, staff)
        receipt = pool.submit(tell, database, sms, "delivered")
        stuck(2, staff, receipt)
    staff.result(30)
    receipt.result(30)
    assert states(database, sms) == [("sms", "delivered"), ("email", "cancelled")]
    assert reminder_status(database, sms) == "done"


def test_what_falls_due_while_staff_cancel_it(
    database: Any, pool: ThreadPoolExecutor, stuck: Any
) -> None:
    (first,) = make(database)
    number = delivery(database, first).reminder_id
    with database.establishment(NORTH) as session:
        lock_whole(session, number)
        clock = pool.submit(claim, database)
        stuck(1, clock)
        assert cancel(session, number, NURSE).cancelled == 1
    assert clock.result(30).to_send == ()
    assert reminder_status(database, first) == "cancelled"


def test_what_falls_due_while_a_callback_ends_it(
    database: Any, pool: ThreadPoolExecutor, stuck: Any
) -> None:
    (first,) = make(database)
    with database.establishment(NORTH) as session:
        found = lock_delivery(session, first)
        clock = pool.submit(claim, database)
        stuck(1, clock)
        assert move(session, found, S.delivered, cause="callback")
    assert clock.result(30).to_send == ()


def test_what_stands_by_falls_due_while_a_receipt_calls_it_off(
    database: Any, pool: ThreadPoolExecutor, stuck: Any
) -> None:
    (first,) = make(database, channels=("sms", "email"))
    with database.establishment(NORTH) as session:
        one = session.get_one(Delivery, first)
        reminder = session.get_one(Reminder, one.reminder_id)
        moment = now() - timedelta(seconds=1)
        second = open_delivery(
            session, reminder, "email", occurrence=one.occurrence, due_at=moment, cause="test"
        ).id
        one.status = S.sent
        forget_due(session, first)
    clocks: list[Future[Any]] = []

    def in_between(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if "SKIP LOCKED" in statement and not clocks:  # what stands by is locked by now
            clocks.append(pool.submit(claim, database))
            stuck(1, *clocks)

    event.listen(database.engine, "after_cursor_execute", in_between)
    try:
        with database.establishment(NORTH) as session:
            found = lock_delivery(session, first)
            assert move(session, found, S.delivered, cause="callback")
    finally:
        event.remove(database.engine, "after_cursor_execute", in_between)
    (clock,) = clocks
    assert clock.result(30).to_send == ()
    assert delivery(database, second).status == S.cancelled


def test_what_is_given_back_while_somebody_else_has_it(
    database: Any, pool: ThreadPoolExecutor, stuck: Any
) -> None:
    (first,) = make(database)
    claim(database)

    def give_back() -> None:
        with database.establishment(NORTH) as session:
            dispatch.release(session, [first], "queue unreachable")

    with database.establishment(NORTH) as session:
        lock_delivery(session, first)
        clock = pool.submit(give_back)
        stuck(1, clock)
        look_again(session, first, now())
    clock.result(30)
    assert delivery(database, first).status == S.scheduled


def test_a_series_goes_on_while_staff_cancel_it(
    database: Any, pool: ThreadPoolExecutor, stuck: Any
) -> None:
    """The next turn is a delivery that was called off before: the worker has the reminder first."""
    (first,) = make(database, rrule="FREQ=DAILY", status="active")
    with database.establishment(NORTH) as session:
        one = session.get_one(Delivery, first)
        number, occurrence = one.reminder_id, one.occurrence
        tomorrow = occurrence + timedelta(days=1)
        reminder = session.get_one(Reminder, number)
        later = open_delivery(
            session, reminder, "sms", occurrence=tomorrow, due_at=tomorrow, cause="test"
        )
        move(session, later, S.cancelled, cause="test")
        reminder.status = "active"
        session.execute(update(Delivery).where(Delivery.id == first).values(status=S.sent))
    with database.establishment(NORTH) as session:
        reminder = session.get_one(Reminder, number, with_for_update=True)
        staff = pool.submit(cancelled, database, number)
        stuck(1, staff)
        assert open_next_turn(session, reminder, after=occurrence)
    assert staff.result(30) == 1
    assert reminder_status(database, first) == "cancelled"


def test_an_import_after_a_number_that_is_new(database: Any) -> None:
    """The addresses are made before their contacts, and found again."""
    with database.establishment(NORTH) as session:
        known = address_for(session, "phone", campaigns.phone(0)).id
    report = load(database, f"P1,{campaigns.phone(0)}", f"P2,{campaigns.phone(1)}")
    assert report.created == 2
    with database.establishment(NORTH) as session:
        assert session.scalars(select(Address.id).order_by(Address.id)).all()[0] == known
        assert len(session.scalars(select(Address.id)).all()) == 2
