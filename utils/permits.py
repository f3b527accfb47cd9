"""Permits for requests: so many in so much time for each key, shared by all processes.

Redis counts (a sliding window of the `limits` library); a process takes permits from it in blocks
and hands them out itself, so that most requests touch no network. When Redis is away the process
counts alone, asks again every few seconds, and no request waits in between.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import RateLimiter, SlidingWindowCounterRateLimiter
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from config.settings import RedisSettings
from utils.logs import get_logger

REDIS_SECONDS = 0.25
"""Longest wait for Redis, by one request in every `LEFT_ALONE_SECONDS`."""
LEFT_ALONE_SECONDS = 3.0
LARGEST_SHARE = 50
"""A block is at most this fraction (one in so many) of the whole limit."""
BLOCK_LIFE = 0.1
"""Part of the window after which unused permits of a block are void."""
SHORTEST_WAIT = 1.0
KNOWN_KEYS = 20_000

log = get_logger("careloop.permits")


class NoPermit(Exception):
    """The limit is used up. `retry_after` is in seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("the limit is used up")
        self.retry_after = retry_after


class Counter(Protocol):
    """What counts for several processes, or for this one."""

    def hit(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        """Take `cost` permits; False when there are not so many left."""


@dataclass
class _Block:
    left: int = 0
    size: int = 1
    until: float = 0.0
    refused_until: float = 0.0
    refilling: Lock = field(default_factory=Lock)


class Limit:
    """One limit, such as `600/minute`, for any number of keys. Thread-safe."""

    def __init__(self, name: str, writing: str, counter: Counter) -> None:
        self._item = parse(writing)
        self._name = name
        self._counter = counter
        self._largest = max(1, self._item.amount // LARGEST_SHARE)
        self._blocks: dict[str, _Block] = {}
        self._lock = Lock()

    def take_at_once(self, key: str) -> bool:
        """Take a permit from this process's block; False when Redis must be asked. Never waits.

        Raises `NoPermit` when the limit was found used up a moment ago.
        """
        with self._lock:
            return self._spend(self._block(key))

    def take(self, key: str) -> None:
        """Take a permit, asking Redis (for at most `REDIS_SECONDS`) where needed.

        Raises `NoPermit`.
        """
        with self._lock:
            block = self._block(key)
            if self._spend(block):
                return
        with block.refilling:  # one of many that wait asks for all of them
            with self._lock:
                if self._spend(block):
                    return
                wanted = self._next_size(block)
            got = self._ask(key, wanted)
            with self._lock:
                self._refill(block, got)

    def _block(self, key: str) -> _Block:
        block = self._blocks.get(key)
        if block is None:
            if len(self._blocks) >= KNOWN_KEYS:
                self._blocks.clear()
            block = self._blocks[key] = _Block()
        return block

    @staticmethod
    def _spend(block: _Block) -> bool:
        now = time.monotonic()
        if now < block.refused_until:
            raise NoPermit(block.refused_until - now)
        if block.left < 1 or now >= block.until:
            return False
        block.left -= 1
        return True

    def _next_size(self, block: _Block) -> int:
        """Twice the last block if it was all used in time, else one: the slow pay what they use."""
        busy = block.left < 1 and time.monotonic() < block.until
        return min(block.size * 2, self._largest) if busy else 1

    def _ask(self, key: str, wanted: int) -> int:
        for cost in dict.fromkeys((wanted, 1)):
            if self._counter.hit(self._item, self._name, key, cost=cost):
                return cost
        return 0

    def _refill(self, block: _Block, got: int) -> None:
        window = float(self._item.get_expiry())
        now = time.monotonic()
        if not got:
            block.left, block.size = 0, 1
            # The window slides: what this key used oldest is free again after a part of it.
            block.refused_until = now + max(SHORTEST_WAIT, window * BLOCK_LIFE)
            raise NoPermit(block.refused_until - now)
        block.left, block.size, block.until = got - 1, got, now + window * BLOCK_LIFE


class SharedCounter:
    """Counts in Redis; alone while Redis is away."""

    def __init__(self, settings: RedisSettings) -> None:
        seconds = min(REDIS_SECONDS, settings.timeout)
        storage = RedisStorage(
            "redis://",
            connection_pool=ConnectionPool.from_url(
                settings.url.get_secret_value(),
                socket_connect_timeout=seconds,
                socket_timeout=seconds,
                retry=Retry(NoBackoff(), 0),
            ),
            key_prefix="careloop:rate",
        )
        self._shared: RateLimiter = SlidingWindowCounterRateLimiter(storage)
        self._alone: RateLimiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._ask_again_at = 0.0
        self._away = False
        self._lock = Lock()

    @property
    def away(self) -> bool:
        """True while this process counts alone."""
        return self._away

    def hit(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        """Take `cost` permits; False when there are not so many left."""
        if self._may_ask():
            try:
                answer = self._shared.hit(item, *identifiers, cost=cost)
            except RedisError as error:
                self._note_away(error)
            else:
                self._note_back()
                return bool(answer)
        return bool(self._alone.hit(item, *identifiers, cost=cost))

    def _may_ask(self) -> bool:
        """True when Redis is there, or when it is this thread's turn to try whether it is."""
        if not self._away:
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._ask_again_at:
                return False
            self._ask_again_at = now + LEFT_ALONE_SECONDS
            return True

    def _note_away(self, error: RedisError) -> None:
        if not self._away:
            log.warning("rate limits counted alone", error=type(error).__name__)
        self._ask_again_at = time.monotonic() + LEFT_ALONE_SECONDS
        self._away = True

    def _note_back(self) -> None:
        if self._away:
            log.info("rate limits shared again")
            self._away = False
