"""Transactions that waited for each other: PostgreSQL ended one of them, which may try again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

DEADLOCK = "40P01"
TRIES = 3

T = TypeVar("T")


def again_after_deadlock(work: Callable[[], T]) -> T:
    """Carry out a whole transaction, a few times if need be; other errors pass through."""
    for _ in range(TRIES - 1):
        try:
            return work()
        except DBAPIError as error:
            if getattr(error.orig, "pgcode", None) != DEADLOCK:
                raise
    return work()
