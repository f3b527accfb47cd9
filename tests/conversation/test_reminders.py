"""Replies to reminders: 1 confirms, 2 asks for another time, also hours later; in two languages.

Seen to fail: what was answered (here, or by a key on the phone) or cancelled still open; what the
carrier refused taken for a question; a digit given to an older question; an answer that is no
receipt; a reply from another number; nothing left for staff when nobody says which reminder; two
lines alike where the patients are no contacts, or one of them has a third reminder.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from models.delivery import Delivery, DeliveryStatus
from models.task import Task
from tests.conversation.phrases import in_words

Play = Callable[..., Any]

DIALOGUES = {
    "confirmed": """
        ! remind in LANGUAGE
        < 1
        > CONFIRMED
        = reply confirmed
        = no task
        = no feedback
        = no open
    """,
    "cannot come": """
        ! remind in LANGUAGE
        < 2
        > RESCHEDULE
        = reply reschedule
        = task "reschedule reminder"
    """,
    "hours later": """
        ! remind in LANGUAGE
        ~ 20h
        < 1
        > CONFIRMED
        = reply confirmed
    """,
    "a key with some words, in other digits, in a word": """
        ! remind in LANGUAGE
        < 1, merci beaucoup
        > CONFIRMED
        ! remind in LANGUAGE
        < ٢
        > RESCHEDULE
        ! remind in LANGUAGE
        < un
        > CONFIRMED
        = reply "confirmed reschedule confirmed"
    """,
    "twice is harmless": """
        ! remind in LANGUAGE
        < 2
        > RESCHEDULE
        < 2
        > RESCHEDULE
        = reply reschedule
        = task "reschedule reminder"
    """,
    "they change their mind": """
        ! remind in LANGUAGE
        < 1
        > CONFIRMED
        ~ 1h
        < 2
        > RESCHEDULE
        = reply reschedule
        = task "reschedule reminder"
        < 1
        > CONFIRMED
        = reply confirmed
        = no task
    """,
    "two are open: the list names day and time alone": """
        ! patient PAT123 Marie Bella
        ! remind in LANGUAGE at 10:00 for PAT123
        ! remind in LANGUAGE at 08:00 for PAT123
        < 1
        > WHICH 1 = DAY 08:00, 2 = DAY 10:00
        = no reply
        = open which_confirm
        < 2
        > CONFIRMED
        = reply "confirmed -"
        < 2
        > RESCHEDULE
        = reply "confirmed reschedule"
        = task "reschedule reminder"
    """,
    "two at the same time: also what tells the patients apart": """
        ! patient PAT123 Marie Bella
        ! patient PAT207 Jean Bella
        ! remind in LANGUAGE at 10:00 for PAT123
        ! remind in LANGUAGE at 10:00 for PAT207
        < 2
        > WHICH 1 = DAY 10:00 (..123), 2 = DAY 10:00 (..207)
        < 1
        > RESCHEDULE
        = reply "reschedule -"
    """,
    "two at the same time for patients who are no contacts: their references": """
        ! remind in LANGUAGE at 10:00 of PAT91
        ! remind in LANGUAGE at 10:00 of PAT92
        < 1
        > WHICH 1 = DAY 10:00 (..91), 2 = DAY 10:00 (..92)
    """,
    "two at the same time, and a third of one of them": """
        ! patient PAT123 Marie Bella
        ! patient PAT207 Jean Bella
        ! remind in LANGUAGE at 10:00 for PAT123
        ! remind in LANGUAGE at 10:00 for PAT207
        ! remind in LANGUAGE at 11:00 for PAT123
        < 1
        > WHICH 1 = DAY 10:00 (..123), 2 = DAY 10:00 (..207), 3 = DAY 11:00 (..123)
    """,
    "two are open: a number that is not in the list, twice": """
        ! remind in LANGUAGE at 10:00
        ! remind in LANGUAGE at 08:00
        < 1
        > WHICH …
        < 5
        > WHICH …
        < 6
        > NOTED
        = no reply
        = task message
        = no open
    """,
    "two are open: the chosen one was called off meanwhile": """
        ! remind in LANGUAGE at 10:00
        ! remind in LANGUAGE at 08:00
        < 1
        > WHICH …
        ! cancel
        < 1
        > CANCELLED
        = no reply
    """,
    "two at the same time, and nothing discreet tells them apart": """
        ! remind in LANGUAGE at 10:00
        ! remind in LANGUAGE at 10:00
        < 1
        > WHICH 1 = DAY 10:00, 2 = DAY 10:00
        < 2
        > CONFIRMED
        = reply "- confirmed"
    """,
    "two are open: nobody says which": """
        ! remind in LANGUAGE at 10:00
        ! remind in LANGUAGE at 08:00
        < 1
        > WHICH …
        ~ 25h
        = task message
        = no open
    """,
    "two are open, and the number cannot receive": """
        ! remind in LANGUAGE at 10:00
        ! remind in LANGUAGE at 08:00
        ! deaf
        < 1
        > NOTED
        = task message
    """,
    "words: somebody reads them, and the keys are named once": """
        ! remind in LANGUAGE
        < Je serai en retard
        > AGAIN
        = task "message reminder"
        = no feedback
        < la route est coupée
        > NOTED
        = task "message reminder"
        = no open
        < 1
        > CONFIRMED
        = reply confirmed
    """,
    "ok is no key: the keys are named, and nobody needs to read it": """
        ! remind in LANGUAGE
        < ok merci
        > AGAIN
        = no task
        < 1
        > CONFIRMED
        = reply confirmed
    """,
    "answered by a key on the phone meanwhile": """
        ! remind in LANGUAGE
        ! answered reschedule
        = task "reschedule reminder"
        < bon service
        > RATING
        < 3
        > THANKS
        < 1
        > CONFIRMED
        = no task
    """,
    "refused by the carrier: nothing was asked": """
        ! remind in LANGUAGE
        ! refused
        < 1
        > WORDS
        = feedback 1
    """,
    "words that begin with a key are not taken for one": """
        ! remind in LANGUAGE
        < 1 enfant malade en plus
        > AGAIN
        = no reply
        = task "message reminder"
        < 2
        > RESCHEDULE
        = reply reschedule
    """,
    "a rating that can be nothing else is feedback": """
        ! remind in LANGUAGE
        < bon service 2/5
        > THANKS
        = feedback 2 "bon service"
        = no reply
        < 1
        > CONFIRMED
    """,
    "a digit that is no key is a rating": """
        ! remind in LANGUAGE
        < 5 très bon accueil
        > THANKS
        = feedback 5 "très bon accueil"
        = no reply
    """,
    "what was asked last is what a digit answers: the rating": """
        ! remind in LANGUAGE
        ~ 1h
        < bon service 7
        > AGAIN
        < 1
        > CONFIRMED
    """,
    "what was asked last is what a digit answers: a rating asked after the reminder": """
        < bon accueil
        > RATING
        < 1
        > THANKS
        = feedback 1 "bon accueil"
        ! remind in LANGUAGE
        < 1
        > CONFIRMED
    """,
    "what was asked last is what a digit answers: a reminder that came in between": """
        < bon accueil
        > RATING
        ~ 1h
        ! remind in LANGUAGE
        < 1
        > CONFIRMED
        = feedback "bon accueil"
        = reply confirmed
    """,
    "words were asked for: a key is still a key": """
        < 4
        > WORDS
        ! remind in LANGUAGE
        < 2
        > RESCHEDULE
        = feedback 4
    """,
    "cancelled by staff meanwhile": """
        ! remind in LANGUAGE
        ! cancel
        < 1
        > CANCELLED
        = no reply
        = no task
        = no feedback
    """,
    "too late": """
        ! remind in LANGUAGE at 10:00
        ~ 2d
        < 1
        > LATE
        = no reply
        = task "message reminder"
        = no feedback
    """,
    "long over: a digit is a rating again": """
        ! remind in LANGUAGE at 10:00
        ~ 6d
        < 1
        > WORDS
        = feedback 1
    """,
    "one that asks nothing is not answered": """
        ! remind quietly yes in LANGUAGE
        < 1
        > WORDS
        = feedback 1
        = no reply
    """,
    "whoever said stop is heard, and not replied to": """
        ! remind in LANGUAGE
        < STOP
        > STOPPED
        < 1
        > -
        = reply confirmed
        = opted out
    """,
}


@pytest.mark.parametrize("language", ["fra", "eng"])
@pytest.mark.parametrize("name", DIALOGUES)
def test_dialogues(play_through: Play, name: str, language: str) -> None:
    begun = play_through("", language)
    tomorrow = datetime.now(UTC).astimezone(begun.place.zone).date().toordinal() + 1
    day = datetime.fromordinal(tomorrow).strftime("%d/%m")
    spoken = {"fra": "french", "eng": "english"}[language]
    script = DIALOGUES[name].replace("DAY", day).replace("LANGUAGE", spoken)
    begun.play(in_words(script, language))


def test_a_conversation_keeps_the_language_of_its_reminder(play: Play) -> None:
    play(
        """
        ! remind in english
        < 1
        > Thank you, we have noted it and look forward to seeing you. Hôpital Nord
        < 4 bon service
        > Merci. Votre avis …
        """
    )


def test_the_task_names_reminder_and_patient_and_leads_to_the_conversation(play: Play) -> None:
    dialogue = play("! patient PAT123\n! remind for PAT123 at 10:00\n< 2\n> C'est noté…")
    task = dialogue.session.scalars(select(Task)).one()
    (reminder,) = dialogue.reminders()
    assert (task.reminder_id, task.contact_id) == (reminder.id, reminder.contact_id)
    assert task.delivery_id is not None
    assert task.conversation_id is not None
    assert task.due_at <= reminder.event_time


def test_an_answer_is_as_good_as_a_receipt(play: Play) -> None:
    """Whoever has answered by SMS is not called as well because no receipt came."""
    dialogue = play("! remind\n< 1\n> Merci…")
    delivery = dialogue.session.scalars(select(Delivery).order_by(Delivery.id)).first()
    assert delivery.status == DeliveryStatus.delivered
