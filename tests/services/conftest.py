"""Fixtures of the tests of services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import update

from models.establishment import Sender
from tests.fixtures import NORTH
from tests.services.deliveries import FakeSender
from utils.senders import Outcome


@pytest.fixture
def carrier(database: Any) -> Iterator[Callable[..., FakeSender]]:
    """Has the worker's code call senders that keep to a script, and forgets what it knew."""
    from workers.context import get_context

    context = get_context()
    context.directory.forget()
    used = []

    def use(channel: str, *answers: Outcome | Exception) -> FakeSender:
        row = context.directory.sender(NORTH, channel)
        assert row is not None
        fake = FakeSender(*answers)
        fake.provider = row.provider
        context.senders[channel, row.address] = fake
        used.append((channel, row.address))
        return fake

    yield use
    for key in used:
        context.senders.pop(key, None)
    context.directory.forget()


@pytest.fixture
def unproven(owner: Any) -> None:
    """No sender has given a receipt yet."""
    with owner.begin() as connection:
        connection.execute(update(Sender).values(gives_receipts=False))


@pytest.fixture
def proven(unproven: None, owner: Any) -> None:
    """Every sender has given one, so a missing receipt says something."""
    with owner.begin() as connection:
        connection.execute(update(Sender).values(gives_receipts=True))
