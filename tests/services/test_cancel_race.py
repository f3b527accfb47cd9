"""Staff against workers, with real threads: what is answered is what happened.

Seen to fail with: `with_for_update()` left out of `lock_whole` (cancelled and sent); the second
look at the deliveries left out of it (the occurrence opened meanwhile goes out); the words read
before the lock instead of after it (`change` says one thing, the old words go out); `message =
null` left out of `_STAMP`; the reminder of an only message that had left called cancelled;
`cancelled_at` left out of `_OUTCOME`, of `_send_again`, of `settle`; `delivery.message` left out
of `_change_message` or of `reconcile`.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.delivery import Delivery
from models.delivery import DeliveryStatus as S
from models.establishment import Establishment
from models.reminder import Reminder
from schemas.reminder import ReminderChange
from services.delivery.moves import lock_delivery
from services.delivery.news import provider_news
from services.delivery.reconcile import Patience, questions, settle_unknown
from services.errors import Conflict
from services.identity import Principal
from services.reminder.change import Answer, cancel, change
from services.reminder.plan import Senders
from tests.fixtures import NORTH
from tests.services.deliveries import (
    begin,
    begun,
    claim,
    conclude,
    delivery,
    due,
    make,
    now,
    reminder_status,
    states,
    until_blocked,
)
from utils.senders import Passed

NURSE = Principal(establishment_id=NORTH, actor="user:1", user_id=1)
ROUNDS = 200


def reminder_of(database: Any, number: int) -> int:
    return int(delivery(database, number).reminder_id)


def cancelled(database: Any, reminder_id: int) -> Answer:
    with database.establishment(NORTH) as session:
        return cancel(session, reminder_id, NURSE)


def changed(database: Any, reminder_id: int, **wanted: Any) -> Answer:
    with database.establishment(NORTH) as session:
        return change(
            session,
            session.get_one(Establishment, NORTH),
            reminder_id,
            ReminderChange(**wanted),
            senders=Senders({}),
            expected_version=None,
            principal=NURSE,
        )


def waiting(database: Any, **more: Any) -> Iterator[int]:
    """Deliveries that a scheduler has just claimed, one after the other."""
    for _ in range(ROUNDS):
        (number,) = make(database, **more)
        assert claim(database).to_send == (number,)
        yield number


def race(*works: Any) -> list[Any]:
    """The results of works that start at the same moment; a `Conflict` is a result."""
    start, dice = threading.Barrier(len(works)), random.Random()

    def run(work: Any) -> Any:
        start.wait(10)
        for _ in range(dice.randrange(4000)):
            pass
        try:
            return work()
        except Conflict as conflict:
            return conflict

    with ThreadPoolExecutor(len(works)) as pool:
        return [done.result(30) for done in [pool.submit(run, work) for work in works]]


def test_a_cancel_never_says_cancelled_of_what_is_sent(database: Any) -> None:
    for number in waiting(database):
        reminder_id = reminder_of(database, number)
        attempts, answer = race(
            lambda number=number: begin(database, [number]),
            lambda reminder_id=reminder_id: cancelled(database, reminder_id),
        )
        assert isinstance(answer, Answer)
        assert (answer.cancelled, answer.with_carrier) == ((0, 1) if attempts else (1, 0)), number
        assert delivery(database, number).status == (S.sending if attempts else S.cancelled)
        again = cancelled(database, reminder_id)
        assert (again.cancelled, again.with_carrier) == (answer.cancelled, answer.with_carrier)


def test_a_change_of_words_is_whole_and_the_answer_says_which(database: Any) -> None:
    for number in waiting(database, rrule="FREQ=DAILY", status="active"):
        reminder_id = reminder_of(database, number)
        attempts, answer = race(
            lambda number=number: begin(database, [number]),
            lambda reminder_id=reminder_id: changed(database, reminder_id, message="Autre chose"),
        )
        assert isinstance(answer, Answer)
        assert len(attempts) == 1  # other words are no reason to wait
        said = "Rappel" if answer.with_carrier else "Autre chose"
        assert [attempt.message for attempt in attempts] == [said]
        kept = delivery(database, number).message
        assert (kept or "Autre chose") == said


def test_cancel_and_change_and_send_at_once_agree(database: Any) -> None:
    for number in make(database, 40):
        claim(database, batch=1)
        reminder_id = reminder_of(database, number)
        later = (now() + timedelta(hours=1)).isoformat()
        attempts, ended, moved = race(
            lambda number=number: begin(database, [number]),
            lambda reminder_id=reminder_id: cancelled(database, reminder_id),
            lambda reminder_id=reminder_id, later=later: changed(
                database, reminder_id, scheduled_time=later
            ),
        )
        found = delivery(database, number)
        assert found.status == (S.sending if attempts else S.cancelled)
        assert isinstance(ended, Answer)
        assert ended.cancelled == (0 if attempts else 1)
        if attempts:
            assert isinstance(moved, Conflict)
            assert found.occurrence < now()


def test_words_that_were_changed_while_a_worker_waited_are_the_new_ones(
    database: Any, owner: Any
) -> None:
    """The worker's statement has begun; before it comes to the delivery, that is changed: in its
    old snapshot the reminder still has its old words."""
    first, second = make(database, 2)
    claim(database)
    with ThreadPoolExecutor(1) as worker:
        with database.establishment(NORTH) as session:
            lock_delivery(session, first)
            beginning = worker.submit(begin, database, [first, second])
            until_blocked(owner)
            changed(database, reminder_of(database, second), message="Autre chose")
        attempts = beginning.result(10)
    said = {attempt.delivery_id: attempt.message for attempt in attempts}
    assert said == {first: "Rappel", second: "Autre chose"}


def test_an_occurrence_that_is_opened_while_staff_cancel_is_cancelled_too(database: Any) -> None:
    for number in make(database, 40, rrule="FREQ=DAILY", status="active"):
        claim(database, batch=1)
        begin(database, [number])
        reminder_id = reminder_of(database, number)
        _, ended = race(
            lambda number=number: conclude(database, number, S.sent, provider_id=f"SM{number}"),
            lambda reminder_id=reminder_id: cancelled(database, reminder_id),
        )
        assert isinstance(ended, Answer)
        with database.establishment(NORTH) as session:
            found = session.execute(
                select(Delivery.status)
                .where(Delivery.reminder_id == reminder_id)
                .order_by(Delivery.id)
            ).scalars()
            assert list(found) == [S.sent] + [S.cancelled] * ended.cancelled
        assert reminder_status(database, number) == "cancelled"


def test_what_left_before_the_cancel_is_not_tried_again(database: Any) -> None:
    number = begun(database, channels=("sms", "email"))
    answer = cancelled(database, reminder_of(database, number))
    assert (answer.cancelled, answer.with_carrier) == (0, 1)
    assert reminder_status(database, number) == "scheduled"  # nobody says that it is cancelled
    conclude(database, number, S.scheduled, code="unreachable", retry_in=0.0)
    assert claim(database).to_send == (number,)
    assert begin(database, [number]) == []
    assert states(database, number) == [("sms", "cancelled")]
    assert due(database, number) is None
    assert reminder_status(database, number) == "cancelled"


def test_what_was_refused_after_the_cancel_goes_no_other_way(database: Any) -> None:
    number = begun(database, channels=("sms", "email"))
    cancelled(database, reminder_of(database, number))
    conclude(database, number, S.failed, code="21211")
    assert states(database, number) == [("sms", "failed")]
    assert reminder_status(database, number) == "failed"


def test_what_was_sent_after_the_cancel_is_done(database: Any) -> None:
    number = begun(database)
    cancelled(database, reminder_of(database, number))
    conclude(database, number, S.sent, provider_id="SM1")
    assert reminder_status(database, number) == "done"


PATIENCE = Patience(settle_after=0, give_up_after=3600)


@pytest.mark.parametrize(
    ("listed", "state"),
    [([], "cancelled"), ([Passed("SM9", "delivered", "Rappel")], "delivered")],
)
def test_an_unknown_that_staff_cancelled_is_settled_and_not_sent_again(
    database: Any, listed: list[Passed], state: str
) -> None:
    number = begun(database)
    conclude(database, number, S.unknown)
    assert cancelled(database, reminder_of(database, number)).with_carrier == 1
    with database.establishment(NORTH) as session:
        (question,) = questions(session, [number])
        settle_unknown(session, question, listed, PATIENCE)
    if not listed:
        assert claim(database).to_send == (number,)
        assert begin(database, [number]) == []
    assert delivery(database, number).status == state


def test_an_unknown_is_found_by_the_words_that_it_said(database: Any) -> None:
    number = begun(database, rrule="FREQ=DAILY", status="active")
    conclude(database, number, S.unknown)
    changed(database, reminder_of(database, number), message="Autre chose")
    with database.establishment(NORTH) as session:
        (question,) = questions(session, [number])
        settle_unknown(session, question, [Passed("SM9", "delivered", "Rappel")], PATIENCE)
    found = delivery(database, number)
    assert (found.status, found.message) == (S.delivered, "Rappel")


def test_what_goes_again_after_a_change_says_the_new_words(database: Any) -> None:
    number = begun(database, rrule="FREQ=DAILY", status="active")
    changed(database, reminder_of(database, number), message="Autre chose")
    assert delivery(database, number).message == "Rappel"
    conclude(database, number, S.scheduled, code="unreachable", retry_in=0.0)
    assert claim(database).to_send == (number,)
    (attempt,) = begin(database, [number])
    assert attempt.message == "Autre chose"
    assert delivery(database, number).message is None


def test_a_one_off_that_is_with_the_carrier_cannot_be_changed(database: Any) -> None:
    number = begun(database)
    with pytest.raises(Conflict) as refused:
        changed(database, reminder_of(database, number), message="Autre chose")
    assert refused.value.code == "already_with_carrier"


def test_a_late_receipt_of_a_cancelled_series_opens_nothing(database: Any) -> None:
    number = begun(database, rrule="FREQ=DAILY", status="active")
    assert cancelled(database, reminder_of(database, number)).with_carrier == 1
    with database.establishment(NORTH) as session:
        locked = lock_delivery(session, number)
        provider_news(
            session, locked, "delivered", cause="callback", provider="twilio", provider_id="SM1"
        )
        assert session.get_one(Reminder, locked.reminder_id).status == "cancelled"
    assert states(database, number) == [("sms", "delivered")]
