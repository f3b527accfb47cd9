"""Permits: no more than the limit over several processes, with and without Redis."""

from __future__ import annotations

import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from redis import Redis

from config.settings import RedisSettings, get_settings
from tests.tree import free_port
from utils import permits
from utils.permits import Limit, NoPermit, SharedCounter


def allowed(limit: Limit, key: str, tries: int) -> int:
    def one(_: int) -> bool:
        try:
            limit.take(key)
        except NoPermit as refused:
            return not 0 < refused.retry_after <= 6
        return True

    with ThreadPoolExecutor(8) as pool:
        return sum(pool.map(one, range(tries)))


def counter(url: str | None = None) -> SharedCounter:
    return SharedCounter(RedisSettings(REDIS_URL=url) if url else get_settings().redis)


class Counted:
    """A counter that notes how often it was asked."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.asked: Counter[int] = Counter()

    def hit(self, item: Any, *identifiers: str, cost: int = 1) -> bool:
        self.asked[cost] += 1
        return bool(self.inner.hit(item, *identifiers, cost=cost))


def test_processes_share_one_limit(empty: None) -> None:
    two = [Limit("t", "100/minute", counter()) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        got = list(pool.map(lambda limit: allowed(limit, "a", 150), two))
    assert 95 <= sum(got) <= 100  # permits that lie in one process's block are missed by the other
    assert min(got) > 0
    assert allowed(two[0], "b", 10) == 10


def test_most_requests_ask_nobody(empty: None) -> None:
    asked = Counted(counter())
    limit = Limit("t", "100000/minute", asked)
    assert allowed(limit, "a", 5000) == 5000
    assert sum(asked.asked.values()) < 20
    assert max(asked.asked) <= 2000


def test_a_slow_client_pays_for_what_it_uses(empty: None, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [time.monotonic()]
    monkeypatch.setattr(permits.time, "monotonic", lambda: now[0])
    asked = Counted(counter())
    limit = Limit("t", "600/minute", asked)
    for _ in range(20):
        limit.take("a")
        now[0] += 10
    assert asked.asked == {1: 20}


def test_a_used_up_limit_is_refused_without_asking(empty: None) -> None:
    asked = Counted(counter())
    limit = Limit("t", "3/minute", asked)
    assert allowed(limit, "a", 100) == 3
    assert sum(asked.asked.values()) <= 4 + 8
    with pytest.raises(NoPermit):
        limit.take_at_once("a")


def test_no_address_and_no_plain_key_of_a_person_in_redis(redis: Redis, client: Any) -> None:
    keys: list[str] = []
    for _ in range(500):  # permits that were taken in advance are used up before Redis is asked
        client.get("/api/v1/departments")
        keys = [key.decode() for key in redis.keys("*rate*")]
        if keys:
            break
    assert keys
    assert not any("testclient" in key for key in keys)


def test_it_counts_alone_while_redis_is_away_and_comes_back(
    empty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permits, "LEFT_ALONE_SECONDS", 0.3)
    away = counter(f"redis://127.0.0.1:{free_port()}/0")
    limit = Limit("t", "5/minute", away)
    assert allowed(limit, "a", 20) == 5
    assert away.away
    away._shared = counter()._shared  # Redis is back
    time.sleep(0.35)
    limit.take("b")
    assert not away.away


def test_a_redis_that_hangs_costs_one_wait_not_one_each(empty: None) -> None:
    with socket.socket() as silent:  # accepts, never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        limit = Limit("t", "1000/minute", counter(f"redis://127.0.0.1:{silent.getsockname()[1]}/0"))
        started = time.monotonic()
        for number in range(200):
            limit.take(f"key {number}")
        assert time.monotonic() - started < 4 * permits.REDIS_SECONDS
