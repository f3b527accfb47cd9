"""Questions to a provider, some at once, and none to one that does not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

AT_ONCE = 10
"""Few: a question is never urgent, and what is to be sent shares the provider's limits."""


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, "question")


def answers(questions: Sequence[Q], ask: Callable[[Q], A]) -> Iterator[tuple[Q, A | None]]:
    """Each question with its answer, in order; None is no answer.

    After a group in which nobody answered the rest is not asked: a provider that is away would
    cost a time-out each, while a worker has other things to do.
    """
    away = False
    for start in range(0, len(questions), AT_ONCE):
        group = questions[start : start + AT_ONCE]
        if away:
            yield from ((question, None) for question in group)
            continue
        found = list(_threads().map(ask, group))
        away = all(answer is None for answer in found)
        yield from zip(group, found, strict=True)
