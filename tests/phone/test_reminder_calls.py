"""Calls that remind: confirmed, put off, stopped by the second 9; what a machine hears.

Seen to fail: `Effect.stop` given with the first 9, `begin_reminder` not asking who picked up (a
machine hears the reminder), `_by_machine` answering False (a machine counts as told).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from models.delivery import Delivery
from models.reminder import Reminder
from tests.fixtures import NORTH
from tests.phone.conftest import MESSAGE
from tests.phone.telephone import CALLER, Call, play, steps
from tests.services.deliveries import (
    S,
    begin,
    begun,
    causes,
    claim,
    conclude,
    delivery,
    make,
    now,
    states,
    tasks,
    tell,
)

Ring = Callable[..., Call]
Look = Callable[[str], list[tuple[Any, ...]]]

CALLS = [
    (
        "confirmed",
        """
        hears fr-FR: Bonjour. Ici Hôpital Nord.
        hears fr-FR: Rappel : vous êtes attendu lundi à 10 h.
        hears Pour confirmer, tapez 1.
        presses 1
        hears Merci, c'est noté. À bientôt.
        ends
        """,
        ("confirmed", []),
    ),
    (
        "put off",
        "presses 2\nhears Nous vous appellerons pour convenir\nends",
        ("reschedule", ["reschedule"]),
    ),
    (
        "heard again, and again",
        f"presses 3\nhears {MESSAGE}\npresses 3\nhears {MESSAGE}\npresses 1\nends",
        ("confirmed", []),
    ),
    (
        "stopped by the second 9 only",
        """
        presses 9
        hears Nous n'enverrons plus aucun message à ce numéro
        presses 9
        hears C'est noté. Vous ne recevrez plus
        ends
        """,
        (None, ["stopped"]),
    ),
    (
        "a 9 that slipped",
        "presses 9\npresses 1\nhears Pour confirmer\npresses 1\nends",
        ("confirmed", []),
    ),
    (
        "a 9, and then nothing",
        "presses 9\nwaits\nhears tapez encore une fois 9\nwaits\nwaits\nhears Au revoir\nends",
        (None, []),
    ),
    ("a 9, and then other keys", "presses 9\npresses 5\npresses 0\npresses #\nends", (None, [])),
    (
        "nothing is pressed",
        f"waits\nhears {MESSAGE}\nwaits\nwaits\nhears Au revoir\nends",
        (None, []),
    ),
    (
        "keys that mean nothing",
        "presses 4\nhears n'est pas proposée\npresses *\npresses 0\nends",
        (None, []),
    ),
    ("hung up in the middle", "hangs up", (None, [])),
]  # fmt: skip


@pytest.mark.parametrize(
    ("dialogue", "expected"), [(c[1], c[2]) for c in CALLS], ids=[c[0] for c in CALLS]
)
def test_a_call(
    ring: Ring, database: Any, dialogue: str, expected: tuple[str | None, list[str]]
) -> None:
    call = ring()
    play(call, dialogue)
    assert delivery(database, call.delivery).reply == expected[0]
    assert [kind for kind, _ in tasks(database)] == expected[1]


NOTICE = [
    (
        "nothing to answer",
        f"""
        hears fr-FR: {MESSAGE}
        hears fr-FR: Pour réécouter, tapez 3. Pour ne plus être appelé, tapez 9.
        presses 1
        hears n'est pas proposée
        presses 2
        hears n'est pas proposée
        presses 3
        hears {MESSAGE}
        waits
        waits
        waits
        hears Au revoir
        ends
        """,
        (None, []),
    ),
    ("stopped all the same", "presses 9\npresses 9\nends", (None, ["stopped"])),
]


@pytest.mark.parametrize(("dialogue", "expected"), [(c[1], c[2]) for c in NOTICE],
                         ids=[c[0] for c in NOTICE])  # fmt: skip
def test_a_call_that_asks_for_no_answer_offers_none(
    ring: Ring, database: Any, dialogue: str, expected: tuple[str | None, list[str]]
) -> None:
    call = ring(expects_reply=False)
    play(call, dialogue)
    assert not any("Pour confirmer, tapez 1" in heard for heard in call.everything)
    assert delivery(database, call.delivery).reply == expected[0]
    assert [kind for kind, _ in tasks(database)] == expected[1]


def test_an_appointment_can_be_confirmed_even_if_nobody_thought_of_asking(
    ring: Ring, database: Any
) -> None:
    call = ring(expects_reply=False, event_time=now() + timedelta(days=1), before=[3600])
    play(call, "hears Pour confirmer, tapez 1\npresses 1\nends")
    assert delivery(database, call.delivery).reply == "confirmed"


def test_the_message_is_said_twice_at_first_and_in_its_own_language(ring: Ring) -> None:
    call = ring(language="eng", message="Reminder: Monday at 10.")
    assert call.said.count("en-GB: Reminder: Monday at 10.") == 2
    assert all(heard.startswith("en-GB") for heard in call.everything)


def test_the_second_9_stops_every_channel_of_that_number(
    ring: Ring, database: Any, look: Look
) -> None:
    play(ring(), "presses 9\npresses 9\nends")
    assert look("select opt_out_cause from addresses where kind = 'phone'") == [("key 9",)]
    assert look("select kind, reminder_id is not null from tasks") == [("stopped", True)]
    (number,) = make(database)
    assert number in claim(database).to_send
    assert begin(database, [number]) == []
    assert states(database, number)[0] == ("sms", "suppressed")


@pytest.mark.parametrize("answered_by", ["human", "unknown", ""])
def test_whoever_is_not_known_to_be_a_machine_is_a_person(
    ring: Ring, database: Any, answered_by: str
) -> None:
    call = ring(answered_by)
    assert any(MESSAGE in heard for heard in call.said)
    tell(database, call.delivery, "completed", seconds=20, provider_id=call.sid)
    assert states(database, call.delivery) == [("voice", "delivered")]


MACHINES = ["machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other", "fax"]


@pytest.mark.parametrize("answered_by", MACHINES)
def test_a_machine_hears_nothing_personal_and_does_not_count(
    ring: Ring, database: Any, answered_by: str
) -> None:
    call = ring(answered_by)
    assert call.state == "completed"
    said = [] if answered_by == "fax" else ["Nous avons essayé de vous joindre"]
    assert len(call.everything) == len(said)
    assert all(words in heard for words, heard in zip(said, call.everything, strict=True))
    tell(database, call.delivery, "completed", seconds=20, provider_id=call.sid)
    assert states(database, call.delivery) == [("voice", "undelivered")]
    assert delivery(database, call.delivery).error_code == "machine"


def test_a_machine_hears_nothing_at_all_where_the_hospital_wants_that(
    ring: Ring, settings: Any
) -> None:
    with settings(answering_machines="nothing"):
        call = ring("machine_start")
    assert (call.state, call.everything) == ("completed", [])


def test_after_a_machine_it_is_called_again_by_the_reminders_policy(
    ring: Ring, database: Any
) -> None:
    call = ring("machine_end_beep", call_again_at_most=1, call_again_after=60)
    tell(database, call.delivery, "completed", seconds=20, provider_id=call.sid)
    assert states(database, call.delivery) == [("voice", "scheduled")]
    assert causes(database, call.delivery)[-1] == "nobody picked up: call again"


def test_after_a_machine_the_next_channel_is_tried(ring: Ring, database: Any) -> None:
    call = ring("machine_end_beep", channels=("voice", "sms"))
    tell(database, call.delivery, "completed", seconds=20, provider_id=call.sid)
    assert states(database, call.delivery) == [("voice", "undelivered"), ("sms", "scheduled")]


def test_a_call_that_was_picked_up_is_not_made_again(ring: Ring, database: Any) -> None:
    number = begun(database, channels=("voice",))
    conclude(database, number, S.unknown)
    call = ring(number=number)
    assert states(database, number) == [("voice", "sent")]
    assert delivery(database, number).provider_id == call.sid


def test_a_reminder_that_was_changed_meanwhile_says_what_was_stamped(
    ring: Ring, database: Any
) -> None:
    number = begun(database, channels=("voice",), message="Lundi")
    with database.establishment(NORTH) as session:
        session.get_one(Delivery, number).message = "Lundi"
        session.execute(update(Reminder).values(message="Mardi"))
    assert any("Lundi" in heard for heard in ring(number=number).said)


def test_another_hospitals_delivery_is_not_read_out(ring: Ring, carrier: Any) -> None:
    call = ring()
    url = call.url.replace("delivery=1.", "delivery=2.")
    other = Call(carrier, url, "outbound-api", number=CALLER).start()
    assert not any(MESSAGE in heard for heard in other.everything)
    assert (other.state, len(other.everything)) == ("completed", 2)


@pytest.mark.parametrize("reference", ["", "x", "1", "1.999999", "0.1", "1.1.1.1"])
def test_a_call_about_nothing_of_ours_ends_with_an_apology(carrier: Any, reference: str) -> None:
    url = f"{carrier.base}/webhooks/twilio/voice/reminder?delivery={reference}"
    call = Call(carrier, url, "outbound-api").start()
    assert call.state == "completed"
    assert [heard[:5] for heard in call.everything] == ["fr-FR", "en-GB"]


LONG_CALL = """
    hears Rappel
    presses 9
    hears tapez encore une fois 9
    presses 1
    hears Pour confirmer
    presses 3
    hears Rappel
    presses 2
    hears convenir d'un autre moment
    ends
"""


@pytest.mark.parametrize("step", range(len(list(steps(LONG_CALL))) + 1))
def test_a_call_that_ends_anywhere_keeps_what_was_answered_until_then(
    ring: Ring, database: Any, look: Look, step: int
) -> None:
    call = ring()
    play(call, LONG_CALL, until=step)
    call.hang_up()
    tell(database, call.delivery, "completed", seconds=20, provider_id=call.sid)
    answered = [key for what, key in list(steps(LONG_CALL))[:step] if what == "presses"][-1:]
    assert delivery(database, call.delivery).reply == ("reschedule" if answered == ["2"] else None)
    assert [kind for kind, _ in tasks(database)] == (["reschedule"] if answered == ["2"] else [])
    assert states(database, call.delivery) == [("voice", "delivered")]  # they heard it
    assert look("select opted_out_at from addresses where kind = 'phone'") == [(None,)]
