"""Tries: how many, when a call that nobody picked up is made again, and what an old try may say.

Seen to fail without: `CALLED_AGAIN`, the count, the look at the time left, or at who took over, in
`services/delivery/news.py`; the provider's id let go of in `_call_again`; the guard on the id in
`_OUTCOME`; the attempt in the callback's address; `_bounded` in `services/dispatch/outcomes.py`;
`escalate` in `settle`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models.delivery import DeliveryStatus as S
from services.delivery.moves import lock_delivery, move
from services.errors import Invalid
from services.policy import policy_of, wishes
from tests.fixtures import NORTH
from tests.services.deliveries import (
    ask_now,
    begin,
    begun,
    causes,
    claim,
    conclude,
    delivery,
    due,
    establishment_with,
    now,
    reminder_status,
    sent,
    start_next,
    states,
    tasks,
    tell,
    tell_heard,
)

CALL: dict[str, Any] = {"channels": ("voice", "email"), "validity": 4 * 3600}
TWICE = CALL | {"call_again_at_most": 2, "call_again_after": 600}


def due_now(database: Any, number: int) -> None:
    """Time passes until a delivery is due."""
    ask_now(database, number)


def called_again(database: Any, **more: Any) -> int:
    """A call that nobody picked up, and that waits for its second try."""
    number = sent(database, **(TWICE | more))
    assert tell(database, number, "no-answer")
    assert states(database, number) == [("voice", "scheduled")]
    return number


def test_nobody_picks_up(database: Any) -> None:
    number = called_again(database)
    waiting = due(database, number)
    assert waiting is not None
    assert not waiting.asks
    assert timedelta(seconds=590) < waiting.due_at - now() <= timedelta(seconds=660)
    assert delivery(database, number).error_code == "no-answer"
    assert causes(database, number)[-1] == "nobody picked up: call again"
    assert reminder_status(database, number) == "scheduled"
    for attempt, word in ((2, "busy"), (3, "no-answer")):
        due_now(database, number)
        assert start_next(database) == number
        conclude(database, number, S.sent, attempt=attempt, provider_id=f"CA{attempt}")
        assert tell(database, number, word, provider_id=f"CA{attempt}")
    assert states(database, number) == [("voice", "undelivered"), ("email", "scheduled")]
    assert delivery(database, number).error_code == "no-answer"


def test_a_second_call_may_be_heard(database: Any) -> None:
    number = called_again(database)
    due_now(database, number)
    start_next(database)
    conclude(database, number, S.sent, attempt=2, provider_id="CA2")
    tell_heard(database, number, provider_id="CA2")
    assert states(database, number) == [("voice", "delivered")]
    assert reminder_status(database, number) == "done"


@pytest.mark.parametrize(
    ("word", "seconds"),
    [
        ("ringing", None),
        ("in-progress", None),
        ("no-answer", None),
        ("failed", None),
        ("completed", 0),
    ],
)
def test_what_is_still_said_of_the_first_call_while_the_second_waits(
    database: Any, word: str, seconds: int | None
) -> None:
    number = called_again(database)
    before = due(database, number)
    assert not tell(database, number, word, seconds=seconds)
    conclude(database, number, S.sent, provider_id=f"ID{number}")  # the worker's own, late
    assert not tell(database, number, word, seconds=seconds)
    after = due(database, number)
    assert states(database, number) == [("voice", "scheduled")]
    assert before is not None
    assert after is not None
    assert after.due_at == before.due_at


@pytest.mark.parametrize("ended", [S.cancelled, S.expired, S.suppressed])
def test_a_late_answer_about_the_first_call_wakes_nothing_up(database: Any, ended: S) -> None:
    """Nobody picked up, and what was to be called again was called off before the worker stored
    its own outcome: the carrier's later words are about a call that made way."""
    number = called_again(database)
    with database.establishment(NORTH) as session:
        assert move(session, lock_delivery(session, number), ended, cause="test")
    conclude(database, number, S.sent, provider_id=f"ID{number}")
    for word in ("queued", "ringing", "no-answer"):
        assert not tell(database, number, word)
    assert delivery(database, number).status == ended
    assert delivery(database, number).provider_id is None


def test_the_first_call_was_heard_after_all_before_the_second(database: Any) -> None:
    number = called_again(database)
    tell_heard(database, number)
    assert states(database, number) == [("voice", "delivered")]
    assert due(database, number) is None


