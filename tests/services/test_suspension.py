"""Senders that a provider shut out: nobody's message is used up, and the next channel is tried.

Each of these was broken once, and a test here failed:
- the fallback in `hold_back` left out (the e-mail never goes);
- `_probe` passing every candidate, or none;
- `Sender.suspended_at < attempted_at` left out of `note_success` (an old success lifts);
- `Sender.suspended_by == said_by` left out (an answer lifts what a receipt told);
- `of_earlier_attempt` answering False (a late word about what was given back counts);
- `_call_up` left out (what waited stays where it was put).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from models.delivery import DeliveryStatus as S
from models.establishment import Sender
from services.delivery.moves import lock_delivery
from services.dispatch.suspended import hold_back
from services.sender.suspension import lift
from services.webhook.callback import StatusNews, apply_status
from tests.fixtures import NORTH, SOUTH
from tests.services.deliveries import (
    FakeSender,
    age,
    begun,
    causes,
    claim,
    conclude,
    delivery,
    due,
    make,
    now,
    reminder_status,
    run,
    sender,
    states,
)
from utils.senders import Outcome, Verdict

NOT_OURS = Outcome(Verdict.unreachable, code="21606")
FULL = Outcome(Verdict.throttled, code="63038")
SUSPENDED_ACCOUNT = Outcome(Verdict.unreachable, code="20003")


def tell(
    database: Any, number: int, status: str, code: str | None = None, sid: str = "SM1"
) -> None:
    news = StatusNews("message", sid, status, code)
    with database.establishment(NORTH) as session:
        apply_status(session, number, news)


def test_a_fault_of_the_sender_uses_nothing_up(
    database: Any, carrier: Callable[..., FakeSender]
) -> None:
    sms = carrier("sms", NOT_OURS)
    (first,) = make(database)
    run(database)
    assert delivery(database, first).status == S.scheduled
    found = sender(database)
    assert (found.suspended_code, found.suspended_by) == ("21606", "answer")
    (second,) = make(database)
    run(database)
    assert len(sms.given) == 1  # the second did not even try
    assert delivery(database, second).status == S.scheduled
    assert causes(database, second)[-1] == "sender suspended"
    waits = due(database, second)
    assert waits is not None
    assert now() + timedelta(seconds=50) < waits.due_at < now() + timedelta(seconds=80)


@pytest.mark.parametrize("outcome", [NOT_OURS, Outcome(Verdict.throttled, code="21611"), FULL])
def test_the_next_channel_is_tried_instead(
    database: Any, carrier: Callable[..., FakeSender], outcome: Outcome
) -> None:
    carrier("sms", outcome)
    mail = carrier("email")
    (first,) = make(database, channels=("sms", "email"))
    run(database)
    with database.service() as session:  # the answer allowed another try a few seconds later
        session.execute(text("update shared.due set due_at = now()"))
    run(database)
    assert states(database, first) == [("sms", "cancelled"), ("email", "sent")]
    assert delivery(database, first).error_code == "sender_suspended"
    assert reminder_status(database, first) == "done"
    assert len(mail.given) == 1


def test_a_suspended_account_shuts_out_all_its_senders(
    database: Any, carrier: Callable[..., FakeSender]
) -> None:
    """SMS and calls go by the same account: the reminder passes both and leaves by e-mail."""
    carrier("sms", SUSPENDED_ACCOUNT)
    carrier("voice"), carrier("email")
    make(database)
    run(database)
    assert sender(database, "voice").suspended_at is not None
    assert sender(database, "email").suspended_at is None
    (number,) = make(database, channels=("sms", "voice", "email"))
    run(database)
    assert states(database, number) == [
        ("sms", "cancelled"), ("voice", "cancelled"), ("email", "sent"),
    ]  # fmt: skip


def test_another_hospitals_sender_is_not_touched(
    database: Any, carrier: Callable[..., FakeSender]
) -> None:
    carrier("sms", SUSPENDED_ACCOUNT)
    make(database)
    run(database)
    assert sender(database, "sms", SOUTH).suspended_at is None


def test_where_every_later_channel_is_shut_out_too_it_waits(
    database: Any, carrier: Callable[..., FakeSender]
) -> None:
    carrier("sms", SUSPENDED_ACCOUNT)
    make(database)
    run(database)
    (number,) = make(database, channels=("sms", "voice"))
    run(database)
    assert states(database, number) == [("sms", "scheduled")]


def test_now_and_then_one_tries_and_its_success_lifts_it(
    database: Any, carrier: Callable[..., FakeSender]
) -> None:
    sms = carrier("sms", NOT_OURS, NOT_OURS)
    waiting = make(database, 3)
    run(database)
    assert len(sms.given) == 3  # the third was in the same group and accepted
    sms.given.clear()
    more = make(database, 3)
    run(database)
    assert sms.given == []
    sms.answers = [NOT_OURS]
    age(database, by=100)
    run(database)
    assert len(sms.given) == 1  # one of them all
    assert sender(database).probes == 1
    age(database, by=100)
    run(database)
    assert len(sms.given) == 1  # the next turn is later than the first was
    age(database, by=100)
    run(database)
    assert sender(database).suspended_at is None
    run(database)
    found = {delivery(database, number).status for number in waiting + more}
    assert found == {S.sent}


def test_a_success_from_before_lifts_nothing(
    database: Any, carrier: Callable[..., FakeSender]
) -> None:
    number = begun(database)
    tell(database, begun(database), "failed", "30002", sid="SM9")
    assert sender(database).suspended_by == "receipt"
    tell(database, number, "delivered")
    assert sender(database).suspended_at is not None


def test_what_a_receipt_told_only_a_receipt_takes_back(
    database: Any, carrier: Callable[..., FakeSender]
) -> None:
    sms = carrier("sms")
    first = begun(database)
    conclude(database, first, S.sent, provider_id="SM1")
    assert reminder_status(database, first) == "done"
    tell(database, first, "failed", "30002")
    found = delivery(database, first)
    assert (found.status, found.provider_id) == (S.scheduled, None)
    assert reminder_status(database, first) == "scheduled"
    assert causes(database, first)[-1] == "given back by the carrier"
    age(database, by=100)
    run(database)
    assert len(sms.given) == 1  # the probe was accepted
    assert sender(database).suspended_at is not None
    (again,) = [delivery(database, first)]
    assert (again.status, again.attempt) == (S.sent, 2)
    tell(database, first, "sent")  # a late word about the first message
    tell(database, first, "undelivered", "30003")
    assert delivery(database, first).status == S.sent
    assert again.provider_id is not None
    tell(database, first, "delivered", sid=again.provider_id)
    assert delivery(database, first).status == S.delivered
    assert sender(database).suspended_at is None


def test_a_given_back_message_that_arrived_after_all_is_not_sent_again(
    database: Any, carrier: Callable[..., FakeSender]
) -> None:
    first = begun(database)
    conclude(database, first, S.sent, provider_id="SM1")
    tell(database, first, "failed", "30002")
    tell(database, first, "delivered")
    assert delivery(database, first).status == S.delivered
    assert due(database, first) is None


def test_a_callback_that_outran_the_answer_gives_it_back_too(
    database: Any, carrier: Callable[..., FakeSender]
) -> None:
    first = begun(database)
    tell(database, first, "failed", "30002")
    conclude(database, first, S.sent, provider_id="SM1")
    assert delivery(database, first).status == S.scheduled


def test_a_fault_of_the_patients_phone_suspends_nothing(
    database: Any, carrier: Callable[..., FakeSender]
) -> None:
    first = begun(database)
    conclude(database, first, S.sent, provider_id="SM1")
    tell(database, first, "undelivered", "30003")
    assert delivery(database, first).status == S.undelivered
    assert sender(database).suspended_at is None


def test_what_is_over_meanwhile_expires(database: Any, carrier: Callable[..., FakeSender]) -> None:
    carrier("sms", NOT_OURS)
    make(database)
    run(database)
    (number,) = make(database, validity=30)
    run(database)
    waits = due(database, number)
    assert waits is not None
    assert waits.due_at == delivery(database, number).valid_until
    with database.establishment(NORTH) as session:
        lock_delivery(session, number).valid_until = now() - timedelta(seconds=1)
    age(database, by=40)
    run(database)
    assert delivery(database, number).status == S.expired


def test_what_went_back_because_its_time_was_over_stays_failed(database: Any) -> None:
    first = begun(database)
    conclude(database, first, S.sent, provider_id="SM1")
    with database.establishment(NORTH) as session:
        lock_delivery(session, first).valid_until = now() - timedelta(seconds=1)
    tell(database, first, "failed", "30002")
    assert delivery(database, first).status == S.failed


def test_a_fast_callback_about_what_is_over_is_stored_once(database: Any) -> None:
    first = begun(database)
    with database.establishment(NORTH) as session:
        lock_delivery(session, first).valid_until = now() - timedelta(seconds=1)
    tell(database, first, "failed", "30002")
    conclude(database, first, S.sent, provider_id="SM1")
    found = delivery(database, first)
    assert (found.status, found.provider_id) == (S.failed, "SM1")


def test_an_old_word_suspends_nothing_again(
    database: Any, carrier: Callable[..., FakeSender]
) -> None:
    """A webhook that was signed once can be sent again for ever."""
    first = begun(database)
    conclude(database, first, S.sent, provider_id="SM1")
    tell(database, first, "failed", "30002")
    with database.establishment(NORTH) as session:
        for row in session.query(Sender).filter(Sender.suspended_at.is_not(None)):
            lift(session, row)
    tell(database, first, "failed", "30002")
    assert sender(database).suspended_at is None


def test_nothing_is_asked_while_all_is_well(database: Any) -> None:
    """The hot path pays nothing: the directory knows, and no statement is added."""
    ids = make(database, 2)
    claim(database)
    with database.establishment(NORTH) as session:
        assert hold_back(session, ids, probe_after=60).ids == ids
