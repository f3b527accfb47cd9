"""Token buckets in a real Redis: never more than rate x time + burst, however they are asked.

Seen to fail: `math.min(burst, ...)` left out, a bucket that starts full, `tokens - granted` not
stored, `LOCAL_SHARE` of 1, a bucket of one's own that begins full.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis

from config.settings import RedisSettings, get_settings
from utils.pace import Buckets, burst_of


@pytest.fixture(scope="module")
def buckets() -> Buckets:
    return Buckets(get_settings().redis)


def rewind(redis: Redis, key: str, seconds: float) -> None:
    """As if a bucket had last been asked so long ago."""
    name = f"careloop:pace:{key}"
    redis.hset(name, "at", str(float(redis.hget(name, "at") or 0) - seconds))  # type: ignore[arg-type]


asked = st.lists(st.tuples(st.floats(0, 3), st.integers(0, 60)), min_size=1, max_size=20)


@settings(max_examples=60, deadline=None)
@given(asked, st.sampled_from([0.5, 1.0, 7.0, 20.0, 300.0]))
def test_never_more_than_the_rate_and_a_burst(
    buckets: Buckets, redis: Redis, asked: list[tuple[float, int]], rate: float
) -> None:
    key, began = str(uuid4()), time.monotonic()
    taken, waited = buckets.take(key, rate, 5), 0.0
    assert taken == 1  # not known yet: it does not start full
    for pause, wanted in asked:
        rewind(redis, key, pause)
        waited += pause
        granted = buckets.take(key, rate, wanted)
        assert 0 <= granted <= wanted
        taken += granted
        passed = waited + time.monotonic() - began
        assert taken <= rate * passed + burst_of(rate)


def test_what_was_not_used_fills_one_burst(buckets: Buckets, redis: Redis) -> None:
    key = str(uuid4())
    buckets.take(key, 20, 1)
    rewind(redis, key, 3600)
    assert buckets.take(key, 20, 500) == 20
    rewind(redis, key, 0.5)
    assert 10 <= buckets.take(key, 20, 500) <= 20
    rewind(redis, key, -3600)  # Redis' clock was set back
    assert buckets.take(key, 20, 500) <= 20


def test_slower_than_one_a_second(buckets: Buckets, redis: Redis) -> None:
    key = str(uuid4())
    assert buckets.take(key, 0.1, 10) == 1
    rewind(redis, key, 9)
    assert buckets.take(key, 0.1, 10) == 0
    rewind(redis, key, 1.1)
    assert buckets.take(key, 0.1, 10) == 1


def test_many_workers_share_a_bucket(redis: Redis) -> None:
    key = str(uuid4())
    workers = [Buckets(get_settings().redis) for _ in range(8)]
    workers[0].take(key, 50, 1)
    rewind(redis, key, 60)
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        taken = sum(pool.map(lambda w: sum(w.take(key, 50, 3) for _ in range(40)), workers))
    assert 50 <= taken <= 50 + 50 * (time.monotonic() - began)


def test_without_redis_slower_never_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    alone = Buckets(RedisSettings())
    assert alone.take("away", 1.6, 100) == 0
    alone._alone["away"].at -= 5  # half a token at a sixteenth of the rate
    assert alone.take("away", 1.6, 100) == 0
    alone._alone["away"].at -= 60
    assert alone.take("away", 1.6, 100) == 1