@pytest.mark.parametrize("answered", [False, True], ids=["ringing", "accepted"])
def test_the_first_call_was_heard_after_all_during_the_second(
    database: Any, answered: bool
) -> None:
    number = called_again(database)
    due_now(database, number)
    start_next(database)
    if answered:
        conclude(database, number, S.sent, attempt=2, provider_id="CA2")
    tell_heard(database, number, attempt=1)
    if not answered:
        conclude(database, number, S.sent, attempt=2, provider_id="CA2")
    tell(database, number, "no-answer", provider_id="CA2", attempt=2)
    assert states(database, number) == [("voice", "delivered")]
    assert due(database, number) is None


def test_the_address_tells_attempts_apart_when_no_id_was_ever_stored(database: Any) -> None:
    """The first attempt was cut, and sent again: nobody knows its id until it speaks."""
    number = begun(database)
    with database.establishment(NORTH) as session:
        locked = lock_delivery(session, number)
        locked.status, locked.attempt = S.sending, 2
    tell(database, number, "failed", provider_id="SM1", attempt=1)
    assert delivery(database, number).status == S.sending
    assert delivery(database, number).provider_id is None
    conclude(database, number, S.sent, attempt=2, provider_id="SM2")
    tell(database, number, "undelivered", provider_id="SM1")  # the id alone tells as well
    assert delivery(database, number).status == S.sent
    tell(database, number, "delivered", provider_id="SM1", attempt=1)
    assert delivery(database, number).status == S.delivered


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"call_again_at_most": None}, id="as the establishment has it: never"),
        pytest.param({"call_again_after": 4 * 3600}, id="too late"),
        pytest.param({"max_attempts": 1}, id="no attempts left"),
        pytest.param({"status": "cancelled"}, id="cancelled"),
    ],
)
def test_when_a_call_is_not_made_again(database: Any, more: dict[str, Any]) -> None:
    number = sent(database, **(TWICE | more))
    tell(database, number, "no-answer")
    assert delivery(database, number).status == S.undelivered


def test_other_endings_of_a_call_are_not_tried_again(database: Any) -> None:
    for word in ("failed", "canceled"):
        number = sent(database, **TWICE)
        tell(database, number, word)
        assert delivery(database, number).status == S.failed
    number = sent(database, **TWICE)
    tell_heard(database, number, seconds=0)  # picked up, and put down at once
    assert delivery(database, number).status == S.undelivered


@pytest.mark.parametrize("seconds", [0, 9, None])
def test_a_call_that_nobody_asked_us_about_is_made_again(
    database: Any, seconds: int | None
) -> None:
    """Our API was away when they picked up: they heard the carrier's apology, and no reminder."""
    number = sent(database, **TWICE)
    for attempt in (1, 2, 3):
        assert tell(database, number, "completed", seconds=seconds, attempt=attempt,
                    provider_id=delivery(database, number).provider_id)  # fmt: skip
        assert delivery(database, number).error_code == "not_told"
        if attempt < 3:
            assert causes(database, number)[-1] == "nobody picked up: call again"
            due_now(database, number)
            start_next(database)
            conclude(database, number, S.sent, attempt=attempt + 1, provider_id=f"CA{attempt + 1}")
    assert states(database, number) == [("voice", "undelivered"), ("email", "scheduled")]


def test_a_call_that_made_way_is_not_made_again(database: Any) -> None:
    number = sent(database, **TWICE)
    tell(database, number, "failed")
    assert states(database, number)[1:] == [("email", "scheduled")]
    tell(database, number, "no-answer")
    assert states(database, number) == [("voice", "undelivered"), ("email", "scheduled")]


def test_a_worker_that_holds_it_does_not_call_in_between(database: Any) -> None:
    """Never in the list, so it is due again; then the callback comes: nobody picked up."""
    number = begun(database, **TWICE)
    conclude(database, number, S.scheduled, code="unreachable", retry_in=0)
    assert claim(database).to_send == (number,)
    tell(database, number, "no-answer")
    assert begin(database, [number]) == []
    assert states(database, number) == [("voice", "scheduled")]


def test_the_establishment_says_what_the_reminder_does_not(database: Any, owner: Any) -> None:
    with establishment_with(owner, call_again_at_most=1):
        number = sent(database, **CALL)
        tell(database, number, "busy")
        assert delivery(database, number).status == S.scheduled


