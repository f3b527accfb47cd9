"""Hints of change: who hears what, and that a stream ends.

Each of these was broken once, and a test here failed:
- `_tell` without its establishment (the south hears of the north);
- `EVERYTHING` not told when the connection is made anew (what happened meanwhile is never seen);
- the stream without its token's end; `leave` left out of it.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import jwt
import pytest
from sqlalchemy import text

from models.phrase import FlowLanguage, Phrase
from services import changes as module
from services.changes import DELIVERIES, EVERYTHING, Changes, Hint, Listener, TooManyListeners
from services.people.tokens import ALGORITHM
from tests.fixtures import NORTH, SOUTH
from tests.services.deliveries import make
from tests.tree import wait_for

Headers = dict[str, str]


@pytest.fixture
def changes(database: Any) -> Iterator[Changes]:
    changes = Changes(database)
    changes.start()
    yield changes
    changes.stop()


async def heard(listener: Listener, wanted: Hint) -> set[Hint]:
    """All that is heard until `wanted` is."""
    hints: set[Hint] = set()
    async with asyncio.timeout(20):
        while wanted not in hints:
            hints |= set(await listener.take(20))
    return hints


async def heard_but(listener: Listener, expected: Hint) -> set[Hint]:
    """What is heard next beside what is expected anyhow."""
    async with asyncio.timeout(20):
        while not (hints := set(await listener.take(20)) - {expected}):
            pass
    return hints


async def listening(changes: Changes, *listeners: Listener) -> None:
    """Wait until it is listened for them; they are told of everything once more when it begins."""
    places = {one.establishment_id for one in listeners}
    await asyncio.to_thread(wait_for, lambda: places <= changes._seen.keys(), "the first look")
    for one in listeners:
        await one.take(0)


def test_each_hospital_hears_of_its_own(client: Any, changes: Changes, staff: Headers) -> None:
    async def listen() -> None:
        north, south = changes.join(NORTH, "user:1"), changes.join(SOUTH, "user:2")
        await listening(changes, north, south)

        def work() -> None:
            client.post("/api/v1/feedback", json={"language": "fr", "rating": 1})
            client.patch("/api/v1/feedback/1", json={"state": "closed"}, headers=staff)
            make(client.app.state.careloop.database, 1)

        await asyncio.to_thread(work)
        hints = await heard(north, DELIVERIES)
        hints |= await heard(north, Hint("reminder")) if Hint("reminder") not in hints else set()
        assert hints <= {
            Hint("feedback"), Hint("feedback", 1), Hint("reminder"), DELIVERIES, EVERYTHING,
        }  # fmt: skip
        assert {Hint("feedback"), Hint("feedback", 1)} <= hints
        await asyncio.to_thread(make, client.app.state.careloop.database, 1, establishment=SOUTH)
        assert await heard(south, Hint("reminder")) <= {Hint("reminder"), DELIVERIES, EVERYTHING}

    asyncio.run(listen())


def test_phrases_taken_back_and_flows_switched_are_heard(changes: Changes, database: Any) -> None:
    def store(*rows: Any) -> None:
        with database.establishment(NORTH) as session:
            session.add_all(rows)

    def forget(kind: type[Any]) -> None:
        with database.establishment(NORTH) as session:
            session.query(kind).delete()

    async def listen() -> None:
        page = changes.join(NORTH, "user:1")
        await heard(page, EVERYTHING)
        phrase = Phrase(key="help", language="dua", text="[dua]", written_by="user:1")
        await asyncio.to_thread(store, phrase)
        (hint,) = await heard_but(page, EVERYTHING)
        assert hint.kind == "phrase"
        assert hint.id is not None
        for change in (
            partial(forget, Phrase),
            partial(store, FlowLanguage(flow="x", language="dua", switched_by="user:1")),
            partial(forget, FlowLanguage),
        ):
            await asyncio.to_thread(change)
            assert await heard_but(page, EVERYTHING) == {Hint("phrase")}

    asyncio.run(listen())


def test_a_lost_connection_is_made_up_for(changes: Changes, owner: Any) -> None:
    async def listen() -> None:
        page = changes.join(NORTH, "user:1")
        await heard(page, EVERYTHING)
        await asyncio.sleep(0.2)
        await page.take(0.5)
        with owner.begin() as connection:
            cut = connection.execute(
                text(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where query = 'listen careloop_changes' and datname = current_database()"
                )
            )
            assert len(cut.all()) == 1  # one connection, however many listen
        await heard(page, EVERYTHING)

    asyncio.run(listen())


def test_a_page_that_does_not_listen_costs_no_memory() -> None:
    async def listen() -> None:
        page = Listener(NORTH, "user:1")
        page.tell(EVERYTHING)
        assert await page.take(1) == [EVERYTHING]
        for number in range(3 * module.MOST_PENDING):
            page.tell(Hint("task", number))
        assert await page.take(1) == [EVERYTHING]
        page.tell(Hint("task", 1))
        page.tell(Hint("task", 1))
        assert await page.take(1) == [Hint("task", 1)]
        assert await page.take(0.01) == []

    asyncio.run(listen())


def test_pages_are_counted(changes: Changes) -> None:
    async def listen() -> None:
        pages = [changes.join(NORTH, "user:1") for _ in range(module.MOST_EACH)]
        changes.refuse_too_many("user:2")
        with pytest.raises(TooManyListeners):
            changes.refuse_too_many("user:1")
        changes.leave(pages[0])
        changes.refuse_too_many("user:1")

    asyncio.run(listen())


def short_token(state: Any, token: str, seconds: float) -> str:
    claims = jwt.decode(token, options={"verify_signature": False})
    claims["exp"] = datetime.now(UTC) + timedelta(seconds=seconds)
    return jwt.encode(
        claims, state.signer._keys[state.signer._current], ALGORITHM,
        headers={"kid": state.signer._current},
    )  # fmt: skip


def test_a_stream_ends_with_its_token(
    client: Any, staff: Headers, log_in: Callable[[str], Headers]
) -> None:
    state = client.app.state.careloop
    token = short_token(state, staff["Authorization"].removeprefix("Bearer "), 4)
    said: list[Any] = []

    def listen() -> None:
        headers = {"Authorization": f"Bearer {token}"}
        said.append(client.get("/api/v1/events", headers=headers))

    page = threading.Thread(target=listen)
    page.start()
    wait_for(lambda: len(state.changes._listeners) == 1, "the page listens")
    time.sleep(0.5)
    client.post("/api/v1/departments", json={"code": "lab", "name": "Labo"},
                headers=log_in("admin@north"))  # fmt: skip
    page.join(12)  # long before the sign-in is looked at again, which would end it as well
    (answer,) = said
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert "no-store" in answer.headers["Cache-Control"]
    events = [block.split("\n") for block in answer.text.split("\n\n") if "data:" in block]
    names = [lines[0].removeprefix("event: ") for lines in events]
    data = [json.loads(lines[1].removeprefix("data: ")) for lines in events]
    assert (names[0], data[0]) == ("everything", {"id": None})
    assert ("department", {"id": 1}) in list(zip(names, data, strict=True))
    assert names[-1] == "expired"
    assert "Labo" not in answer.text
    assert not state.changes._listeners


def test_nobody_listens_without_a_token(client: Any) -> None:
    assert client.get("/api/v1/events").status_code == 401
