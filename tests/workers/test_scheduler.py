"""The scheduler goes on whatever becomes of its connections."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

from sqlalchemy import text

from tests.tree import wait_for
from workers.context import get_context
from workers.scheduler import CHANNEL, Scheduler

LISTENING = text(
    "select pid from pg_stat_activity where query = :query and datname = current_database()"
)


def test_a_listening_connection_that_dies_does_not_end_it(database: Any, owner: Any) -> None:
    """An administrator ends it, or a firewall forgets it, while the scheduler sleeps."""
    context = get_context()
    engine = context.settings.engine.model_copy(update={"poll": 60.0, "sweep": 60.0})
    settings = context.settings.model_copy(update={"engine": engine})
    scheduler = Scheduler(dataclasses.replace(context, settings=settings))
    thread = threading.Thread(target=scheduler.run)

    def listening() -> int | None:
        with owner.begin() as connection:
            pid: int | None = connection.scalar(LISTENING, {"query": f"listen {CHANNEL}"})
            return pid

    def wake() -> None:
        with owner.begin() as connection:
            connection.execute(text(f"notify {CHANNEL}"))

    thread.start()
    try:
        first = wait_for(listening, "the scheduler to listen")
        with owner.begin() as connection:
            connection.execute(text("select pg_terminate_backend(:pid)"), {"pid": first})
        wait_for(lambda: listening() not in (None, first), "the scheduler to listen again")
        assert thread.is_alive()
    finally:
        scheduler.stop()
        wake()
        thread.join(20)
    assert not thread.is_alive()
