"""A contact's new number or e-mail, and what waits for the old one: it follows, or it fails.

Seen to fail with: `hold_addresses` left out of `create`; the second look at the deliveries, their
lock, their order, `take_unclaimed` left out of `_try_to_lock` (two of these with
`DeadlockDetected`); a reminder that it waits for; what was called off left out of `_MAY_GO_OUT`;
`_FOLLOWS` and `awaits_receipt` left out of `_reminders_to`; `reschedule` of what is claimed;
`attempt` left out of `_redirect`; the channels, or `cancelled_at`, left as they were;
either look at `leads_to` left out of `_held`, `_go_elsewhere` of `begin`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, update

from models.address import Address
from models.contact import Contact
from models.delivery import Delivery
from models.delivery import DeliveryStatus as S
from models.establishment import Sender
from models.reminder import Reminder
from schemas.contact import ContactChange
from schemas.reminder import ReminderIn
from services.contact.address import address_for
from services.due.queue import look_again
from services.identity import uuid7
from services.reminder.contact_change import change_contact
from services.reminder.lock import lock_whole
from services.reminder.plan import Senders
from services.reminder.reminders import create
from services.series.turn import open_next_turn
from tests.fixtures import NORTH
from tests.services import campaigns
from tests.services.campaigns import STAFF, contact
from tests.services.deliveries import (
    EMAIL,
    PHONE,
    begin,
    begun,
    causes,
    claim,
    conclude,
    delivery,
    due,
    make,
    now,
    reminder_status,
    sender,
    sent,
    start_next,
    states,
    tasks,
    tell,
    until_blocked,
)

NEW = "+237650000002"
OTHER = "+237650000003"
NEW_EMAIL = "new@example.com"
DAY = 86_400


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def patient(database: Any) -> int:
    return contact(database, "PAT1", PHONE, email=EMAIL)


def changed(database: Any, patient: int, **fields: Any) -> None:
    with database.establishment(NORTH) as session:
        change_contact(
            session,
            "CM",
            patient,
            ContactChange(**fields),
            expected_version=None,
            principal=STAFF,
        )


def to(database: Any, number: int) -> str:
    """Where a delivery goes, or went."""
    with database.establishment(NORTH) as session:
        found = session.get_one(Delivery, number)
        reminder = session.get_one(Reminder, found.reminder_id)
        kind = "email" if found.channel == "email" else "phone"
        own = reminder.email_id if kind == "email" else reminder.phone_id
        values = {
            address_for(session, kind, value).id: value
            for value in ((EMAIL, NEW_EMAIL) if kind == "email" else (PHONE, NEW, OTHER))
        }
        assert own in values or own is None
        return values[found.address_id]


def latest(database: Any) -> int:
    with database.establishment(NORTH) as session:
        return int(session.scalar(select(func.max(Delivery.id))))


def test_what_waits_goes_to_the_new_number_at_its_time(database: Any, patient: int) -> None:
    (number,) = make(database, contact_id=patient, due_in=3600)
    before = delivery(database, number).due_at
    changed(database, patient, phone_number=NEW)
    assert to(database, number) == NEW
    assert causes(database, number)[1:] == ["phone number changed"]
    after = due(database, number)
    assert after is not None
    assert (after.due_at, after.claimed_until) == (before, None)


def test_so_does_what_is_called_and_sent_by_mail(database: Any, patient: int) -> None:
    (call,) = make(database, contact_id=patient, channels=("voice",), due_in=3600)
    (mail,) = make(database, contact_id=patient, channels=("email", "sms"), due_in=3600)
    changed(database, patient, phone_number=NEW, email=NEW_EMAIL)
    assert (to(database, call), to(database, mail)) == (NEW, NEW_EMAIL)
    assert causes(database, mail)[1:] == ["e-mail address changed"]


def test_the_next_turn_of_a_series(database: Any, patient: int) -> None:
    first = begun(database, contact_id=patient, rrule="FREQ=DAILY", status="active", validity=7200)
    changed(database, patient, phone_number=NEW)
    assert to(database, first) == PHONE, "it is being sent there, whatever is changed now"
    assert states(database, first) == [("sms", "sending")]
    conclude(database, first, S.sent, provider_id="SM1")
    assert latest(database) > first
    assert to(database, latest(database)) == NEW
    assert (to(database, first), causes(database, first)[-1]) == (PHONE, "answer")


def test_a_turn_that_was_called_off_and_is_wanted_after_all(database: Any, patient: int) -> None:
    (number,) = make(database, contact_id=patient, rrule="FREQ=DAILY", status="active", due_in=3600)
    with database.establishment(NORTH) as session:
        one = session.get_one(Delivery, number)
        one.status, occurrence = S.cancelled, one.occurrence
    changed(database, patient, phone_number=NEW)
    with database.establishment(NORTH) as session:
        reminder = session.get_one(Reminder, one.reminder_id, with_for_update=True)
        assert open_next_turn(session, reminder, after=occurrence - timedelta(seconds=1))
    assert (states(database, number), to(database, number)) == ([("sms", "scheduled")], NEW)


def test_all_that_waits_of_a_relative_reminder(database: Any, patient: int) -> None:
    by = sender(database)
    with database.establishment(NORTH) as session:
        wanted = ReminderIn(
            patient_id="PAT1",
            message="x",
            language="fra",
            event_time=session.now() + timedelta(days=9),
            before=[timedelta(days=7), timedelta(days=1), timedelta(hours=2)],
        )
        stored(session, by, wanted)
    changed(database, patient, phone_number=NEW)
    with database.establishment(NORTH) as session:
        numbers = session.scalars(select(Delivery.id)).all()
    assert [to(database, number) for number in numbers] == [NEW] * 3


def stored(session: Any, sender: Sender, wanted: ReminderIn) -> None:
    create(
        session,
        campaigns.place(),
        Senders({"sms": sender}),
        wanted,
        identity=uuid7(),
        principal=STAFF,
        now=session.now(),
    )


def test_a_recipient_of_a_campaign(database: Any, patient: int) -> None:
    campaign = campaigns.started(database)
    campaigns.expand_all(database, campaign)
    changed(database, patient, phone_number=NEW)
    assert to(database, latest(database)) == NEW


def test_a_number_of_the_reminders_own_stays(database: Any, patient: int) -> None:
    (own,) = make(database, contact_id=patient, phone=OTHER, due_in=3600)
    sibling = contact(database, "PAT2", PHONE)
    (siblings,) = make(database, contact_id=sibling, due_in=3600)
    (nobodys,) = make(database, due_in=3600)
    (reply,) = make(database, contact_id=patient, purpose="reply", due_in=3600)
    changed(database, patient, phone_number=NEW)
    assert [to(database, one) for one in (own, siblings, nobodys, reply)] == [
        OTHER,
        PHONE,
        PHONE,
        PHONE,
    ]
    assert causes(database, own) == ["scheduled"]


def test_what_is_sent_stays_and_the_next_channel_goes_to_the_new_number(
    database: Any, patient: int
) -> None:
    number = sent(database, contact_id=patient, channels=("sms", "voice"), validity=4 * 3600)
    assert reminder_status(database, number) == "done"
    changed(database, patient, phone_number=NEW)
    assert to(database, number) == PHONE
    tell(database, number, "undelivered", code="30003")
    assert (to(database, number), to(database, latest(database))) == (PHONE, NEW)


def test_a_call_that_nobody_picks_up_is_repeated_at_the_new_number(
    database: Any, patient: int
) -> None:
    again = {"call_again_after": 0, "call_again_at_most": 2}
    number = sent(database, contact_id=patient, channels=("voice",), validity=4 * 3600, **again)
    changed(database, patient, phone_number=NEW)
    tell(database, number, "no-answer")
    assert (states(database, number), to(database, number)) == ([("voice", "scheduled")], PHONE)
    assert begin(database, claim(database).to_send) == []
    assert to(database, number) == NEW
    assert causes(database, number)[-1] == "address changed"
    assert [one.to for one in begin(database, claim(database).to_send)] == [NEW]


def test_what_comes_back_when_its_number_is_gone_makes_way(database: Any, patient: int) -> None:
    number = begun(database, contact_id=patient, channels=("sms", "email"))
    changed(database, patient, phone_number=None)
    with database.establishment(NORTH) as session:
        session.get_one(Delivery, number).status = S.scheduled
        look_again(session, number, now())
    assert begin(database, claim(database).to_send) == []
    assert states(database, number) == [("sms", "failed"), ("email", "scheduled")]


def test_what_is_claimed_is_not_sent_to_the_old_number(database: Any, patient: int) -> None:
    (number,) = make(database, contact_id=patient)
    (claimed,) = claim(database).to_send
    changed(database, patient, phone_number=NEW)
    assert begin(database, [claimed]) == []
    assert start_next(database) == number
    assert to(database, number) == NEW


@pytest.mark.parametrize("channels", [("sms",), ("sms", "email")])
def test_a_worker_stamps_at_the_same_moment(
    database: Any, owner: Any, patient: int, channels: tuple[str, ...]
) -> None:
    """The worker has locked the delivery, or staff have: it went where its address says."""
    make(database, 3, contact_id=patient, channels=channels, status="active", rrule="FREQ=DAILY")
    ids = claim(database).to_send
    with ThreadPoolExecutor(2) as pool:
        with database.establishment(NORTH) as session:
            lock_whole(session, delivery(database, ids[1]).reminder_id)
            staff = pool.submit(changed, database, patient, phone_number=NEW)
            until_blocked(owner, 1, unless=[staff])
            worker = pool.submit(begin, database, ids)
            until_blocked(owner, 2, unless=[staff, worker])
        staff.result(30)
        attempts = worker.result(30)
    for number in ids:
        went = [one.to for one in attempts if one.delivery_id == number]
        assert went in ([], [to(database, number)])
        assert went or to(database, number) == NEW


def test_what_a_series_opens_at_the_same_moment(database: Any, owner: Any, patient: int) -> None:
    first = begun(database, contact_id=patient, rrule="FREQ=DAILY", status="active", validity=7200)
    with ThreadPoolExecutor(1) as pool:
        with database.establishment(NORTH) as session:
            one = session.get_one(Delivery, first, with_for_update=True)
            reminder = session.get_one(Reminder, one.reminder_id, with_for_update=True)
            staff = pool.submit(changed, database, patient, phone_number=NEW)
            until_blocked(owner, 1, unless=[staff])
            assert open_next_turn(session, reminder, after=one.occurrence)
        staff.result(30)
    assert to(database, latest(database)) == NEW


@contextmanager
def once(database: Any, wanted: str, when: str, do: Callable[[], None]) -> Iterator[None]:
    """Something is done the first time that a statement with certain words is carried out."""
    done: list[str] = []

    def hook(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if not done and all(word in statement for word in wanted.split("…")):
            done.append(statement)
            do()

    event.listen(database.engine, when, hook)
    try:
        yield
    finally:
        event.remove(database.engine, when, hook)
    assert done


LOCKED = "FROM deliveries …ORDER BY deliveries.address_id…FOR UPDATE"


def test_a_reminder_that_is_made_at_the_same_moment(
    database: Any, owner: Any, patient: int, pool: ThreadPoolExecutor
) -> None:
    """Its contact has been read, and it is not stored yet."""
    by, works = sender(database), []

    def change() -> None:
        works.append(pool.submit(changed, database, patient, phone_number=NEW))
        until_blocked(owner, 1, unless=works)

    with (
        once(database, "INSERT INTO reminders", "before_cursor_execute", change),
        database.establishment(NORTH) as session,
    ):
        wanted = ReminderIn(
            patient_id="PAT1",
            message="x",
            language="fra",
            scheduled_time=session.now() + timedelta(days=1),
        )
        stored(session, by, wanted)
    works[0].result(30)
    assert to(database, latest(database)) == NEW


def test_a_campaign_that_makes_its_reminders_at_the_same_moment(
    database: Any, owner: Any, patient: int, pool: ThreadPoolExecutor
) -> None:
    """Its recipients have been read, and nothing is stored yet."""
    number, works = campaigns.started(database), []

    def change() -> None:
        works.append(pool.submit(changed, database, patient, phone_number=NEW))
        until_blocked(owner, 1, unless=works)

    with once(database, "insert into reminders", "before_cursor_execute", change):
        campaigns.expand_all(database, number)
    works[0].result(30)
    assert to(database, latest(database)) == NEW


def test_what_was_opened_between_its_two_locks(
    database: Any, patient: int, pool: ThreadPoolExecutor
) -> None:
    """The turn before has ended when the deliveries are locked and the reminder is not."""
    first = begun(database, contact_id=patient, rrule="FREQ=DAILY", status="active", validity=7200)

    def end() -> None:
        pool.submit(conclude, database, first, S.sent, provider_id="SM1").result(30)

    with once(database, LOCKED, "after_cursor_execute", end):
        changed(database, patient, phone_number=NEW)
    assert latest(database) > first
    assert to(database, latest(database)) == NEW


def test_a_series_goes_on_at_the_same_moment_to_a_turn_that_was_called_off(
    database: Any, owner: Any, patient: int, pool: ThreadPoolExecutor
) -> None:
    """The worker has the reminder and then wants the delivery: nobody waits in a circle."""
    first = begun(database, contact_id=patient, rrule="FREQ=DAILY", status="active", validity=7200)
    with database.establishment(NORTH) as session:
        reminder = session.get_one(Reminder, delivery(database, first).reminder_id)
        after = delivery(database, first).occurrence
        assert open_next_turn(session, reminder, after=after)
    later = latest(database)
    with database.establishment(NORTH) as session:
        session.execute(update(Delivery).where(Delivery.id == later).values(status=S.cancelled))
    with database.establishment(NORTH) as session:
        reminder = session.get_one(Reminder, reminder.id, with_for_update=True)
        staff = pool.submit(changed, database, patient, phone_number=NEW)
        until_blocked(owner, 1, unless=[staff])
        assert open_next_turn(session, reminder, after=after)
    staff.result(30)
    assert (to(database, later), delivery(database, later).status) == (NEW, S.scheduled)


def test_a_worker_has_one_of_their_reminders_and_wants_the_other(
    database: Any, owner: Any, patient: int, pool: ThreadPoolExecutor
) -> None:
    (mail,) = make(database, contact_id=patient, channels=("email",))
    (sms,) = make(database, contact_id=patient)
    claim(database)
    phone_id, email_id = (delivery(database, one).address_id for one in (sms, mail))
    assert phone_id < email_id, "a worker locks the second one first"
    with database.establishment(NORTH) as session:
        session.execute(select(Address.id).where(Address.id == phone_id).with_for_update())
        worker = pool.submit(begin, database, [mail, sms])
        until_blocked(owner, 1, unless=[worker])
        staff = pool.submit(changed, database, patient, phone_number=NEW, email=NEW_EMAIL)
        until_blocked(owner, 2, unless=[worker, staff])
    staff.result(30)
    assert {one.to for one in worker.result(30)} == {PHONE, EMAIL}
    assert (to(database, sms), to(database, mail)) == (PHONE, EMAIL)


def test_it_falls_due_while_its_number_is_removed(
    database: Any, owner: Any, patient: int, pool: ThreadPoolExecutor
) -> None:
    (number,) = make(database, contact_id=patient)
    clocks = []

    def fall_due() -> None:
        clocks.append(pool.submit(claim, database))
        until_blocked(owner, 1, unless=clocks)

    with once(database, LOCKED, "after_cursor_execute", fall_due):
        changed(database, patient, phone_number=None)
    assert clocks[0].result(30).to_send == ()
    assert states(database, number) == [("sms", "failed")]


def test_a_number_that_is_removed_leaves_the_next_channel_its_time(
    database: Any, patient: int
) -> None:
    (number,) = make(database, contact_id=patient, channels=("sms", "email"), due_in=3600)
    before = delivery(database, number).due_at
    changed(database, patient, phone_number=None)
    assert states(database, number) == [("email", "scheduled")]
    after = due(database, number)
    assert after is not None
    assert after.due_at == before
    assert to(database, number) == EMAIL
    assert causes(database, number)[-1] == "phone number removed"


def test_a_series_goes_on_by_the_channel_that_is_left(database: Any, patient: int) -> None:
    first = begun(
        database,
        contact_id=patient,
        channels=("sms", "email"),
        rrule="FREQ=DAILY",
        status="active",
        validity=7200,
    )
    changed(database, patient, phone_number=None)
    conclude(database, first, S.sent, provider_id="SM1")
    assert states(database, first) == [("sms", "sent"), ("email", "scheduled")]
    assert reminder_status(database, first) == "active"


def test_what_was_tried_makes_way(database: Any, patient: int) -> None:
    number = begun(database, contact_id=patient, channels=("sms", "email"))
    with database.establishment(NORTH) as session:
        session.execute(update(Delivery).where(Delivery.id == number).values(status=S.scheduled))
    changed(database, patient, phone_number=None)
    assert states(database, number) == [("sms", "failed"), ("email", "scheduled")]
    assert to(database, number) == PHONE
    assert delivery(database, number).error_code == "no_address"


@pytest.mark.parametrize("more", [{}, {"rrule": "FREQ=DAILY", "status": "active"}])
def test_when_no_address_is_left_it_has_failed_and_staff_have_a_task(
    database: Any, patient: int, more: dict[str, Any]
) -> None:
    (number,) = make(database, contact_id=patient, due_in=3600, **more)
    changed(database, patient, phone_number=None)
    assert states(database, number) == [("sms", "failed")]
    assert reminder_status(database, number) == "failed"
    assert due(database, number) is None
    assert tasks(database) == [("not_reached", number)]


def test_a_series_that_is_being_sent_ends_with_it(database: Any, patient: int) -> None:
    first = begun(database, contact_id=patient, rrule="FREQ=DAILY", status="active", validity=7200)
    changed(database, patient, phone_number=None)
    assert reminder_status(database, first) == "active"
    conclude(database, first, S.sent, provider_id="SM1")
    assert (states(database, first), reminder_status(database, first)) == (
        [("sms", "sent")],
        "done",
    )
    assert tasks(database) == [("not_reached", first)]


def test_another_name_moves_nothing(database: Any, patient: int) -> None:
    (number,) = make(database, contact_id=patient, due_in=3600)
    changed(database, patient, name="Marie", phone_number=PHONE)
    with database.establishment(NORTH) as session:
        assert session.get_one(Contact, patient).name == "Marie"
    assert (to(database, number), causes(database, number)) == (PHONE, ["scheduled"])
