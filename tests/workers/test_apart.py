"""What is wrong with one establishment keeps no other's messages waiting.

What the tests here are to catch:
- `Scheduler._apart` that raises whatever comes (claim and sweep stop at the broken schema);
- `lock_timeout` left out of `_ENTER_BRIEFLY` (each try waits out the statement's time-out);
- `Rests.rests` that is always false (a locked table costs each round of the others a second).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text

from models.delivery import DeliveryStatus as S
from tests.fixtures import NORTH, SOUTH
from tests.services.deliveries import FakeSender, claim, delivery, make
from tests.tree import wait_for
from workers import delivery as worker
from workers.context import Context, get_context
from workers.rests import Rests
from workers.scheduler import Scheduler

LOCK = text("lock table est_1.deliveries in access exclusive mode")
LEASES_OVER = text("update shared.due set claimed_until = now() - interval '1 second'")


@contextmanager
def scheduler() -> Iterator[None]:
    runs = Scheduler(get_context())
    thread = threading.Thread(target=runs.run)
    thread.start()
    try:
        yield
    finally:
        runs.stop()
        thread.join(40)


@contextmanager
def without_column(owner: Any, table: str, column: str) -> Iterator[None]:
    """As after a migration of this one schema that failed: the code wants a column it lacks."""
    rename = f"alter table est_1.{table} rename column %s to %s"
    with owner.begin() as connection:
        connection.execute(text(rename % (column, "gone")))
    try:
        yield
    finally:
        with owner.begin() as connection:
            connection.execute(text(rename % ("gone", column)))


def _status(owner: Any, place: int, number: int) -> str:
    with owner.begin() as connection:
        found = connection.scalar(
            text(f"select status from est_{place}.deliveries where id = :n"), {"n": number}
        )
    return str(found)


def test_a_broken_schema_stops_no_others_claims_and_mends_itself(database: Any, owner: Any) -> None:
    (north,) = make(database, establishment=NORTH)
    (south,) = make(database, establishment=SOUTH)
    with scheduler():
        with without_column(owner, "delivery_events", "cause"):
            wait_for(lambda: _status(owner, SOUTH, south) == S.queued, "the other's claim")
            assert _status(owner, NORTH, north) == S.scheduled
        wait_for(lambda: _status(owner, NORTH, north) == S.queued, "its own, once mended")


def test_the_sweep_goes_on_behind_a_broken_schema(database: Any, owner: Any) -> None:
    (south,) = make(database, establishment=SOUTH)
    assert claim(database, establishment=SOUTH).to_send == (south,)
    with owner.begin() as connection:
        connection.execute(LEASES_OVER)

    def swept() -> bool:
        with owner.begin() as connection:
            over = text("select claimed_until < now() from shared.due where delivery_id = :n")
            return connection.scalar(over, {"n": south}) is not True

    with without_column(owner, "deliveries", "attempt"), scheduler():
        wait_for(swept, "the other's lease to be seen")


def test_a_locked_table_keeps_no_others_claim_waiting(database: Any, owner: Any) -> None:
    make(database, establishment=NORTH)
    (south,) = make(database, establishment=SOUTH)
    with owner.connect() as connection, scheduler():
        connection.execute(LOCK)
        began = time.monotonic()
        wait_for(lambda: _status(owner, SOUTH, south) == S.queued, "the other's claim")
        took = time.monotonic() - began
        connection.rollback()
    assert took < 12


def test_a_locked_table_keeps_no_others_stamping_waiting(
    database: Any, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeSender()
    monkeypatch.setattr(Context, "sender", lambda *_: fake)
    north = make(database, establishment=NORTH)
    south = make(database, establishment=SOUTH)
    claim(database, establishment=NORTH)
    claim(database, establishment=SOUTH)
    with owner.connect() as connection:
        connection.execute(LOCK)
        worker.send(NORTH, north)
        time.sleep(0.3)
        began = time.monotonic()
        worker.send(SOUTH, south)
        wait_for(lambda: _status(owner, SOUTH, south[0]) != S.queued, "the other's stamp")
        took = time.monotonic() - began
        connection.rollback()
    assert took < 12  # a statement's time is fifteen
    worker.finish()
    assert delivery(database, north[0]).status == S.sent  # as soon as it can be stamped


def test_who_failed_rests_longer_and_longer_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moment = [0.0]
    monkeypatch.setattr("workers.rests.time.monotonic", lambda: moment[0])
    rests = Rests()
    waited = []
    for _ in range(7):
        rests.failed(NORTH, "claim", ValueError())
        began = moment[0]
        while rests.rests(NORTH):
            assert not rests.rests(SOUTH)
            moment[0] += 0.5
        waited.append(moment[0] - began)
    assert waited == [1, 2, 4, 8, 16, 30, 30]
    rests.worked(NORTH, "sweep")  # that had not failed
    rests.failed(NORTH, "claim", ValueError())
    moment[0] += 29
    assert rests.rests(NORTH)
    rests.worked(NORTH, "claim")
    assert not rests.rests(NORTH)