def test_attempts_are_bounded_where_somebody_says_so(database: Any, owner: Any) -> None:
    with establishment_with(owner, max_attempts=1):
        one, many = begun(database, channels=("sms", "email")), begun(database, max_attempts=2)
        for number in (one, many):
            conclude(database, number, S.scheduled, code="unreachable", retry_in=0)
    assert states(database, one) == [("sms", "failed"), ("email", "scheduled")]
    assert causes(database, one)[-1] == "no attempts left"
    assert delivery(database, one).error_code == "unreachable"
    assert states(database, many) == [("sms", "scheduled")]


def test_without_a_bound_the_validity_is_one(database: Any) -> None:
    number = begun(database)
    with database.establishment(NORTH) as session:
        lock_delivery(session, number).attempt = 500
    conclude(database, number, S.scheduled, attempt=500, code="unreachable", retry_in=0)
    assert delivery(database, number).status == S.scheduled


def fail(database: Any, number: int) -> None:
    conclude(database, number, S.failed, code="21211")


def test_nobody_was_reached(database: Any) -> None:
    sms = begun(database, channels=("sms", "email"))
    fail(database, sms)
    assert tasks(database) == []
    mail = start_next(database)
    fail(database, mail)
    assert tasks(database) == [("not_reached", mail)]
    assert reminder_status(database, sms) == "failed"
    tell(database, sms, "undelivered")  # the same again, later
    assert tasks(database) == [("not_reached", mail)]
    tell(database, sms, "delivered")
    assert tasks(database) == []
    assert tasks(database, "done") == [("not_reached", mail)]


@pytest.mark.parametrize("own", [True, False])
def test_who_wants_no_tasks_gets_none(database: Any, owner: Any, own: bool) -> None:
    with establishment_with(owner, escalate=False):
        fail(database, begun(database, escalate=True if own else None))
        assert len(tasks(database)) == own
    fail(database, begun(database, escalate=False))
    assert len(tasks(database)) == own


def test_who_said_stop_is_left_alone(database: Any) -> None:
    sms = sent(database)
    tell(database, sms, "undelivered", code="21610")  # the carrier's own stop
    assert len(tasks(database)) == 1  # it was tried, and it failed
    other = begun_after_opt_out(database)
    assert delivery(database, other).status == S.suppressed
    assert len(tasks(database)) == 1


def begun_after_opt_out(database: Any) -> int:
    from tests.services.deliveries import make

    (number,) = make(database)
    claim(database)
    assert begin(database, [number]) == []
    return number


def test_what_merely_expired_makes_no_task(database: Any) -> None:
    from tests.services.deliveries import make

    (number,) = make(database, validity=3600)
    claim(database)
    with database.establishment(NORTH) as session:
        lock_delivery(session, number).valid_until = now()
    begin(database, [number])
    assert delivery(database, number).status == S.expired
    assert tasks(database) == []


def test_a_reminders_wishes_are_checked() -> None:
    from schemas.reminder import ReminderIn

    body = {"message": "x", "scheduled_time": "2026-11-21T10:00:00Z"}
    good = ReminderIn.model_validate(
        body
        | {
            "retry": {"max_attempts": 3, "call_again_after": "PT15M", "call_again_at_most": 2},
            "receipt_window": "PT20M",
            "escalate": False,
        }
    )
    assert wishes(good) == {
        "receipt_window_seconds": 1200,
        "max_attempts": 3,
        "call_again_after": 900,
        "call_again_at_most": 2,
        "escalate": False,
    }
    assert set(wishes(ReminderIn.model_validate(body)).values()) == {None}
    for field, more in {
        "receipt_window": {"receipt_window": 59},
        "retry.max_attempts": {"retry": {"max_attempts": 0}},
        "retry.call_again_after": {"retry": {"call_again_after": "P2D"}},
        "retry.call_again_at_most": {"retry": {"call_again_at_most": 6}},
    }.items():
        with pytest.raises(Invalid) as caught:
            wishes(ReminderIn.model_validate(body | more))
        assert caught.value.field == field


def test_the_reminders_own_wishes_come_first() -> None:
    from models.establishment import Establishment
    from models.reminder import Reminder

    place = Establishment(
        receipt_window_seconds=1800,
        max_attempts=None,
        call_again_after=900,
        call_again_at_most=0,
        escalate=True,
    )
    policy = policy_of(place, Reminder(call_again_at_most=2, escalate=False, max_attempts=7))
    assert (policy.call_again_at_most, policy.escalate, policy.max_attempts) == (2, False, 7)
    assert (policy.receipt_window_seconds, policy.call_again_after) == (1800, 900)
