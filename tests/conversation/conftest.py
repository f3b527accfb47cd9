"""Dialogues on real PostgreSQL: each in a transaction that is rolled back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from tests.conversation.by_carrier import ByCarrier
from tests.conversation.dialogue import Dialogue
from tests.fixtures import _EMPTY, NORTH, SOUTH
from tests.simulator.simulator_harness import Simulator
from tests.simulator.simulator_service import Service


@pytest.fixture(scope="module")
def emptied(owner: Any) -> Any:
    """Sessions as the service opens them, on tables that were emptied once: all is rolled back."""
    from workers.context import get_context

    with owner.begin() as connection:
        connection.execute(text(_EMPTY))
    return get_context().database


@pytest.fixture
def play(emptied: Any) -> Iterator[Callable[..., Dialogue]]:
    """Plays a script: at the northern hospital in French, at the southern in English."""
    sessions = []

    def begin(
        script: str, language: str = "fra", kind: Callable[..., Dialogue] = Dialogue, **more: Any
    ) -> Dialogue:
        session = emptied.establishment(NORTH if language == "fra" else SOUTH)
        sessions.append(session)
        dialogue = kind(session.__enter__(), **more)
        dialogue.can_receive(True)
        dialogue.play(script)
        return dialogue

    yield begin
    for session in sessions:
        with contextlib.suppress(RolledBack):
            session.__exit__(RolledBack, RolledBack(), None)


@pytest.fixture
def play_through(
    play: Callable[..., Dialogue], simulator: Simulator, service: Service, language: str
) -> Callable[..., Dialogue]:
    """The same; at the northern hospital everything passes the simulated carrier, both ways."""
    from workers.context import get_context

    if language != "fra":
        return play
    directory = get_context().directory
    held = partial(ByCarrier, simulator=simulator, service=service, directory=directory)
    return partial(play, kind=held)


class RolledBack(Exception):
    """Ends a session without a commit."""
