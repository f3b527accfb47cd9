"""Feedback by SMS: rating, words, both in any order; in two languages.

Seen to fail: a third question; the whole reference or the name shown; a question by a number that
cannot receive; no bound of the replies; yesterday's conversation going on; more words after the
thanks taken for another feedback; nothing left for staff when nobody says which patient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conversation.phrases import PHRASES, in_words

Play = Callable[..., Any]

DIALOGUES = {
    "rating and words": """
        < 4 bon service
        > THANKS
        = feedback 4 "bon service"
        = no open
    """,
    "words, then the rating": """
        < Les infirmières sont gentilles
        > RATING
        = feedback "Les infirmières sont gentilles"
        = open rating
        < 5
        > THANKS
        = feedback 5 "Les infirmières sont gentilles"
        = no open
    """,
    "the rating, then words": """
        < 2
        > WORDS
        = feedback 2
        = open words
        < Trop d'attente
        > THANKS
        = feedback 2 "Trop d'attente"
    """,
    "a face, then rating and words": """
        < 😍
        > RATING
        = feedback 😍
        < 5
        > WORDS
        < Tout était bien
        > THANKS
        = feedback 5 😍 "Tout était bien"
    """,
    "a rating out of range is asked for once more, then left": """
        < 7
        > RATING
        < 8
        > RATING
        < 9
        > THANKS
        = feedback "7\\n8\\n9"
    """,
    "the answer to the rating is more words": """
        < bon service
        > RATING
        < et les chambres sont propres
        > THANKS
        = feedback "bon service\\net les chambres sont propres"
    """,
    "within the answer to the rating": """
        < bon service
        > RATING
        < je donne 4 pour l'accueil
        > THANKS
        = feedback 4 "bon service\\nje donne pour l'accueil"
    """,
    "thanks instead of words": """
        < 3
        > WORDS
        < ok merci
        > THANKS
        = feedback 3
    """,
    "it stops in the middle: what was said is kept, and the next day is another feedback": """
        < bon service
        > RATING
        ~ 25h
        = feedback "bon service"
        = no open
        < 4 toujours bien
        > THANKS
        = tasks ""
    """,
    "the answer hours later completes the same feedback": """
        < bon service
        > RATING
        ~ 5h
        < 4
        > THANKS
        = feedback 4 "bon service"
    """,
    "something more after the thanks is added": """
        < 4 bon service
        > THANKS
        ~ 10min
        < mais la cour est sale
        > NOTED
        = feedback 4 "bon service\\nmais la cour est sale"
    """,
    "a rating after the thanks is a correction": """
        < 4 bon service
        > THANKS
        < 5
        > NOTED
        = feedback 5 "bon service"
    """,
    "later than that it is another feedback": """
        < 4 bon service
        > THANKS
        ~ 2h
        < 1 très mauvais accueil
        > THANKS
        = no open
    """,
    "thanks after the thanks need no answer": """
        < 4 bon service
        > THANKS
        < Merci beaucoup
        > -
        = feedback 4 "bon service"
        = no open
    """,
    "thanks for a reminder are no feedback": """
        ! remind quietly yes
        < Merci docteur
        > -
        = no feedback
    """,
    "thanks out of the blue are one": """
        < merci
        > RATING
        = feedback merci
    """,
    "a greeting gets help": """
        < Bonjour
        > HELP
        = no feedback
        = no open
        < 4 bon service
        > THANKS
    """,
    "one patient at the phone": """
        ! patient PAT123 Marie Bella
        < 4 bon service
        > THANKS
        = feedback 4 "bon service" "patient PAT123"
    """,
    "a family's phone: asked by the last digits": """
        ! patient PAT123 Marie Bella
        ! patient PAT207 Jean Bella
        < 4 bon service
        > WHOSE 1 = ..123, 2 = ..207
        = feedback 4 "bon service"
        < 2
        > THANKS
        = feedback 4 "bon service" "patient PAT207"
        = no task
    """,
    "a family's phone: answered by the digits themselves": """
        ! patient PAT-2026-00123 Marie Bella
        ! patient PAT-2026-00207 Jean Bella
        < bon service
        > RATING
        < 4
        > WHOSE 1 = ..123, 2 = ..207
        < 123
        > THANKS
        = feedback 4 "bon service" "patient PAT-2026-00123"
    """,
    "a family's phone: same last digits, so more of them": """
        ! patient PAT1123
        ! patient PAT2123
        < 4 bon service
        > WHOSE 1 = ..1123, 2 = ..2123
    """,
    "a family's phone: no digits, so initials": """
        ! patient ABX Marie Bella
        ! patient ABY Jean Bella
        < 4 bon service
        > WHOSE 1 = MB, 2 = JB
        < mb
        > THANKS
        = feedback 4 "bon service" "patient ABX"
    """,
    "a family's phone: nothing discreet tells them apart": """
        ! patient ABX
        ! patient ABY
        < 4 bon service
        > THANKS
        = feedback 4 "bon service"
        = task which_patient
    """,
    "a family's phone: nobody says which": """
        ! patient PAT123
        ! patient PAT207
        < 4 bon service
        > WHOSE 1 = ..123, 2 = ..207
        = no task
        ~ 25h
        = feedback 4 "bon service"
        = task which_patient
        = no open
    """,
    "a family's phone: a number that is not in the list": """
        ! patient PAT123
        ! patient PAT207
        < 4 bon service
        > WHOSE 1 = ..123, 2 = ..207
        < 3
        > WHOSE 1 = ..123, 2 = ..207
        < 4
        > THANKS
        = feedback 4 "bon service"
        = task which_patient
    """,
    "a family's phone: they go on telling instead": """
        ! patient PAT123
        ! patient PAT207
        < 4 bon service
        > WHOSE 1 = ..123, 2 = ..207
        < la nuit il fait chaud
        > THANKS
        = feedback 4 "bon service\\nla nuit il fait chaud"
        = task which_patient
    """,
    "a family's phone: never more than two questions": """
        ! patient PAT123
        ! patient PAT207
        < 😐
        > RATING
        < 3
        > WORDS
        < bruyant
        > THANKS
        = feedback 3 😐 bruyant
        = task which_patient
    """,
    "a number that cannot receive asks nothing": """
        ! deaf
        < bon service
        > THANKS
        = feedback "bon service"
        = no open
        < 3
        > NOTED
    """,
    "help in the middle leaves the question open": """
        < bon service
        > RATING
        < AIDE
        > HELP
        < 4
        > THANKS
        = feedback 4 "bon service"
    """,
    "pictures": """
        <media
        > MEDIA
        = no feedback
        = no open
        = task message
        < bon service
        > RATING
        <media
        > MEDIA
        < 4
        > THANKS
    """,
    "an album is one task": """
        <media
        > MEDIA
        <media
        > MEDIA
        = task message
    """,
    "a voice alone: it stands for the words": """
        <voice
        > RATING
        = open rating
        < 4
        > THANKS
        = feedback "4 (voice)"
        = no task
    """,
    "a voice where words were asked for": """
        < 3
        > WORDS
        <voice
        > THANKS
        = feedback "3 (voice)"
    """,
    "a voice beside the rating that was asked for": """
        < bon service
        > RATING
        <voice 4
        > THANKS
        = feedback "4 bon service (voice)"
    """,
    "a voice with a rating beside it": """
        <voice 5
        > THANKS
        = feedback "5 (voice)"
    """,
    "a second voice is a second feedback: neither replaces the other": """
        <voice
        > RATING
        <voice
        > RATING
        < 2
        > THANKS
        = feedbacks "(voice) | 2 (voice)"
    """,
    "a voice beside a key: both are kept": """
        ! remind
        <voice 1
        = reply confirmed
        = feedback "(voice)"
    """,
    "a voice from somebody who said stop is kept, and not answered": """
        < STOP
        > STOPPED
        <voice
        > -
        = feedback "(voice)"
        = opted out
    """,
    "whose voice, on a family's phone": """
        ! patient PAT123 Marie Bella
        ! patient PAT207 Jean Bella
        <voice 4
        > WHOSE 1 = ..123, 2 = ..207
        < 2
        > THANKS
        = feedback "4 (voice) patient PAT207"
    """,
    "nothing but spaces": """
        <    \u00a0
        > HELP
        = no feedback
    """,
    "nothing but punctuation": """
        < ?!...
        > HELP
        = no feedback
    """,
    "NUL and marks that turn the text": """
        < 4 \u202ebon\x07 service\u202c
        > THANKS
        = feedback 4 "bon service"
    """,
    "from right to left": """
        < ٤ خدمة جيدة
        > THANKS
        = feedback 4 "خدمة جيدة"
    """,
}  # fmt: skip


@pytest.mark.parametrize("language", ["fra", "eng"])
@pytest.mark.parametrize("name", DIALOGUES)
def test_dialogues(play_through: Play, name: str, language: str) -> None:
    play_through(in_words(DIALOGUES[name], language), language)


def test_yesterdays_question_is_over_even_before_anybody_swept(play: Play) -> None:
    dialogue = play(in_words("! patient PAT1\n! patient PAT2\n< bon service\n> RATING", "fra"))
    dialogue.later("25h", sweep=False)
    dialogue.write("4")
    assert [row.split()[0] for row in dialogue.seen_feedback()] == ["bon", "4"]


def test_only_a_nul(play: Play) -> None:
    dialogue = play("")
    dialogue.write("\x01\x02")
    dialogue.replied(PHRASES["HELP"][0])


def test_the_longest_message_is_kept_whole(play: Play) -> None:
    dialogue = play("")
    body = "é😀" * 800
    dialogue.write(body)
    dialogue.replied(PHRASES["RATING"][0])
    (kept,) = dialogue.seen_feedback()
    assert kept.endswith(body)


def test_words_without_end_are_all_kept(play: Play) -> None:
    dialogue = play("")
    for _ in range(9):
        dialogue.write("bla " * 399)
    assert "talkative" not in dialogue.seen_task()
    assert "message" in dialogue.seen_task()  # beyond what a feedback holds
    assert len(dialogue.seen_feedback()) == 1


def test_two_machines_do_not_talk_for_ever(play: Play) -> None:
    dialogue = play("")
    for _ in range(40):
        dialogue.write("I am out of the office until Monday")
    assert dialogue.seen_replies() == ["12"]
    assert "talkative" in dialogue.seen_task()
    dialogue.play(
        """
        < STOP
        > C'est noté, vous ne recevrez plus…
        = opted out
        """
    )


def test_whatsapp_is_answered_on_whatsapp(play: Play) -> None:
    script = "! whatsapp\n< bon service\n> RATING\n< 4\n> THANKS"
    play(in_words(script, "fra"), channel="whatsapp")


def test_whatsapp_to_a_number_for_sms_is_thanked_for_by_sms_and_not_asked(play: Play) -> None:
    play(in_words("< bon service\n> THANKS\n= no open", "fra"), channel="whatsapp")
