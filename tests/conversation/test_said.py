"""What a message says: ratings, keys, faces, words. Nothing is guessed.

Seen to fail: a rating taken from any number in a sentence.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.conversation.said import LONGEST, take_apart
from utils.text import clean_text

RATINGS = [
    ("4 bon service", 4, "bon service"),
    ("bon service 4/5", 4, "bon service"),
    ("très bon service 5", 5, "très bon service"),
    ("4", 4, None),
    ("4 !", 4, None),
    ("٤", 4, None),
    ("４", 4, None),
    ("४", 4, None),
    ("④", 4, None),
    ("4️⃣", 4, None),
    ("4/5", 4, None),
    ("4 sur 5, propre", 4, "propre"),
    ("4 out of 5 clean", 4, "clean"),
    ("quatre", 4, None),
    ("Five stars", 5, None),
    ("cinq sur cinq", 5, None),
    ("4 étoiles", 4, None),
    ("⭐⭐⭐⭐", 4, None),
    ("Note : 3 pas mal", 3, "pas mal"),
    ("5bon accueil", 5, "bon accueil"),
    ("4\nbon", 4, "bon"),
    ("4 pour l'accueil", 4, "pour l'accueil"),
]
NO_RATINGS = [
    "j'ai attendu 4 heures", "4 jours d'attente", "4h d'attente", "rdv le 4/5", "4.5", "4,5", "7",
    "0", "10/10", "4/10", "chambre 4", "lit n° 3", "-3", "4 et 5", "5 5", "100%", "deux enfants",
    "une infirmière gentille", "1er étage", "2eme fois", "le 4 mars", "à 4h30", "4/5/2026",
    "3 personnes avant moi", "676543210", "4 FCFA", "bien", "four nurses", "4x4",
]  # fmt: skip


@pytest.mark.parametrize(("text", "rating", "words"), RATINGS)
def test_a_rating_is_found(text: str, rating: int, words: str | None) -> None:
    said = take_apart(text)
    assert (said.rating, said.words) == (rating, words)


@pytest.mark.parametrize("text", NO_RATINGS)
def test_a_number_that_means_something_else_is_no_rating(text: str) -> None:
    said = take_apart(text)
    assert (said.rating, said.words or said.emoji) == (None, text)


@pytest.mark.parametrize(
    ("text", "emoji", "words"),
    [
        ("😍", "😍", None),
        ("4 😍", "😍", None),
        ("bon 😍", "😍", "bon 😍"),
        ("👍", "👍", None),
        ("😍😍", "😍", "😍😍"),
        ("👍😡", "😡", "👍😡"),
        ("😡🙂 bof", None, "😡🙂 bof"),
        ("bof \U0001fae8", None, "bof \U0001fae8"),  # newer than this Python's tables
        ("bof \ufffe\ufdd0", None, "bof"),
    ],
)
def test_a_face_is_kept_beside_the_words(text: str, emoji: str | None, words: str | None) -> None:
    said = take_apart(text)
    assert (said.emoji, said.words) == (emoji, words)


@given(st.text(max_size=1700))
def test_whatever_is_written_can_be_stored_and_shown(body: str) -> None:
    said = take_apart(body)
    assert clean_text(said.text, LONGEST) == said.text
    assert said.rating is None or 1 <= said.rating <= 5
    assert said.nothing or said.rating or said.emoji or said.words
