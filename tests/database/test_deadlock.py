"""Two transactions that wait for each other both end well."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from database.deadlock import again_after_deadlock
from tests.fixtures import NORTH

_LOCK = text("select pg_advisory_xact_lock(77, :one)")


def test_the_one_that_was_ended_is_carried_out_again(database: Any) -> None:
    both_hold_one = Barrier(2)

    def work(locks: tuple[int, int]) -> tuple[int, int]:
        def transaction() -> tuple[int, int]:
            with database.establishment(NORTH) as session:
                session.execute(_LOCK, {"one": locks[0]})
                with contextlib.suppress(BrokenBarrierError):  # the second time it is alone
                    both_hold_one.wait(5)
                both_hold_one.abort()
                session.execute(_LOCK, {"one": locks[1]})
            return locks

        return again_after_deadlock(transaction)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, [(1, 2), (2, 1)])) == [(1, 2), (2, 1)]


def test_any_other_error_passes_through_at_once(database: Any) -> None:
    tries = []

    def transaction() -> None:
        tries.append(1)
        with database.establishment(NORTH) as session:
            session.execute(text("select 1 / 0"))

    with pytest.raises(DBAPIError, match="division by zero"):
        again_after_deadlock(transaction)
    assert len(tries) == 1
