"""Whatever is written is kept, and answered or read by somebody: never an error, never silence.

Seen to fail, each by the line of the table that names it: controls and marks that turn the text
kept by `legible`; `_seen` answering True for spaces. (A text is cut twice: without the first cut
nothing is different.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from models.feedback import Feedback
from models.task import Task
from schemas.feedback import CONTENT_LENGTH

Play = Callable[..., Any]
ASKED, HELPED = "Merci de votre message", "Écrivez-nous"

# Name, what is written, what is kept of it (None: no feedback), how the reply begins.
BODIES: list[tuple[str, str, str | None, str]] = [
    ("1,600 characters", "é" * 1600, "é" * 1600, ASKED),
    ("more than a feedback holds", "mot " * 4000, ("mot " * 4000)[:CONTENT_LENGTH].strip(), ASKED),
    ("an emoji that is no face", "🏥", None, ASKED),
    ("a family of emoji", "Merci 👨‍👩‍👧‍👦🇨🇲", "Merci 👨‍👩‍👧‍👦🇨🇲", ASKED),
    ("NUL", "bon\0 service", "bon service", ASKED),
    ("only NUL", "\0\0", None, HELPED),
    ("bells and escapes", "bon\x07 \x1b[31mservice", "bon [31mservice", ASKED),
    ("half a pair, as it is stored", "bon \ufffd service", "bon  service", ASKED),
    ("right to left", "شكرا جزيلا لكم", "شكرا جزيلا لكم", ASKED),
    ("marks that turn it round", "\u202eecivres nob\u202c", "ecivres nob", ASKED),
    ("only spaces", " \u00a0\u2003\u3000", None, HELPED),
    ("only line ends", "\r\n\r\n", None, HELPED),
    ("only what is not seen", "\u200b\u200d\ufeff\u2060", None, HELPED),
    ("marks upon marks", "b" + "\u0301" * 300 + "on", "bon", ASKED),
    ("a formula", "=SUM(A1;A2)", "=SUM(A1;A2)", ASKED),
    ("a tag", "<b>bon</b> & bien", "<b>bon</b> & bien", ASKED),
    ("SQL", "'; drop table feedbacks; --", "'; drop table feedbacks; --", ASKED),
    ("a brace for a placeholder", "{hospital} {0} %s", "{hospital} {0} %s", ASKED),
]


@pytest.mark.parametrize(
    ("body", "kept", "reply"), [one[1:] for one in BODIES], ids=[one[0] for one in BODIES]
)
def test_a_body(play: Play, body: str, kept: str | None, reply: str) -> None:
    dialogue = play("")
    message = dialogue.write(body)
    (said,) = dialogue.replies()
    assert reply in said.message
    found = dialogue.session.scalars(select(Feedback)).all()
    if reply == HELPED:
        assert found == []
        return
    (feedback,) = found
    assert feedback.content == kept
    assert feedback.emoji or kept
    assert message.conversation_id == feedback.conversation_id


@pytest.mark.parametrize("words", ["", "très bon accueil", "4", "STOP", "1"])
def test_something_attached_is_never_dropped_whatever_stands_beside_it(
    play: Play, words: str
) -> None:
    dialogue = play(f"! remind\n<picture {words}")
    kinds = dialogue.session.execute(select(Task.kind, Task.subject)).all()
    assert ("message", "picture") in [tuple(one) for one in kinds]
