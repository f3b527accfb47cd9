"""A receipt that has not come is asked for; what is missing for good opens the next channel.

Seen to fail without: the row that stays in the due queue in `_OUTCOME`, or in `move`; the line of
its own for questions in `_CLAIM`; the look at `ON_ITS_WAY`, at the window, or at the proof, in
`services/delivery/receipt.py`; `_passed_over` in `services/delivery/moves.py`; `sent` left alone by
the sweep; the sender's own address in `_prove`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from models.delivery import DeliveryStatus as S
from models.due import Due
from models.establishment import Sender
from services.delivery.moves import lock_delivery
from services.delivery.receipt import ASKED, Answer, look_later, take_in, wanted_receipts
from services.delivery.sweep import sweep
from services.policy import ASKED_AT_MOST, Looks
from tests.fixtures import NORTH, SOUTH
from tests.services.deliveries import (
    NUMBER,
    WINDOW,
    answered,
    ask_now,
    begin,
    begun,
    causes,
    claim,
    conclude,
    delivery,
    due,
    establishment_with,
    make,
    now,
    reminder_status,
    sent,
    start_next,
    states,
    tasks,
    tell,
)
from utils.senders import Passed

ALL = ("sms", "voice", "email")
START = datetime(2026, 11, 21, 8, tzinfo=UTC)


def givers(owner: Any) -> list[tuple[int, str]]:
    with owner.begin() as connection:
        rows = connection.execute(
            select(Sender.establishment_id, Sender.channel).where(Sender.gives_receipts)
        )
        return [tuple(row) for row in rows]


@pytest.mark.parametrize(
    ("validity", "expected"),
    [
        (4 * 3600, [60, 240, 960, WINDOW, 4 * 3600]),
        (WINDOW, [60, 240, 960, WINDOW]),
        (600, [60, 240, 960, WINDOW]),  # a carrier may still deliver, and its receipt be late
    ],
)
def test_looks_grow_and_end(validity: int, expected: list[int]) -> None:
    looks = Looks(START, 60, timedelta(seconds=WINDOW), START + timedelta(seconds=validity))
    found, at = [], START
    while (step := looks.after(at)) is not None:
        found.append((step - START).total_seconds())
        at = step
    assert found == expected


def test_a_provider_that_is_away_is_asked_less_and_less_and_not_for_ever() -> None:
    looks = Looks(START, 60, timedelta(seconds=WINDOW), START + timedelta(hours=4))
    at, tries, waits = START, 0, []
    while (step := looks.unanswered(at)) is not None:
        waits.append(step - at)
        at, tries = step, tries + 1
    assert tries < 40
    assert waits == sorted(waits)
    assert at - START >= ASKED_AT_MOST


def test_what_was_sent_waits_for_its_receipt(database: Any) -> None:
    number = begun(database)
    conclude(database, number, S.sent, provider_id="SM1")
    waiting = due(database, number)
    assert waiting is not None
    assert waiting.asks
    assert waiting.claimed_until is None
    assert timedelta(seconds=50) < waiting.due_at - now() <= timedelta(seconds=60)
    assert reminder_status(database, number) == "done"
    tell(database, number, "delivered", provider_id="SM1")
    assert due(database, number) is None


@pytest.mark.parametrize(
    ("word", "in_time"), [("queued", False), ("queued", True), ("sent", False)]
)
def test_what_never_left_its_provider_does_not_stay_sent(
    database: Any, word: str, in_time: bool
) -> None:
    """A phone that nobody has charged since: the provider drops what is too late."""
    number = sent(database, ago=WINDOW + 1)
    with database.establishment(NORTH) as session:
        lock_delivery(session, number).valid_until = now() + timedelta(seconds=60 * in_time)
    answered(database, number, word)
    lost = word == "queued" and not in_time
    assert delivery(database, number).status == (S.failed if lost else S.sent)
    assert tasks(database) == ([("not_reached", number)] if lost else [])
    tell(database, number, "delivered")  # it may have left at the last moment
    assert (delivery(database, number).status, tasks(database)) == (S.delivered, [])


def test_a_callback_that_is_faster_than_the_answer_leaves_the_question(database: Any) -> None:
    number = begun(database)
    tell(database, number, "sent", provider_id="SM1")
    conclude(database, number, S.sent, provider_id="SM1")
    waiting = due(database, number)
    assert waiting is not None
    assert (waiting.asks, waiting.claimed_until) == (True, None)


def test_a_provider_that_cannot_be_asked_leaves_no_question(database: Any) -> None:
    number = begun(database, channels=("email",))
    conclude(database, number, S.sent, provider="sendgrid", provider_id="x")
    assert due(database, number) is None


def test_questions_and_messages_stand_in_two_lines(database: Any) -> None:
    questions = [sent(database) for _ in range(6)]
    messages = make(database, 6)
    ask_now(database, *questions)
    first = claim(database, batch=4, outstanding=4)
    assert list(first.to_send) == messages[:4]
    assert sorted(first.to_ask) == questions[:4]
    # The line of messages is full, that of questions has its one batch out.
    second = claim(database, batch=4, outstanding=4)
    assert (second.to_send, second.to_ask) == ((), ())
    third = claim(database, batch=4, outstanding=8)
    assert list(third.to_send) == messages[4:]
    assert third.to_ask == ()


def test_a_lost_receipt_is_taken_in(database: Any, unproven: None, owner: Any) -> None:
    number = sent(database, ago=61)
    ask_now(database, number)
    assert claim(database).to_ask == (number,)
    answered(database, number, "delivered")
    assert delivery(database, number).status == S.delivered
    assert causes(database, number)[-1] == ASKED
    assert due(database, number) is None
    assert givers(owner) == [(NORTH, "sms")]


def test_a_lost_failure_falls_back(database: Any) -> None:
    number = sent(database, ago=61, channels=ALL)
    answered(database, number, "undelivered", code="30003")
    assert states(database, number) == [("sms", "undelivered"), ("voice", "scheduled")]
    assert delivery(database, number).error_code == "30003"


def test_still_on_its_way_is_asked_again_later(database: Any, proven: None) -> None:
    number = sent(database, ago=61, channels=ALL)
    ask_now(database, number)
    claim(database)
    answered(database, number, "sent")
    waiting = due(database, number)
    assert waiting is not None
    assert waiting.claimed_until is None
    attempted = delivery(database, number).attempted_at
    assert attempted is not None
    assert waiting.due_at == attempted + timedelta(seconds=240)


CASES = {
    "a receipt is missing": ({}, "sent", True),
    "not yet": ({"ago": WINDOW - 5}, "sent", False),
    "never proven": ({"proven": False}, "sent", False),
    "another number has proven it": ({"sender": "+15005550007"}, "sent", False),
    "still with the provider": ({}, "queued", False),
    "being sent by the provider": ({}, "sending", False),
    "accepted by the provider": ({}, "accepted", False),
    "a word of next year": ({}, "teleported", False),
    "nobody answered": ({}, None, False),
    "no other channel": ({"channels": ("sms",)}, "sent", False),
    "no longer valid": ({"over": True}, "sent", False),
    "cancelled": ({"status": "cancelled"}, "sent", False),
    "the reminder's own window": ({"ago": 700, "receipt_window_seconds": 600}, "sent", True),
    "the reminder's own, longer": ({"receipt_window_seconds": 7200}, "sent", False),
}


@pytest.mark.parametrize("name", CASES)
def test_when_a_missing_receipt_opens_the_next_channel(
    database: Any, unproven: None, owner: Any, name: str
) -> None:
    case, word, falls_back = CASES[name]
    case = {"ago": WINDOW + 1, "channels": ALL, "validity": 4 * 3600, "due_in": -WINDOW} | case
    if case.pop("proven", True):
        with owner.begin() as connection:
            connection.execute(update(Sender).values(gives_receipts=True))
    number_it_left_from = case.pop("sender", NUMBER)
    over = case.pop("over", False)
    number = sent(database, **case)
    if over:
        with database.establishment(NORTH) as session:
            lock_delivery(session, number).valid_until = now()
    answered(database, number, word, sender=number_it_left_from)
    others = states(database, number)[1:]
    assert others == ([("voice", "scheduled")] if falls_back else [])
    assert delivery(database, number).status == S.sent
    if falls_back:
        assert causes(database, number)[-1] == "no receipt in time"
        assert causes(database, number + 1)[0] == "fallback from sms: no receipt"
        assert reminder_status(database, number) == "scheduled"


def passed_over(database: Any) -> int:
    number = sent(database, ago=WINDOW + 1, channels=ALL, validity=4 * 3600)
    answered(database, number, "sent")
    assert states(database, number) == [("sms", "sent"), ("voice", "scheduled")]
    return number


def test_a_late_receipt_calls_the_fallback_off(database: Any, proven: None) -> None:
    sms = passed_over(database)
    tell(database, sms, "delivered")
    assert states(database, sms) == [("sms", "delivered"), ("voice", "cancelled")]
    assert reminder_status(database, sms) == "done"
    assert claim(database).to_send == ()


def test_a_late_receipt_leaves_alone_what_has_left(database: Any, proven: None) -> None:
    sms = passed_over(database)
    call = start_next(database)
    tell(database, sms, "delivered")
    assert states(database, sms) == [("sms", "delivered"), ("voice", "sending")]
    conclude(database, call, S.failed, code="21211")  # nothing more is opened: it has arrived
    assert states(database, sms) == [("sms", "delivered"), ("voice", "failed")]
    assert reminder_status(database, sms) == "done"


def test_a_channel_of_which_nothing_was_heard_does_not_stop_the_others(
    database: Any, proven: None
) -> None:
    sms = passed_over(database)
    call = start_next(database)
    conclude(database, call, S.failed, code="21211")
    assert states(database, sms)[2:] == [("email", "scheduled")]
    mail = start_next(database)
    conclude(database, mail, S.failed, provider="sendgrid")
    # Nobody knows whether the SMS arrived: somebody should look, and the status says `sent`.
    assert tasks(database) == [("not_reached", mail)]
    assert reminder_status(database, sms) == "done"


def test_a_second_look_opens_nothing_twice(database: Any, proven: None) -> None:
    sms = passed_over(database)
    answered(database, sms, "sent")
    start_next(database)
    answered(database, sms, "sent")
    assert [channel for channel, _ in states(database, sms)] == ["sms", "voice"]


def test_never_while_another_channel_is_unknown(database: Any, proven: None) -> None:
    sms = passed_over(database)
    call = start_next(database)
    conclude(database, call, S.unknown, code="timeout")
    answered(database, sms, "sent")
    assert states(database, sms) == [("sms", "sent"), ("voice", "unknown")]


def test_a_callback_that_is_faster_than_the_providers_answer_wins(database: Any) -> None:
    number = sent(database, ago=61)
    with database.establishment(NORTH) as session:
        (wanted,) = wanted_receipts(session, [number])
    tell(database, number, "delivered")
    with database.establishment(NORTH) as session:
        take_in(session, Answer(wanted, Passed(f"ID{number}", "undelivered", None), now()))
        look_later(session, [Answer(wanted, Passed(f"ID{number}", "sent", None), now())])
    assert delivery(database, number).status == S.delivered
    assert due(database, number) is None


def test_a_call_that_made_way_for_want_of_a_receipt_is_not_made_again(
    database: Any, proven: None
) -> None:
    call = sent(
        database,
        ago=WINDOW + 1,
        channels=("voice", "email"),
        validity=4 * 3600,
        call_again_at_most=2,
    )
    answered(database, call, "sent")  # invented: no word about a call leaves it as it was
    assert states(database, call) == [("voice", "sent"), ("email", "scheduled")]
    tell(database, call, "no-answer")
    assert states(database, call) == [("voice", "undelivered"), ("email", "scheduled")]


def test_what_was_said_of_an_earlier_attempt_is_no_word_on_this_one(
    database: Any, proven: None
) -> None:
    call = sent(
        database,
        ago=WINDOW + 1,
        channels=("voice", "email"),
        validity=4 * 3600,
        call_again_at_most=2,
    )
    with database.establishment(NORTH) as session:
        (wanted,) = wanted_receipts(session, [call])
    tell(database, call, "no-answer")
    ask_now(database, call)
    start_next(database)
    conclude(database, call, S.sent, attempt=2, provider_id="CA2")
    with database.establishment(NORTH) as session:
        passed = Passed(f"ID{call}", "completed", None, sender=NUMBER)
        take_in(session, Answer(wanted, passed, now()))
    assert states(database, call) == [("voice", "sent")]


def test_a_worker_that_died_asking_is_replaced(database: Any) -> None:
    number = sent(database)
    ask_now(database, number)
    assert claim(database).to_ask == (number,)
    with database.establishment(NORTH) as session:
        waiting = session.get(Due, (NORTH, number))
        waiting.claimed_until = now() - timedelta(seconds=1)
    with database.establishment(NORTH) as session:
        assert sweep(session, ask_after=10) == 1
    assert delivery(database, number).status == S.sent
    assert claim(database).to_ask == (number,)


def test_a_receipt_proves_the_sender_it_is_about(database: Any, unproven: None, owner: Any) -> None:
    tell(database, sent(database), "delivered", sender="+15005550007")
    tell(database, sent(database), "delivered")  # it does not say
    tell(database, sent(database), "failed", sender=NUMBER)  # not a carrier's word
    tell(database, sent(database), "sent", sender=NUMBER)
    assert givers(owner) == []
    tell(database, sent(database), "undelivered", sender=NUMBER)
    assert givers(owner) == [(NORTH, "sms")]
    assert (SOUTH, "sms") not in givers(owner)


def test_setting_a_sender_up_again_keeps_what_it_has_proven(
    database: Any, proven: None, owner: Any
) -> None:
    from sqlalchemy.orm import Session

    from services.establishment.founding import set_sender

    with Session(owner) as session, session.begin():
        set_sender(session, NORTH, "sms", NUMBER, "twilio", can_receive=True)
    assert (NORTH, "sms") in givers(owner)


def test_a_delivery_without_an_id_is_not_asked_about(database: Any) -> None:
    number = sent(database)
    with database.establishment(NORTH) as session:
        lock_delivery(session, number).provider_id = None
    with database.establishment(NORTH) as session:
        assert wanted_receipts(session, [number]) == []
    assert due(database, number) is None


def test_the_establishments_window_is_the_default(database: Any, proven: None, owner: Any) -> None:
    with establishment_with(owner, receipt_window_seconds=600):
        number = sent(database, ago=700, channels=ALL, validity=4 * 3600)
        answered(database, number, "sent")
    assert states(database, number)[1:] == [("voice", "scheduled")]


def test_no_begin_of_what_is_a_question(database: Any) -> None:
    number = sent(database)
    ask_now(database, number)
    assert claim(database).to_ask == (number,)
    assert begin(database, [number]) == []
