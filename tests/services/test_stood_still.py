"""A worker that stood still, as on a machine that was suspended: what it knows is old.

All three were found by the chaos test, and each was seen to fail without its guard: the lease
before the call, `asked_at` in a question, and the task that `_OUTCOME` closes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.delivery import DeliveryStatus
from models.task import UNKNOWN_DELIVERY, Task
from services.delivery import lock_delivery
from services.reconcile import Patience, leave_to_staff, questions, settle_unknown
from tests.fixtures import NORTH
from tests.services.deliveries import (
    FakeSender,
    begun,
    claim,
    conclude,
    delivery,
    make,
    now,
)

S = DeliveryStatus
PATIENCE = Patience(settle_after=90, give_up_after=3600)


@pytest.fixture
def sender(database: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSender]:
    from workers.context import Context

    fake = FakeSender()
    monkeypatch.setattr(Context, "sender", lambda *_: fake)
    return fake


def test_whoever_slept_through_the_lease_does_not_call(
    database: Any, sender: FakeSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workers import delivery as worker

    (number,) = make(database)
    claim(database)
    monkeypatch.setattr(worker, "awake", lambda: -1e9)  # it was stamped long ago
    worker.send(NORTH, [number])
    worker.finish()
    assert sender.given == []
    assert delivery(database, number).status == S.sending  # the sweep asks what became of it


def test_an_old_answer_of_the_list_proves_nothing_about_later(database: Any) -> None:
    number = begun(database)
    conclude(database, number, S.unknown)
    with database.establishment(NORTH) as session:
        (question,) = questions(session, [number])
    attempted = now() - timedelta(seconds=100)
    asked_early = replace(question, since=attempted, asked_at=attempted + timedelta(seconds=2))
    with database.establishment(NORTH) as session:
        settle_unknown(session, asked_early, [], PATIENCE)
    assert delivery(database, number).status == S.unknown
    with database.establishment(NORTH) as session:
        settle_unknown(session, replace(asked_early, asked_at=now()), [], PATIENCE)
    assert delivery(database, number).status == S.scheduled


def test_a_late_outcome_closes_the_task_about_it(database: Any) -> None:
    number = begun(database)
    conclude(database, number, S.unknown)
    with database.establishment(NORTH) as session:
        leave_to_staff(session, lock_delivery(session, number))
    conclude(database, number, S.sent, provider_id="SM1")
    with database.establishment(NORTH) as session:
        state = session.scalar(select(Task.state).where(Task.kind == UNKNOWN_DELIVERY))
    assert state == "done"
