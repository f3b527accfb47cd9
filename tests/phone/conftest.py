"""Calls against the application, and a look behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text

from tests.fixtures import owned
from tests.phone.telephone import Call, Carrier
from tests.services.deliveries import begun, delivery, establishment_with


@pytest.fixture
def carrier(client: Any) -> Carrier:
    return Carrier(client)


@pytest.fixture
def dial(carrier: Carrier) -> Callable[..., Call]:
    """Somebody calls the hospital."""

    def call(**more: Any) -> Call:
        return Call(carrier, f"{carrier.base}/webhooks/twilio/voice", **more).start()

    return call


@pytest.fixture
def ring(carrier: Carrier, database: Any) -> Callable[..., Call]:
    """The hospital calls somebody with a reminder, and they pick up."""

    def call(answered_by: str = "human", number: int | None = None, **more: Any) -> Call:
        usual = {"channels": ("voice",), "message": MESSAGE, "expects_reply": True}
        number = number or begun(database, **usual | more)
        attempt = delivery(database, number).attempt
        url = f"{carrier.base}/webhooks/twilio/voice/reminder?delivery=1.{number}.{attempt}"
        made = Call(carrier, url, "outbound-api", answered_by=answered_by)
        made.delivery = number  # type: ignore[attr-defined]
        return made.start()

    return call


MESSAGE = "Rappel : vous êtes attendu lundi à 10 h."


@pytest.fixture
def settings(client: Any, owner: Any) -> Callable[..., Any]:
    """The northern hospital with other settings, for a while; known at once."""

    @contextmanager
    def changed(**columns: Any) -> Iterator[None]:
        directory = client.app.state.careloop.directory
        with establishment_with(owner, **columns):
            directory.forget()
            yield
        directory.forget()

    return changed


@pytest.fixture
def look(owner: Any) -> Callable[[str], list[tuple[Any, ...]]]:
    """The rows of a question to the northern hospital's schema."""

    def rows(question: str) -> list[tuple[Any, ...]]:
        with owned(owner) as connection:
            return [tuple(row) for row in connection.execute(text(question))]

    return rows
