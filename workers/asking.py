"""Questions to a provider, some at once, and none to one that does not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

from utils.logs import get_logger

Q = TypeVar("Q")
A = TypeVar("A")

log = get_logger("careloop.worker")

AT_ONCE = 10
"""Few: a question is never urgent, and what is to be sent shares the provider's limits."""


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, "question")


def answers(questions: Sequence[Q], ask: Callable[[Q], A]) -> Iterator[tuple[Q, A | None]]:
    """Each question with its answer, in order; None is no answer.

    After a group in which nobody answered the rest is not asked: a provider that is away would
    cost a time-out each, while a worker has other things to do. An answer that breaks our code, or
    the provider's library, is none; what it was about is logged by its kind alone.
    """

    def asked(question: Q) -> A | None:
        try:
            return ask(question)
        except Exception as error:
            kind = type(error).__name__
            log.error("question broke", about=type(question).__name__, error=kind, exc_info=True)
            return None

    away = False
    for start in range(0, len(questions), AT_ONCE):
        group = questions[start : start + AT_ONCE]
        if away:
            yield from ((question, None) for question in group)
            continue
        found = list(_threads().map(asked, group))
        away = all(answer is None for answer in found)
        yield from zip(group, found, strict=True)
