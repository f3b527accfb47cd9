"""Tokens for senders that may send only so fast: one bucket each in Redis, shared by all workers.

Redis' own clock fills the buckets, so any number of machines agree. When Redis is away a worker
goes on alone at a small part of the rate: slower, never faster.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Lock

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from config.settings import RedisSettings
from utils.logs import get_logger

BURST_SECONDS = 1.0
"""A bucket holds what its rate gives in so long, and one token at least."""
REDIS_SECONDS = 0.25
LEFT_ALONE_SECONDS = 3.0
LOCAL_SHARE = 1 / 16
"""Of the rate, for one worker alone: up to sixteen of them are together no faster than the rate."""

# A bucket that is not known (never used, or Redis was emptied) starts with one token, not full.
# When Redis' clock is set, nothing is lost and no more than one burst is won.
_TAKE = """
local rate, burst, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(kept[1]) or 1, tonumber(kept[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * rate)
local granted = math.max(0, math.min(wanted, math.floor(tokens)))
redis.call('HSET', KEYS[1], 'tokens', string.format('%.9f', tokens - granted),
    'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], math.ceil(60 + 2 * burst / rate))
return granted
"""

log = get_logger("careloop.pace")


def burst_of(rate: float) -> float:
    """How many tokens the bucket of a rate (a second) holds."""
    return max(1.0, rate * BURST_SECONDS)


@dataclass
class _Alone:
    tokens: float
    at: float


class Buckets:
    """The buckets of all paced senders. Thread-safe."""

    def __init__(self, settings: RedisSettings) -> None:
        seconds = min(REDIS_SECONDS, settings.timeout)
        redis = Redis.from_url(
            settings.url.get_secret_value(),
            socket_connect_timeout=seconds,
            socket_timeout=seconds,
            retry=Retry(NoBackoff(), 0),
        )
        self._take = redis.register_script(_TAKE)
        self._ask_again_at = 0.0
        self._alone: dict[str, _Alone] = {}
        self._lock = Lock()

    def take(self, key: str, rate: float, wanted: int) -> int:
        """Take up to `wanted` tokens of a bucket that fills at `rate` a second; how many."""
        if time.monotonic() >= self._ask_again_at:
            try:
                granted = self._take(
                    keys=[f"careloop:pace:{key}"], args=[rate, burst_of(rate), wanted]
                )
            except RedisError as error:
                self._ask_again_at = time.monotonic() + LEFT_ALONE_SECONDS
                log.warning("senders paced alone", error=type(error).__name__)
            else:
                return int(granted)
        return self._take_alone(key, rate * LOCAL_SHARE, wanted)

    def _take_alone(self, key: str, rate: float, wanted: int) -> int:
        """From this process's own bucket, which begins empty and holds one token."""
        with self._lock:
            now = time.monotonic()
            bucket = self._alone.setdefault(key, _Alone(0.0, now))
            bucket.tokens = min(1.0, bucket.tokens + (now - bucket.at) * rate)
            bucket.at = now
            granted = min(wanted, int(bucket.tokens))
            bucket.tokens -= granted
            return granted
