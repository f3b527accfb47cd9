import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.backoff import delay


class Highest(random.Random):
    def uniform(self, a, b):
        return b


seconds = st.floats(0.001, 1e6)


@given(st.integers(1, 10**9), seconds, seconds, st.randoms(use_true_random=False))
def test_stays_between_nothing_and_the_cap(attempt, base, cap, rng):
    assert 0 <= delay(attempt, base, cap, rng) <= min(cap, base * 2.0 ** min(attempt - 1, 64))


def test_doubles_until_the_cap():
    waits = [delay(attempt, 2, 30, Highest()) for attempt in range(1, 7)]
    assert waits == [2, 4, 8, 16, 30, 30]


def test_the_jitter_is_full():
    rng = random.Random(1)
    waits = [delay(4, 1, 60, rng) for _ in range(2_000)]
    tenths = {int(wait / 0.8) for wait in waits}
    assert tenths == set(range(10))
    assert sum(waits) / len(waits) == pytest.approx(4, rel=0.1)


@pytest.mark.parametrize(("attempt", "base", "cap"), [(0, 1, 1), (-1, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_nonsense_is_refused(attempt, base, cap):
    with pytest.raises(ValueError, match="counts from 1"):
        delay(attempt, base, cap, random.Random(1))
