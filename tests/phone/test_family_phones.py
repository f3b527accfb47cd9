"""A phone that a family shares: which patient is it about? By the file's last digits, never a name.

Seen to fail: `_asked_whose` left out (nobody is asked), `choose` without closing the task,
`told_apart` without its bound, `words_of` in any language (a French voice in the middle of a call
in Duala) or with a digit that nobody recorded, a key taken as a contact's own number, staff counted
as patients, the key's digit left out, the voice before the recordings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, select

from models.contact import Contact
from models.phrase import Phrase
from services.contact.address import address_for
from services.contact.contacts import reference_index
from tests.fixtures import NORTH
from tests.phone.telephone import CALLER, Call, play
from tests.phone.test_spoken_phrases import speak_everything

Dial = Callable[..., Call]
Look = Callable[[str], list[tuple[Any, ...]]]


def family(database: Any, *references: str, kind: str = "patient", **more: Any) -> None:
    with database.establishment(NORTH) as session:
        phone = address_for(session, "phone", CALLER)
        for reference in references:
            session.add(
                Contact(
                    patient_id=reference,
                    patient_id_index=reference_index(session, reference),
                    name=f"Marie Bella {reference}",
                    kind=kind,
                    phone_id=phone.id,
                    **more,
                )
            )


TOLD = "presses 1\npresses 4\nsays 5\n"
PEOPLE = ("PAT123", "PAT207", "PAT560")

# What is done at the end, reference of the feedback, tasks that stay open.
CALLS = [
    (
        "by the digits",
        """
        presses 2
        hears fr-FR: Une dernière question : de quel dossier avez-vous parlé ?
        hears fr-FR: Pour la référence qui se termine par 1, 2, 3, tapez 1.
        hears fr-FR: Pour la référence qui se termine par 2, 0, 7, tapez 2.
        hears fr-FR: Si vous ne savez pas, tapez 0.
        presses 2
        hears Merci. Votre avis
        ends
        """,
        ("PAT207", []),
    ),
    ("they do not know", "presses 2\npresses 0\nhears Merci. Votre avis\nends", (None, 1)),
    ("nothing is pressed", "presses 2\nwaits\nhears Merci. Votre avis\nends", (None, 1)),
    (
        "another key, then the right one",
        "presses 2\npresses 9\nhears n'est pas proposée\nhears quel dossier\npresses 3\nends",
        ("PAT560", []),
    ),
    ("other keys only", "presses 2\npresses 4\npresses 5\npresses 9\nhears Merci\nends", (None, 1)),
    ("hung up at the question", "presses 2\nhangs up", (None, 1)),
    ("kept by silence: not asked as well", "waits\nwaits\nwaits\nhears Merci\nends", (None, 1)),
    ("said again first", "presses 3\nsays 4\npresses 2\npresses 1\nends", ("PAT123", [])),
]


@pytest.mark.parametrize(("dialogue", "expected"), [(c[1], c[2]) for c in CALLS],
                         ids=[c[0] for c in CALLS])  # fmt: skip
def test_whose_it_is_is_asked_last(
    dial: Dial, database: Any, look: Look, dialogue: str, expected: tuple[str | None, Any]
) -> None:
    family(database, *PEOPLE)
    call = dial()
    play(call, TOLD + dialogue)
    assert not any("Bella" in heard or "PAT" in heard for heard in call.everything)
    reference, tasks = expected
    with database.establishment(NORTH) as session:
        found = session.get_one(Contact, 1 + PEOPLE.index(reference)) if reference else None
        index = found.patient_id_index if found else None
    ((rating, about),) = look("select rating, patient_id_index from feedbacks")
    assert (rating, bytes(about) if about else None) == (4, index)
    assert look("select contact_id from conversations") == [(found.id if found else None,)]
    assert look("select count(*) from call_recordings where replaced_at is null") == [(1,)]
    assert look("select count(*) from tasks where kind = 'which_patient' and state = 'open'") == [
        (tasks or 0,)
    ]


def test_a_rating_alone_is_asked_about_as_well(dial: Dial, database: Any, look: Look) -> None:
    family(database, "PAT123", "PAT207")
    play(dial(), "presses 2\npresses 5\nwaits\nwaits\nhears en-GB: One last question\npresses 1")
    assert look("select patient_id is not null from feedbacks") == [(True,)]


@pytest.mark.parametrize(
    ("references", "more"),
    [
        (("PAT123",), {}),
        (("A", "B"), {}),  # no digits: nothing discreet to say
        (("PAT1-55", "PAX1-55"), {}),  # the same digits
        (tuple(f"PAT{n}" for n in range(100, 106)), {}),  # too many to listen to
        (("STAFF12", "STAFF13"), {"kind": "staff"}),
        ((), {}),
    ],
    ids=["one", "no digits", "same digits", "six", "staff", "nobody"],
)
def test_where_it_is_known_or_cannot_be_told_it_is_not_asked(
    dial: Dial, database: Any, look: Look, references: tuple[str, ...], more: dict[str, Any]
) -> None:
    family(database, *references, **more)
    play(dial(), f"{TOLD}presses 2\nhears Merci. Votre avis\nends")
    assert look("select patient_id is not null from feedbacks") == [(len(references) == 1,)]
    open_tasks = int(len(references) > 1 and "kind" not in more)
    assert look("select count(*) from tasks where kind = 'which_patient'") == [(open_tasks,)]


@pytest.mark.parametrize("missing", [None, "phone.digit_7", "phone.patient_press"])
def test_without_a_voice_and_without_every_digit_staff_find_out(
    dial: Dial, database: Any, settings: Any, look: Look, missing: str | None
) -> None:
    """One language to the end: no French voice in the middle of recordings in Duala."""
    speak_everything(database, "dua")
    if missing:
        speak_everything(database, "dua", flow="patient_by_digits", leave_out=missing)
    family(database, "PAT123", "PAT207", language="dua")
    with settings(languages=["dua", "fra"]):
        call = dial()
        play(call, "presses 4\nsays 5\npresses 2\nends")
    assert all(heard.startswith("♪") for heard in call.everything)
    assert look("select kind, state from tasks") == [("which_patient", "open")]


def played(database: Any, sounds: list[str]) -> list[str]:
    """The phrases whose recordings are heard; what a voice says stays as it is."""
    with database.establishment(NORTH) as session:
        keys = {str(one.recording_id): one.key for one in session.scalars(select(Phrase))}
    return [keys[s.split("/")[-4]].partition(".")[2] if s[0] == "♪" else s for s in sounds]


@pytest.mark.parametrize("language", ["dua", "fra"])
def test_recorded_digits_are_put_together_one_by_one(
    dial: Dial, database: Any, settings: Any, look: Look, language: str
) -> None:
    """In French, too: one person says all of the question, not a person and then a voice."""
    speak_everything(database, language)
    speak_everything(database, language, flow="patient_by_digits")
    family(database, "PAT123", "PAT2٠7", language=language)  # digits of any script are digits
    with settings(languages=[language, "eng"]):
        call = dial()
        play(call, "presses 4\nsays 5\npresses 2")
        one, two = "digit_1 digit_2 digit_3", "digit_2 digit_0 digit_7"
        assert " ".join(played(database, call.said)) == (
            f"which_patient patient_file {one} patient_press digit_1"
            f" patient_file {two} patient_press digit_2 patient_unknown"
        )
        play(call, "presses 2\nends")
    assert look("select f.patient_id_index = c.patient_id_index, t.state from feedbacks f, tasks t,"
                " contacts c where c.id = 2") == [(True, "done")]  # fmt: skip


def test_one_who_was_erased_meanwhile_is_nobody(dial: Dial, database: Any, look: Look) -> None:
    family(database, "PAT123", "PAT207")
    call = dial()
    play(call, f"{TOLD}presses 2")
    with database.establishment(NORTH) as session:
        session.execute(delete(Contact).where(Contact.id == 1))
    play(call, "presses 1\nhears Merci\nends")
    assert look("select patient_id is null from feedbacks") == [(True,)]
    assert look("select kind, state from tasks") == [("which_patient", "open")]
