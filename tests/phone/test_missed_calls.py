"""Missed calls: rejected, called back once, soon, and not without bounds.

Seen to fail: `_refusal` not looking at calls of the last minute (ten calls back), at the opt-out,
at the hour, at the establishment's bound; the address not locked (two at once); purpose `reminder`
(the night holds it back); a call-back that came to nothing left to nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text, update

from models.address import Address
from models.reminder import Reminder
from services.phone.missed_call import PER_DAY, PER_HOUR
from tests.fixtures import NORTH, owned
from tests.phone.telephone import CALLER, Call, Carrier, play
from tests.services.deliveries import begin, claim, delivery, tasks, tell
from utils.clock import AllowedTimes

Dial = Callable[..., Call]
Ring = Callable[..., Call]
Look = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(autouse=True)
def _calls_back(settings: Any, database: Any) -> Any:
    with settings(inbound_calls="call_back"):
        yield


def called_back(look: Look) -> int:
    found: int = look("select count(*) from deliveries where channel = 'voice'")[0][0]
    return found


def over(database: Any, look: Look, ago: timedelta) -> None:
    """What there was of call-backs is over and so long ago."""
    with database.establishment(NORTH) as session:
        session.execute(update(Reminder).values(status="done", created_at=datetime.now(UTC) - ago))


def test_it_costs_nothing_and_is_called_back_within_a_minute(
    dial: Dial, look: Look, database: Any
) -> None:
    play(dial(), "rejected")
    ((channel, due_in, purpose, sender, again),) = look(
        "select d.channel, extract(epoch from d.due_at - now()), r.purpose, s.address,"
        " r.call_again_at_most from deliveries d join reminders r on r.id = d.reminder_id"
        " join shared.senders s on s.id = r.sender_id"
    )
    assert (channel, purpose, sender, again) == ("voice", "reply", "+15005550006", 0)
    assert due_in <= 0
    assert look("select count(*) from conversations") == [(0,)]


def test_called_back_they_are_asked_how_it_was(dial: Dial, ring: Ring, database: Any) -> None:
    play(dial(), "rejected")
    (number,) = claim(database).to_send
    assert [one.delivery_id for one in begin(database, [number])] == [number]
    call = ring(number=number)
    play(
        call,
        """
        hears Pour le français
        presses 1
        hears Vous avez cherché à nous joindre
        presses 5
        says 4
        presses 2
        hears Merci
        ends
        """,
    )
    tell(database, number, "completed", seconds=30, provider_id=call.sid)
    assert delivery(database, number).status == "delivered"
    assert tasks(database) == []


def test_ten_calls_in_a_minute_are_one_call_back(dial: Dial, look: Look) -> None:
    for _ in range(10):
        play(dial(), "rejected")
    assert called_back(look) == 1
    assert look("select count(*) from calls") == [(10,)]


def test_ten_calls_at_once_are_one_call_back(
    dial: Dial, carrier: Carrier, look: Look, database: Any
) -> None:
    play(dial(), "rejected")  # a number that is known: nothing else has them wait for each other
    over(database, look, timedelta(minutes=2))
    calls = [Call(carrier, f"{carrier.base}/webhooks/twilio/voice") for _ in range(10)]
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda call: call.start(), calls))
    assert [call.state for call in calls] == ["busy"] * 10
    assert called_back(look) == 2


def test_the_same_webhook_twice_is_one_call_back(dial: Dial, look: Look) -> None:
    call = dial()
    assert call.again() == call.documents[-1]
    assert called_back(look) == 1


def test_a_call_while_the_call_back_still_rings_is_the_same(
    dial: Dial, look: Look, database: Any
) -> None:
    play(dial(), "rejected")
    with database.establishment(NORTH) as session:
        session.execute(
            update(Reminder).values(created_at=datetime.now(UTC) - timedelta(minutes=5))
        )
    play(dial(), "rejected")
    assert called_back(look) == 1


def test_a_later_call_is_called_back_again_up_to_the_bounds(
    dial: Dial, look: Look, database: Any
) -> None:
    for count in range(1, PER_HOUR + 1):
        play(dial(), "rejected")
        assert called_back(look) == count
        over(database, look, timedelta(minutes=2))
    play(dial(), "rejected")
    assert called_back(look) == PER_HOUR
    assert look("select kind, subject from tasks") == [("call_back", "too_often")]
    over(database, look, timedelta(hours=2))
    play(dial(), "rejected")
    assert called_back(look) == PER_HOUR + 1


def test_a_day_has_its_bound_too(dial: Dial, look: Look, database: Any) -> None:
    for _ in range(PER_DAY):
        play(dial(), "rejected")
        over(database, look, timedelta(hours=2))
    play(dial(), "rejected")
    assert called_back(look) == PER_DAY


def test_the_establishment_has_its_bound(dial: Dial, look: Look, settings: Any) -> None:
    with settings(call_backs_per_hour=2):
        for last in range(4):
            play(dial(number=f"+23765000001{last}"), "rejected")
    assert called_back(look) == 2
    assert look("select distinct subject from tasks") == [("too_many",)]


def test_after_a_stop_nobody_is_called_and_staff_know(
    dial: Dial, look: Look, database: Any
) -> None:
    play(dial(), "rejected")
    over(database, look, timedelta(hours=2))
    with database.establishment(NORTH) as session:
        session.execute(update(Address).values(opted_out_at=datetime.now(UTC)))
    play(dial(), "rejected")
    play(dial(), "rejected")
    assert called_back(look) == 1
    assert look("select kind, subject from tasks") == [("call_back", "opted_out")]


def test_at_night_somebody_who_has_just_called_is_called(dial: Dial, database: Any) -> None:
    play(dial(), "rejected")
    (number,) = claim(database).to_send
    night = AllowedTimes(UTC, ((time(0), time(23, 59)),))
    assert [one.delivery_id for one in begin(database, [number], times=night)] == [number]


def test_a_stop_said_meanwhile_is_heeded(dial: Dial, database: Any) -> None:
    play(dial(), "rejected")
    (number,) = claim(database).to_send
    with database.establishment(NORTH) as session:
        session.execute(update(Address).values(opted_out_at=datetime.now(UTC)))
    assert begin(database, [number]) == []
    assert delivery(database, number).status == "suppressed"


@pytest.mark.parametrize("word", ["no-answer", "failed"])
def test_a_call_back_that_comes_to_nothing_is_left_to_staff(
    dial: Dial, database: Any, look: Look, word: str
) -> None:
    play(dial(), "rejected")
    (number,) = claim(database).to_send
    begin(database, [number])
    tell(database, number, word, provider_id="CA9")
    assert delivery(database, number).status in ("undelivered", "failed")
    assert called_back(look) == 1
    assert tasks(database) == [("not_reached", number)]


def test_a_hidden_number_is_answered_as_it_cannot_be_called(dial: Dial) -> None:
    play(dial(number="+266696687"), "hears Pour le français\npresses 1\npresses 3\nhangs up")


def test_a_number_that_receives_no_calls_answers(
    dial: Dial, look: Look, owner: Any, carrier: Carrier
) -> None:
    with owned(owner) as connection:
        connection.execute(
            text("update shared.senders set can_receive = false where channel = 'voice'")
        )
    carrier.client.app.state.careloop.directory.forget()
    try:
        play(dial(number=CALLER), "hears Pour le français")
    finally:
        with owned(owner) as connection:
            connection.execute(
                text(
                    "update shared.senders set can_receive = true"
                    " where channel = 'voice' and establishment_id = 1"
                )
            )
        carrier.client.app.state.careloop.directory.forget()
