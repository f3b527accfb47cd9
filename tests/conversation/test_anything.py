"""Whatever is written, in whatever order: heard, answered at most once, and never for nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from models.conversation import Conversation
from models.feedback import Feedback
from models.message import Message
from models.reminder import Purpose, Reminder
from models.task import Task
from services.conversation.turn import MOST_QUESTIONS, MOST_REPLIES
from services.phrase.opt_words import wish_of
from services.sms import sms_text
from utils.sms_encoding import analyse

WRITTEN = [
    "1", "2", "3", "5", "7", "0", "12", "4 bon service", "bon service", "très mauvais 1/5", "😡",
    "👍", "merci", "ok", "bonjour", "STOP", "START", "AIDE", "LANGUE", "CANCEL", "YES", "oui",
    "2 enfants malades", "1 merci", "?", "   ", "\x01\x02", "\u202e4 bon\u202c", "ا ب ت",
    "e\u0301" * 500, "a" + "\u0300" * 200, "x" * 1600, "é" * 1600, "{hospital}", "%s %(x)s",
    "'; drop table messages; --",
    "٣", "quatre", "chambre 3", "..123", "MB", "1\n2", "\ufffd", "🏳️‍🌈" * 20, "1️⃣",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_every_message_is_heard_and_leads_somewhere(play: Callable[..., Any], seed: int) -> None:
    dice = random.Random(seed)
    dialogue = play("! patient PAT123 Marie Bella\n! patient PAT207 Jean Bella")
    for _ in range(25):
        if dice.random() < 0.2:
            dialogue.do_remind(*(("at", "10:00") if dice.random() < 0.5 else ()))
        if dice.random() < 0.1:
            dialogue.later(dice.choice(["2h", "25h", "3d"]))
        before = traces(dialogue)
        kind = dice.choice(["", "", "", "", "", "media", "STOP", "HELP"]) if seed % 2 else ""
        message = dialogue.write(dice.choice(WRITTEN), kind)
        said = dialogue.replies()
        assert len(said) <= 1
        assert message.conversation_id is not None
        quiet = message.opt_out_type or dialogue.address.opted_out_at or thanks(message)
        known = wish_of(dialogue.session, message.body or "") is not None
        assert said or traces(dialogue) != before or quiet or known, message.body
        for one in said:
            sent = sms_text(dialogue.place, one.language, one.message)
            assert analyse(sent).segments <= 2, one.message
    check(dialogue)


def thanks(message: Message) -> bool:
    return message.body in ("merci", "ok", "👍")


def traces(dialogue: Any) -> tuple[Any, ...]:
    """What a message may have left behind, beside a reply."""
    session = dialogue.session
    session.flush()
    return (
        [(row.id, row.version) for row in session.scalars(select(Feedback).order_by(Feedback.id))],
        [(row.id, row.state) for row in session.scalars(select(Task).order_by(Task.id))],
        dialogue.seen_reply(),
    )


def check(dialogue: Any) -> None:
    """What holds at any time, for one address."""
    session = dialogue.session
    assert session.scalar(select(func.max(Conversation.questions))) <= MOST_QUESTIONS
    still_open = select(func.count()).where(Conversation.ended_at.is_(None))
    assert session.scalar(still_open) <= 1
    unheard = select(Message.id).where(Message.direction == "in", Message.handled_at.is_(None))
    assert session.scalars(unheard).all() == []
    today = Reminder.created_at > session.now() - timedelta(hours=24)
    replies = select(func.count()).where(Reminder.purpose == Purpose.reply, today)
    assert session.scalar(replies) <= MOST_REPLIES
