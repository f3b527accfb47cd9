"""The door: what is safe is answered, what cannot be stored waits, one that never can harms nobody.

Handlers stand for what providers say; the spool and its folder are real. Seen to fail: `_keep` left
out (lost), `take` storing although something waits (order), no `_given_up` (one holds up all).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from services.errors import NotFound
from services.webhook.door import MOST_TRIES, TurnedAway, Webhook, WebhookDoor
from utils.crypto import get_cipher
from utils.spool import Spool

START = datetime(2026, 11, 28, tzinfo=UTC)
AWAY = OperationalError("select", {}, ConnectionRefusedError())


def door(
    folder: Path, store: Callable[[Webhook], None], wait: float = 5.0, most: int = 10**6
) -> Any:
    spool = Spool(folder, get_cipher(), most)
    spool.prepare()
    handlers = {"test": lambda _database, _directory, webhook: store(webhook)}
    return WebhookDoor(None, None, spool, handlers, wait)  # type: ignore[arg-type]


def webhook(number: int, **fields: Any) -> Webhook:
    at = START + timedelta(seconds=number)
    return Webhook("test", {"n": f"{number}"}, {"text": "intime", **fields}, at)


class Store:
    """Keeps what it is given, unless told to raise for it."""

    def __init__(self) -> None:
        self.kept: list[Webhook] = []
        self.away = False
        self.broken: set[str] = set()

    def __call__(self, given: Webhook) -> None:
        if self.away:
            raise AWAY
        if given.query["n"] in self.broken:
            raise ZeroDivisionError
        self.kept.append(given)

    @property
    def numbers(self) -> list[int]:
        return [int(one.query["n"]) for one in self.kept]


def take(one: WebhookDoor, *webhooks: Webhook) -> None:
    async def all_of_them() -> None:
        for given in webhooks:
            await one.take(given)

    asyncio.run(all_of_them())


def test_what_was_spooled_is_stored_later_as_it_came(tmp_path: Path) -> None:
    store = Store()
    one = door(tmp_path, store)
    store.away = True
    given = [webhook(1, emoji="😍", nothing=None, events=[{"a": 1}]), webhook(2)]
    take(one, *given)
    assert (one.spooled(), store.kept) == (2, [])
    store.away = False
    assert one.drain() == 2
    assert (store.kept, one.spooled()) == (given, 0)


def test_nothing_overtakes_what_waits(tmp_path: Path) -> None:
    store = Store()
    one, other = door(tmp_path, store), door(tmp_path, store)
    store.away = True
    take(one, webhook(1))
    store.away = False
    take(other, webhook(2))  # another process, the database is back: and yet it goes behind
    assert store.numbers == []
    other.drain()
    assert store.numbers == [1, 2]
    take(one, webhook(3))
    assert store.numbers == [1, 2, 3]


def test_a_slow_database_keeps_nobody_waiting(tmp_path: Path) -> None:
    go_on = threading.Event()
    kept = []

    def slow(given: Webhook) -> None:
        go_on.wait(10)
        kept.append(given)

    one = door(tmp_path, slow, wait=0.05)
    take(one, webhook(1))
    assert one.spooled() == 1
    go_on.set()
    one.drain()
    assert set(map(str, kept)) == {str(webhook(1))}  # twice at most: what stores it knows a repeat


def test_a_rule_that_is_broken_is_told_and_not_spooled(tmp_path: Path) -> None:
    def nowhere(_given: Webhook) -> None:
        raise NotFound("delivery")

    one = door(tmp_path, nowhere)
    with pytest.raises(NotFound):
        take(one, webhook(1))
    assert one.spooled() == 0


def test_one_that_can_never_be_stored_is_set_aside(tmp_path: Path) -> None:
    store = Store()
    store.broken = {"2"}
    one = door(tmp_path, store)
    take(one, webhook(2), webhook(3))  # a mistake of ours: kept all the same
    assert one.spooled() == 2
    for _ in range(MOST_TRIES - 1):
        with pytest.raises(ZeroDivisionError):
            one.drain()
    one.drain()
    assert (store.numbers, one.spooled()) == ([3], 0)
    # The next release, which can store it, tries again.
    store.broken = set()
    again = door(tmp_path, store)
    again.drain()
    assert store.numbers == [3, 2]


def test_an_absent_database_sets_nothing_aside(tmp_path: Path) -> None:
    store = Store()
    store.away = True
    one = door(tmp_path, store)
    take(one, webhook(1))
    for _ in range(MOST_TRIES * 2):
        with pytest.raises(OperationalError):
            one.drain()
    assert one.spooled() == 1


def test_without_room_it_is_turned_away_and_said(tmp_path: Path) -> None:
    store = Store()
    store.away = True
    one = door(tmp_path, store, most=70_000)
    assert one.can_spool
    take(one, webhook(1, text="x" * 40_000))
    assert not one.can_spool
    with pytest.raises(TurnedAway) as refusal:
        take(one, webhook(2, text="x" * 40_000))
    assert refusal.value.status == 503
    assert one.turned_away_at is not None
    after_a_crash = door(tmp_path, store, most=70_000)
    assert after_a_crash.turned_away_at == one.turned_away_at
    store.away = False
    one.drain()
    take(one, webhook(3))
    assert store.numbers == [1, 3]
