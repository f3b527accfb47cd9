"""A worker that stood still, as on a machine that was suspended: what it knows is old.

Found by the chaos test, and each was seen to fail without its guard: the lease before the call
(and `LeaseOver` taken for a call that broke: a mail that never left is left to staff),
`asked_at` in a question, and in `_OUTCOME` the task that is closed and the due row that may be
gone. So was `time_from` of a question, for a clock that jumps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from models.delivery import DeliveryStatus
from models.task import UNKNOWN_DELIVERY, Task
from services.delivery.moves import lock_delivery
from services.delivery.reconcile import (
    Patience,
    leave_to_staff,
    questions,
    settle_unknown,
    settle_unlisted,
)
from services.delivery.sweep import sweep
from tests.fixtures import NORTH, owned
from tests.services.deliveries import (
    FakeSender,
    begin,
    begun,
    causes,
    claim,
    conclude,
    delivery,
    establishment_with,
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
    assert delivery(database, number).status == S.scheduled
    assert causes(database, number)[-1] == "stood still"


def test_an_old_answer_of_the_list_proves_nothing_about_later(database: Any) -> None:
    number = begun(database)
    conclude(database, number, S.unknown)
    with database.establishment(NORTH) as session:
        (question,) = questions(session, [number])
    attempted = now() - timedelta(seconds=100)
    asked_early = replace(
        question,
        attempted_at=attempted,
        unknown_since=attempted,
        asked_at=attempted + timedelta(seconds=2),
    )
    with database.establishment(NORTH) as session:
        settle_unknown(session, asked_early, [], PATIENCE)
    assert delivery(database, number).status == S.unknown
    with database.establishment(NORTH) as session:
        settle_unknown(session, replace(asked_early, asked_at=now()), [], PATIENCE)
    assert delivery(database, number).status == S.scheduled


def test_a_clock_that_jumps_during_a_call_sends_nothing_twice(database: Any, owner: Any) -> None:
    """PostgreSQL's own machine was an hour slow: all that is stored is an hour older at once."""
    (first, other) = make(database, 2)
    claim(database)
    assert len(begin(database, [first])) == 1  # its call is under way; the other waits in a job
    with owned(owner) as connection:
        for column in ("attempted_at", "due_at"):
            connection.execute(text(f"update deliveries set {column} = {column} - {_HOUR}"))
        connection.execute(text(f"update delivery_events set at = at - {_HOUR}"))
        connection.execute(text(f"update shared.due set claimed_until = claimed_until - {_HOUR}"))
    with database.establishment(NORTH) as session:
        assert sweep(session, ask_after=0) == 2
    assert claim(database).to_send == (other,)
    assert [len(begin(database, [other])) for _job in range(2)] == [1, 0]
    with database.establishment(NORTH) as session:
        (question,) = questions(session, [first])
        settle_unknown(session, question, [], PATIENCE)  # the carrier has not taken it so far
    assert delivery(database, first).status == S.unknown
    later = replace(question, asked_at=question.asked_at + timedelta(seconds=91))
    with database.establishment(NORTH) as session:
        settle_unknown(session, later, [], PATIENCE)
    assert delivery(database, first).status == S.scheduled


_HOUR = "interval '1 hour'"


@pytest.mark.parametrize(("waited", "after"), [(0, S.unknown), (3601, S.scheduled)])
def test_a_clock_that_jumps_gives_a_mail_its_time_all_the_same(
    database: Any, owner: Any, waited: int, after: S
) -> None:
    """Its call is under way; where a double is accepted, a jump is no reason for one."""
    number = begun(database, channels=("email",))
    with owned(owner) as connection:
        connection.execute(text(f"update deliveries set attempted_at = attempted_at - {_HOUR}"))
        connection.execute(text(f"update shared.due set claimed_until = claimed_until - {_HOUR}"))
    with establishment_with(owner, unknown_email="resend"):
        with database.establishment(NORTH) as session:
            assert sweep(session, ask_after=0) == 1
        with owned(owner) as connection:
            later = f"update delivery_events set at = at - interval '{waited} s'"
            connection.execute(text(later))
        with database.establishment(NORTH) as session:
            (question,) = questions(session, [number])
            settle_unlisted(session, question, PATIENCE)
    assert delivery(database, number).status == after


def test_a_late_outcome_that_is_to_be_tried_again_is_due_again(database: Any) -> None:
    """Staff were asked about it, and the engine had nothing more to do for it."""
    number = begun(database)
    conclude(database, number, S.unknown)
    with database.establishment(NORTH) as session:
        leave_to_staff(session, lock_delivery(session, number))
    conclude(database, number, S.scheduled, code="429", retry_in=0)
    assert delivery(database, number).status == S.scheduled
    assert claim(database).to_send == (number,)


def test_a_late_outcome_closes_the_task_about_it(database: Any) -> None:
    number = begun(database)
    conclude(database, number, S.unknown)
    with database.establishment(NORTH) as session:
        leave_to_staff(session, lock_delivery(session, number))
    conclude(database, number, S.sent, provider_id="SM1")
    with database.establishment(NORTH) as session:
        state = session.scalar(select(Task.state).where(Task.kind == UNKNOWN_DELIVERY))
    assert state == "done"
