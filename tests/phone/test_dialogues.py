"""Whole calls, played as dialogues through every branch.

Seen to fail: `_rating` without its effect (no feedback is kept), `note_recording` left out of
`answering.answer` (nothing is kept of what was said), `Effect.stop` on the first 9 (a slip stops
everything), the turn not compared in `answer` (a repeated key counts twice), the language left off
the number (an SMS afterwards is in another), the number's own or the last call's language not asked
for in `known_language`, no `maxLength` on a recording, calls swept with the conversations by SMS.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from models.address import Address
from models.conversation import Conversation
from services.contact.address import address_for
from services.conversation.ending import end_stale
from tests.fixtures import NORTH
from tests.phone.telephone import CALLER, Call, play, steps

Dial = Callable[..., Call]
Look = Callable[[str], list[tuple[Any, ...]]]

FEEDBACK = """
    hears fr-FR: Pour le français, tapez 1.
    hears en-GB: For English, press 2.
    presses 1
    hears fr-FR: Bonjour et bienvenue. Ici Hôpital Nord.
    hears un chiffre de 1 à 5
    presses 4
    hears après le signal sonore
    says 7
    hears Pour réécouter
    presses 2
    hears Merci. Votre avis
    ends
"""

# Name of the branch, what happens, rating and recordings that are kept (None: no feedback).
CALLS: list[tuple[str, str, tuple[int | None, int] | None]] = [
    ("from end to end", FEEDBACK, (4, 1)),
    (
        "in English",
        """
        presses 2
        hears en-GB: Hello and welcome. This is Hôpital Nord.
        presses 5
        hears en-GB: If you like
        says 3
        hears en-GB: To listen
        presses 2
        hears en-GB: Thank you.
        ends
        """,
        (5, 1),
    ),
    (
        "nobody presses anything or speaks",
        """
        waits
        hears Pour le français
        waits
        hears Pour le français
        waits
        hears fr-FR: Bonjour et bienvenue
        waits
        hears nous n'avons rien entendu
        waits
        hears nous n'avons rien entendu
        waits
        hears après le signal sonore
        waits
        hears nous n'avons rien entendu
        waits
        hears Au revoir, et prenez soin de vous
        ends
        """,
        None,
    ),
    (
        "a phone whose keys do nothing is spoken into",
        """
        waits
        waits
        waits
        waits
        waits
        waits
        says 20
        waits
        waits
        waits
        hears Merci. Votre avis
        ends
        """,
        (None, 1),
    ),
    (
        "keys that mean nothing",
        """
        presses 7
        hears Pour le français
        presses #
        presses 1
        presses 9
        hears cette touche n'est pas proposée
        presses #
        hears cette touche n'est pas proposée
        presses 1
        hears après le signal sonore
        says 0
        hears nous n'avons rien entendu
        says 0
        hears Merci. Votre avis
        ends
        """,
        (1, 0),
    ),
    (
        "another language after all",
        """
        presses 1
        presses 0
        hears For English, press 2.
        presses 2
        hears en-GB: Hello and welcome
        presses 3
        hangs up
        """,
        (3, 0),
    ),
    (
        "said again, then kept by silence",
        """
        presses 1
        presses 2
        says 4
        presses 3
        hears après le signal sonore
        says 9
        hears Pour réécouter
        waits
        hears nous n'avons rien entendu
        waits
        waits
        hears Merci. Votre avis
        ends
        """,
        (2, 1),
    ),
    (
        "said again, and then nothing: the first one is kept",
        """
        presses 1
        presses 2
        says 4
        presses 3
        says 0
        says 0
        ends
        """,
        (2, 1),
    ),
    (
        "staff's key, and no code",
        """
        presses 1
        presses *
        hears fr-FR: Bonjour. Tapez le code
        presses 12345678
        hears fr-FR: Ce code n'est pas valable.
        waits
        waits
        hears Au revoir
        ends
        """,
        None,
    ),
    (
        "round and round, until the call lets go: what was given stays",
        "presses 1\npresses 3\nsays 4\n"
        + "presses 3\nsays 5\n" * 18
        + "presses 3\nhears Merci\nends",
        (3, 1),
    ),
    (
        "listened to before the recording has arrived",
        """
        presses 1
        presses 2
        says 4
        presses 1
        hears il ne peut pas encore être réécouté
        presses 2
        hears Merci
        ends
        """,
        (2, 1),
    ),
]


def kept(look: Look) -> tuple[int | None, int] | None:
    found = look("select rating, awaited_recording, channel from feedbacks")
    if not found:
        return None
    ((rating, awaited, channel),) = found
    assert channel == "voice"
    current = look("select recording_id from call_recordings where replaced_at is null")
    assert [awaited] == ([recording for (recording,) in current] or [None])
    return rating, len(current)


@pytest.mark.parametrize(("dialogue", "expected"), [(c[1], c[2]) for c in CALLS],
                         ids=[c[0] for c in CALLS])  # fmt: skip
def test_a_call(
    dial: Dial, look: Look, dialogue: str, expected: tuple[int | None, int] | None
) -> None:
    play(dial(), dialogue)
    assert kept(look) == expected


@pytest.mark.parametrize("step", range(len(list(steps(FEEDBACK))) + 1))
def test_a_call_that_ends_anywhere_keeps_what_was_said_until_then(
    dial: Dial, look: Look, carrier: Any, step: int
) -> None:
    call = dial()
    play(call, FEEDBACK, until=step)
    call.hang_up()
    ended = call.params() | {"CallStatus": "completed", "CallDuration": "9"}
    assert carrier.post(f"{carrier.base}/webhooks/twilio/voice/status", ended).status_code == 200
    done = [what for what, _ in list(steps(FEEDBACK))[:step]]
    expected = None if done.count("presses") < 2 else (4, done.count("says"))
    assert kept(look) == expected
    assert look("select count(*) from conversations where ended_at is null") == [(0,)]
    assert look("select status, seconds from calls") == [("completed", 9)]


def test_what_was_being_said_when_they_hung_up_is_kept(dial: Dial, look: Look) -> None:
    call = dial()
    play(call, "presses 1\npresses 4")
    call.speak(11, last=True)
    assert kept(look) == (4, 1)


def test_only_one_language_needs_no_menu(dial: Dial, settings: Any) -> None:
    with settings(languages=["fra"]):
        play(dial(), "hears Bonjour et bienvenue\npresses 0\nhears n'est pas proposée")


def test_a_language_that_was_chosen_is_remembered(dial: Dial, database: Any, look: Look) -> None:
    play(dial(), "presses 2\nhangs up")
    assert look("select language from addresses") == [("eng",)]  # an SMS is answered in it, too
    play(dial(), "hears en-GB: Hello and welcome\npresses 3\nhangs up")
    with database.establishment(NORTH) as session:
        session.execute(update(Address).values(language=None))
    play(dial(), "hears en-GB: Hello and welcome\nhangs up")  # as in the last call


def test_a_language_that_was_chosen_by_sms_is_spoken_on_the_phone(
    dial: Dial, database: Any
) -> None:
    with database.establishment(NORTH) as session:
        address_for(session, "phone", CALLER).language = "eng"
    play(dial(), "hears en-GB: Hello and welcome\npresses 3\nhangs up")


def test_nobody_speaks_for_half_an_hour(dial: Dial, look: Look) -> None:
    call = dial()
    play(call, "presses 1\npresses 4\nsays 1800\nhears Pour réécouter\npresses 2\nends")
    assert look("select seconds from call_recordings") == [(120,)]


def test_a_call_is_not_ended_with_the_conversations_by_sms(
    dial: Dial, database: Any, look: Look
) -> None:
    """Whose end takes the step along: a call that is told of late would have nothing to say."""
    call = dial()
    play(call, "presses 1\npresses 4")
    with database.establishment(NORTH) as session:
        session.execute(update(Conversation).values(last_at=session.now() - timedelta(days=2)))
        assert end_stale(session, timedelta(days=1)) == 0
    play(call, "says 3\npresses 2\nends")
    assert kept(look) == (4, 1)


def test_a_number_that_is_hidden_is_answered_all_the_same(dial: Dial, look: Look) -> None:
    play(dial(number="+266696687"), FEEDBACK)
    play(dial(number="Anonymous"), FEEDBACK)
    assert look("select count(*) from feedbacks where rating = 4") == [(2,)]
    assert look("select count(*) from addresses") == [(0,)]


def test_a_number_that_is_nobodys_is_rejected(carrier: Any) -> None:
    call = Call(carrier, f"{carrier.base}/webhooks/twilio/voice")
    form = call.params() | {"To": "+15005550099"}
    answer = carrier.post(call.url, form)
    assert "<Reject" in answer.text
