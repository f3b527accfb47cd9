"""Receipts that never come: asked for by list and one by one, and then by another channel."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests.integration.loop import PHONE, Loop
from tests.tree import running_tree, wait_for

NEVER = {"mode": "never"}
ANSWERS = {"answer": "auto", "ring_ms": 50, "pace": 0.05}
REFUSED: dict[str, Any] = {"kind": "status", "status": 503}


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    folder: Path = tmp_path_factory.mktemp("receipts")
    with running_tree(folder, "receipts") as tree:
        yield Loop(tree)


def ask_database(loop: Loop, statement: str) -> list[Any]:
    connection = psycopg2.connect(loop.tree.env["DATABASE_URL"])
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


@pytest.mark.parametrize("refused", ["messages.list", "messages.read"])
def test_lost_receipts_of_a_batch_are_asked_for(loop: Loop, refused: str) -> None:
    loop.tree.behave(callbacks=NEVER, faults=[{"on": refused, **REFUSED}])
    at = (datetime.now(UTC) + timedelta(seconds=5)).isoformat()  # all of them in one batch
    words = [f"Batch {refused} {one}" for one in range(8)]
    numbers = [loop.remind(message, "sms", scheduled_time=at) for message in words]
    for number in numbers:
        loop.wait_until(number, ("sms", "delivered"))
        events = loop.detail(number)["deliveries"][0]["events"]
        assert events[-1]["cause"] == "asked for the receipt"
    assert [loop.copies("sms", message) for message in words] == [1] * 8


def test_the_end_of_a_call_is_asked_for_too(loop: Loop) -> None:
    loop.tree.behave(callbacks=NEVER, voice=ANSWERS)
    number = loop.remind("Appel", "voice")
    loop.wait_until(number, ("voice", "delivered"))
    assert loop.copies("voice", "Appel") == 1


def test_a_call_nobody_picks_up_is_made_again_and_then_makes_way(loop: Loop) -> None:
    loop.tree.behave(voice={"answer": "no-answer", "ring_ms": 50, "pace": 0.2})
    ask_database(loop, "update shared.establishments set call_again_after = 1 where id = 1")
    before = len(loop.tree.ledger(channel="voice"))
    number = loop.remind("Deux fois", "voice", "email", retry={"call_again_at_most": 1})
    loop.wait_until(number, ("voice", "undelivered"), ("email", "sent"))
    assert len(loop.tree.ledger(channel="voice")) - before == 2
    again = [e for e in loop.detail(number)["deliveries"][0]["events"] if e["code"] == "no-answer"]
    assert [event["status"] for event in again] == ["scheduled", "undelivered"]


def test_want_of_a_receipt_opens_the_next_channel_where_receipts_are_proven(loop: Loop) -> None:
    """The carrier takes it and is silent; the first reminder comes before anything was proven."""
    silent = {PHONE: {"outcome": "sent"}}
    ask_database(loop, "update shared.senders set gives_receipts = false")
    ask_database(loop, "update shared.establishments set receipt_window_seconds = 3 where id = 1")
    loop.tree.behave(outcomes=silent, voice=ANSWERS)
    unproven = loop.remind("Silence", "sms", "voice")
    loop.wait_until(unproven, ("sms", "sent"))
    wait_for(lambda: looked_after_the_window(loop, unproven), "the last look")
    assert loop.states(unproven) == [("sms", "sent")]
    loop.tree.behave(voice=ANSWERS)
    loop.wait_until(loop.remind("Preuve", "sms"), ("sms", "delivered"))
    assert ask_database(loop, "select channel from shared.senders where gives_receipts") == [
        ("sms",)
    ]
    loop.tree.behave(outcomes=silent, voice=ANSWERS)
    number = loop.remind("Encore", "sms", "voice")
    loop.wait_until(number, ("sms", "sent"), ("voice", "delivered"))
    sms, voice = loop.detail(number)["deliveries"]
    assert sms["events"][-1]["cause"] == "no receipt in time"
    assert voice["events"][0]["cause"] == "fallback from sms: no receipt"
    assert loop.copies("voice", "Encore") == 1


def looked_after_the_window(loop: Loop, reminder: int) -> bool:
    """True when the next look is the one at the end of the validity."""
    return bool(
        ask_database(
            loop,
            "select 1 from shared.due u join est_1.deliveries d on d.id = u.delivery_id"
            f" where d.reminder_id = {reminder} and u.due_at = d.valid_until",
        )
    )
