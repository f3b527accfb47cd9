"""What a delivery's end does to its reminder: next channel, next occurrence, final status.

Seen to fail without: the look at the other channels, or at the time left, in `_fall_back`;
the event in `worth_until`;
`_call_off`; `_close_task`; the opt-out in `settle`, or its condition; `settle` at the end of
`leave_to_staff`; the count in `_rivals`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models.delivery import DeliveryStatus as S
from models.task import Task
from services.delivery.moves import lock_delivery
from services.delivery.news import provider_news
from services.delivery.reconcile import (
    Patience,
    questions,
    settle_unknown,
    settle_unlisted,
)
from tests.fixtures import NORTH
from tests.services.deliveries import (
    begin,
    begun,
    causes,
    claim,
    conclude,
    delivery,
    make,
    now,
    reminder_status,
    start_next,
    states,
    tell,
)
from utils.senders import Passed

ALL = ("sms", "voice", "email")


def test_a_late_word_about_a_replaced_channel_opens_nothing_more(database: Any) -> None:
    sms = begun(database, channels=ALL)
    conclude(database, sms, S.failed, code="21211")
    call = start_next(database)
    tell(database, sms, "undelivered")
    assert states(database, sms) == [("sms", "undelivered"), ("voice", "sending")]
    conclude(database, call, S.unknown)
    tell(database, sms, "undelivered")
    assert states(database, sms) == [("sms", "undelivered"), ("voice", "unknown")]
    assert reminder_status(database, sms) == "scheduled"


def test_a_late_receipt_calls_off_what_stands_by(database: Any) -> None:
    sms = begun(database, channels=ALL)
    tell(database, sms, "undelivered")
    assert states(database, sms) == [("sms", "undelivered"), ("voice", "scheduled")]
    tell(database, sms, "delivered")
    assert states(database, sms) == [("sms", "delivered"), ("voice", "cancelled")]
    assert reminder_status(database, sms) == "done"
    assert claim(database).to_send == ()


def test_no_fallback_when_the_time_is_over(database: Any) -> None:
    sms = begun(database, channels=ALL, validity=2)
    with database.establishment(NORTH) as session:
        lock_delivery(session, sms).valid_until = now() - timedelta(seconds=1)
    conclude(database, sms, S.failed, code="21211")
    assert states(database, sms) == [("sms", "failed")]
    assert reminder_status(database, sms) == "failed"


def test_no_fallback_after_an_event_that_was_moved_nearer(database: Any) -> None:
    """What had left when staff moved it is said of a time that has passed."""
    over = now() - timedelta(seconds=1)
    sms = begun(database, channels=ALL, event_time=over, before=[60])
    conclude(database, sms, S.failed, code="21211")
    assert states(database, sms) == [("sms", "failed")]


def test_a_carriers_opt_out_in_a_callback_counts_too(database: Any) -> None:
    sms = begun(database, channels=("sms",))
    tell(database, sms, "undelivered", code="21610")
    (other,) = make(database)
    claim(database)
    assert begin(database, [other]) == []
    assert delivery(database, other).status == S.suppressed


def test_another_failure_opts_nobody_out(database: Any) -> None:
    sms = begun(database, channels=("sms",))
    tell(database, sms, "undelivered", code="30003")
    (other,) = make(database)
    claim(database)
    assert len(begin(database, [other])) == 1


def test_some_occurrences_reached_is_partly_failed(database: Any) -> None:
    first = begun(
        database, rrule="FREQ=HOURLY;COUNT=2", validity=7200, due_in=-3000, status="active"
    )
    conclude(database, first, S.sent, provider_id="SM1")
    assert reminder_status(database, first) == "active"
    with database.establishment(NORTH) as session:
        second = lock_delivery(session, first + 1)
        second.status = S.sending
        session.flush()
        provider_news(
            session, second, "undelivered", cause="callback", provider="twilio", provider_id="SM2"
        )
    assert reminder_status(database, first) == "partly_failed"


def test_a_recurring_reminder_goes_on_past_an_unknown(database: Any) -> None:
    mail = begun(database, channels=("email",), rrule="FREQ=DAILY", status="active")
    conclude(database, mail, S.unknown, provider="sendgrid")
    with database.establishment(NORTH) as session:
        (question,) = questions(session, [mail])
        settle_unlisted(session, question, PATIENCE)
    assert states(database, mail) == [("email", "unknown"), ("email", "scheduled")]
    assert reminder_status(database, mail) == "active"


def test_a_task_is_closed_when_the_unknown_is_settled_after_all(database: Any) -> None:
    sms = begun(database)
    conclude(database, sms, S.unknown)
    with database.establishment(NORTH) as session:
        (question,) = questions(session, [sms])
        settle_unlisted(session, question, PATIENCE)
        task = session.query(Task).one()
        assert (task.delivery_id, task.state) == (sms, "open")
    tell(database, sms, "delivered")
    with database.establishment(NORTH) as session:
        task = session.query(Task).one()
        assert task.state == "done"
        assert task.done_at is not None


PATIENCE = Patience(settle_after=0, give_up_after=3600)
LISTED = [Passed(f"CA{n}", "completed", None, seconds=9) for n in (2, 1)]  # the newest first


@pytest.mark.parametrize(
    ("listed", "ends"),
    [
        ([], ["scheduled", "scheduled"]),  # neither was accepted: both go again
        (LISTED[:1], ["unknown", "unknown"]),  # whose call it was cannot be told
        (LISTED, ["undelivered", "undelivered"]),  # nobody asked us what they are about
    ],
)
def test_calls_in_a_list_are_not_guessed_at(
    database: Any, listed: list[Passed], ends: list[str]
) -> None:
    calls = [begun(database, channels=("voice",)), begun(database, channels=("voice",))]
    for call in calls:
        conclude(database, call, S.unknown)
    with database.establishment(NORTH) as session:
        for question in questions(session, calls):
            settle_unknown(session, question, listed, PATIENCE)
    found = [delivery(database, call) for call in calls]
    assert [one.status for one in found] == ends
    if ends[0] == "undelivered":
        assert {one.provider_id for one in found} == {"CA1", "CA2"}


def test_a_single_unknown_call_is_found_by_number_and_time(database: Any) -> None:
    call = begun(database, channels=("voice",))
    conclude(database, call, S.unknown)
    with database.establishment(NORTH) as session:
        (question,) = questions(session, [call])
        settle_unknown(session, question, [Passed("CA1", "no-answer", None)], PATIENCE)
    assert delivery(database, call).status == S.undelivered
    assert causes(database, call)[-1] == "found in the provider's list"
