"""Stop, start, help, language: always obeyed, never by accident; in two languages.

Seen to fail: a stop within a sentence; YES, or an approved "oui", as a start; a second
confirmation, or one beside the carrier's; a reply to whoever said stop; a choice not remembered; a
language offered that lacks a flow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from models.audit import AuditEntry
from models.contact import Contact
from models.message import Message
from models.phrase import FlowLanguage
from services.conversation.turn import CHOICES, FEEDBACK, REMINDER
from services.phrase.phrases import FLOWS
from tests.conversation.phrases import in_words

Play = Callable[..., Any]

STOPS = [
    "STOP", "stop", "Stop.", " s t o p ", "«STOP»", "stop!!!", "STOP STOP", "ARRET", "ARRÊT",
    "arrêt", "Arre\u0302t", "Arrêter", "stopall", "STOP ALL", "Unsubscribe", "END", "quit",
    "opt-out", "CANCEL", "ＳＴＯＰ",
]  # fmt: skip
NO_STOPS = [
    "il faut stop cette attente", "stopper", "le bus stop", "non stop", "arrêt cardiaque",
    "ne pas stop", "week end", "STOP 4", "please stop the noise",
]  # fmt: skip
NO_STARTS = ["YES", "OUI", "ok", "4 bon service", "1", "bonjour", "Start a new life", "unstoppable"]

DIALOGUES = {
    "stop, confirmed once": """
        < STOP
        > STOPPED
        = opted out
        < STOP
        > -
        < ARRÊT
        > -
        = replies 1
    """,
    "the carrier has answered": """
        <STOP STOP
        > -
        = opted out
        <START START
        > -
        = opted in
        <HELP HELP
        > -
        = opted in
    """,
    "the carrier takes YES for a start; we do not": """
        < STOP
        > STOPPED
        <START YES
        > -
        = opted out
    """,
    "start": """
        < STOP
        > STOPPED
        < Start
        > STARTED
        = opted in
        < unstop
        > STARTED
    """,
    "feedback from somebody who said stop: stored, no reply": """
        < STOP
        > STOPPED
        ~ 2h
        < 4 bon service
        > -
        = feedback 4 "bon service"
        = opted out
        = no open
        ~ 2h
        < HELP
        > -
    """,
    "a picture from somebody who said stop: somebody looks": """
        < STOP
        > STOPPED
        ~ 2h
        <media
        > -
        = task message
    """,
    "CANCEL with two reminders open: somebody finds out which": """
        ! remind at 10:00
        ! remind at 08:00
        < CANCEL
        > STOPPED
        = opted out
        = task message
    """,
    "another language, from a number that cannot receive": """
        ! deaf
        < LANGUE
        > HELP
        = no open
    """,
    "stop in the middle of a feedback keeps what was said": """
        < bon service
        > RATING
        < STOP
        > STOPPED
        = feedback "bon service"
        = no open
    """,
    "CANCEL stops, as everywhere; what it may have meant is a task": """
        ! remind
        < CANCEL
        > STOPPED
        = opted out
        = reply reschedule
        = task "reschedule reminder"
    """,
    "help": """
        < HELP
        > HELP
        < Aide !
        > HELP
        < info
        > HELP
        = no feedback
        = no open
    """,
    "an establishment's own words": """
        ! approve words.stop "BOMBA, tika"
        ! approve words.start "banda"
        < Bómba
        > STOPPED
        = opted out
        < banda !
        > STARTED
        = opted in
        < tika
        > STOPPED
    """,
    "no establishment can make yes mean start": """
        ! approve words.start "oui, yes, 1"
        < STOP
        > STOPPED
        < Oui
        > -
        < 1
        > -
        = opted out
    """,
    "a language that is not in the list": """
        < LANGUE
        > LANGUAGES …
        < 4
        > LANGUAGES …
        < 5
        > HELP
        = no open
        = language "phone None"
    """,
    "something else instead of a language": """
        < LANGUAGE
        > LANGUAGES …
        < 4 bon service, merci
        > THANKS
        = feedback 4 "bon service, merci"
    """,
}


@pytest.mark.parametrize("language", ["fra", "eng"])
@pytest.mark.parametrize("name", DIALOGUES)
def test_dialogues(play_through: Play, name: str, language: str) -> None:
    play_through(in_words(DIALOGUES[name], language), language)


@pytest.mark.parametrize("word", STOPS)
def test_a_stop_is_understood_however_it_is_written(play: Play, word: str) -> None:
    dialogue = play("")
    dialogue.write(word)
    assert dialogue.seen_opted() == ["out"]
    assert dialogue.seen_feedback() == []


@pytest.mark.parametrize("words", NO_STOPS)
def test_stop_within_a_sentence_is_not_a_stop(play: Play, words: str) -> None:
    dialogue = play("")
    dialogue.write(words)
    assert dialogue.seen_opted() == ["in"]
    assert len(dialogue.seen_feedback()) == 1


@pytest.mark.parametrize("words", NO_STARTS)
def test_nothing_else_ever_opts_in(play: Play, words: str) -> None:
    dialogue = play("< STOP")
    dialogue.write(words)
    assert dialogue.seen_opted() == ["out"]
    assert dialogue.seen_replies() == ["1"]


def test_who_stopped_and_who_started_again_is_on_record(play: Play) -> None:
    dialogue = play("< STOP\n> C'est noté…\n<START START\n> -")
    entries = dialogue.session.scalars(
        select(AuditEntry).where(AuditEntry.kind == "address").order_by(AuditEntry.id)
    ).all()
    assert [(entry.actor, entry.action) for entry in entries] == [
        ("patient", "opt_out"),
        ("patient", "opt_in"),
    ]
    written = dialogue.session.scalars(
        select(Message.id).where(Message.direction == "in").order_by(Message.id)
    ).all()
    assert [entry.after["message_id"] for entry in entries] == written


def test_a_language_is_chosen_by_digit_and_remembered_on_the_contact(play: Play) -> None:
    play(
        """
        ! patient PAT123
        < LANGUE
        > Dans quelle langue vous écrire ? … : 1 = francais, 2 = English
        < 2
        > We have noted it and will write to you in English. Hôpital Nord
        = language "contact eng"
        < 4 good service
        > Thank you. What you say helps us…
        """
    )


def test_a_language_can_be_written_out(play: Play) -> None:
    play("< LANGUE\n> Dans quelle…\n< Français\n> C'est noté, nous vous écrirons en français…")


def test_a_familys_phone_remembers_the_language_itself(play: Play) -> None:
    dialogue = play(
        """
        ! patient PAT123
        ! patient PAT207
        < language
        > Dans quelle langue…
        < 2
        > We have noted it…
        = language "phone eng"
        ~ 2d
        < 4 good service
        > Who is this message about? …
        < 1
        > Thank you. What…
        """
    )
    assert {contact.language for contact in contacts(dialogue)} == {None}


def contacts(dialogue: Any) -> list[Any]:
    return list(dialogue.session.query(Contact))


def test_the_patients_language_goes_before_the_establishments(play: Play) -> None:
    dialogue = play("")
    dialogue.do_patient("PAT123", language="eng")
    dialogue.play("< 4 good service\n> Thank you. What you say…")


def test_a_language_without_a_complete_flow_is_not_spoken(play: Play) -> None:
    dialogue = play("")
    dialogue.do_patient("PAT123", language="dua")
    dialogue.place.languages = ["dua", "eng", "fra"]
    dialogue.do_approve("feedback.thanks", "-- {hospital}")
    dialogue.play("< 4 bon service\n> Thank you. What you say…")


def test_only_languages_with_all_flows_can_be_chosen(play: Play) -> None:
    dialogue = play("")
    dialogue.place.languages = ["fra", "eng", "dua"]
    for key in FLOWS[CHOICES]:
        dialogue.do_approve(key, f"[{key}]")
    dialogue.session.add(FlowLanguage(flow=CHOICES, language="dua", switched_by="user:1"))
    dialogue.session.flush()
    dialogue.play("< LANGUE\n> Dans quelle langue … : 1 = francais, 2 = English")


def test_a_language_with_all_flows_is_spoken_and_can_be_chosen(play: Play) -> None:
    dialogue = play("")
    dialogue.place.languages = ["fra", "eng", "dua"]
    for key in dict.fromkeys(FLOWS[FEEDBACK] + FLOWS[REMINDER] + FLOWS[CHOICES]):
        dialogue.do_approve(key, f"[{key}]")
    for flow in (FEEDBACK, REMINDER, CHOICES):
        dialogue.session.add(FlowLanguage(flow=flow, language="dua", switched_by="user:1"))
    dialogue.session.flush()
    dialogue.play(
        """
        < LANGUE
        > … : 1 = francais, 2 = English, 3 = duala
        < 3
        > [language.chosen]
        < bon service
        > [feedback.ask_rating]
        < 4
        > [feedback.thanks]
        """
    )
