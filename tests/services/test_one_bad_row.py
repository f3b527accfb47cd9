"""What cannot be read, or whose answer breaks our code, is alone in that.

Seen to fail with: `_begin_at_once` instead of `_begin`; what breaks not caught in `answers`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from models.delivery import DeliveryStatus as S
from services.delivery.moves import lock_delivery
from tests.fixtures import NORTH, owned
from tests.services.deliveries import FakeSender, begun, claim, conclude, delivery, make, now


def test_a_damaged_number_keeps_nobody_elses_message(
    database: Any, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workers import delivery as worker
    from workers.context import Context

    fake = FakeSender()
    monkeypatch.setattr(Context, "sender", lambda *_: fake)
    (bad,) = make(database, phone="+237650000099")
    good = make(database, 19)
    with owned(owner) as connection:
        connection.execute(
            text(
                "update addresses set value = overlay(value placing '\\x00'::bytea"
                " from length(value) - 1)"
                " where id = (select address_id from deliveries where id = :bad)"
            ),
            {"bad": bad},
        )
    worker.send(NORTH, list(claim(database).to_send))
    worker.finish()
    assert len(fake.given) == len(good)
    assert {delivery(database, number).status for number in good} == {S.sent}
    assert delivery(database, bad).status == S.queued  # until its claim ends


class Odd(FakeSender):
    """A provider whose every other answer trips up its library."""

    asked = 0

    def passed(self, to: str, since: datetime) -> Any:
        self.asked += 1
        if self.asked % 2:
            raise TypeError("not a date")
        return []


def test_a_question_that_breaks_keeps_no_other(
    database: Any, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workers import delivery as worker
    from workers.context import Context

    numbers = [begun(database), begun(database)]
    monkeypatch.setattr(Context, "sender", lambda *_, odd=Odd(): odd)
    for number in numbers:
        conclude(database, number, S.unknown, code="timeout")
    long_ago = now() - timedelta(hours=3)
    with database.establishment(NORTH) as session:
        for number in numbers:
            lock_delivery(session, number).attempted_at = long_ago
    with owned(owner) as connection:
        connection.execute(
            text("update delivery_events set at = :at where status = 'unknown'"), {"at": long_ago}
        )
    worker.reconcile(NORTH, numbers)
    assert S.unknown in (states := [delivery(database, number).status for number in numbers])
    assert len(set(states)) == 2  # the other one's answer was acted on
