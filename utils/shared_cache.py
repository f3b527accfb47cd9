"""Answers that many devices ask for, kept in Redis for all processes.

A kept value carries the generation that was read before it was made; `forget` begins a new one. So
what was read just before a change and stored just after it is never served. When Redis is away
nothing is kept and nobody waits for it: after a failure it is left alone for a few seconds.
"""

from __future__ import annotations

import secrets
import time
from typing import Any, cast

from redis import Redis
from redis.exceptions import RedisError

from utils.logs import get_logger

KEPT_FOR = 60
"""Seconds. A change that could not be announced, with Redis away, is seen after so long."""
LEFT_ALONE_SECONDS = 3.0
_MARK_BYTES = 16

log = get_logger("careloop.cache")


class SharedCache:
    """Values by name. Thread-safe."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._away_until = 0.0

    def get(self, name: str) -> tuple[bytes | None, bytes]:
        """A kept value, if there is one, and the generation with which to store another."""
        found = self._ask("mget", f"{name}:generation", f"{name}:value")
        generation, value = found or (None, None)
        generation = generation or b"-" * _MARK_BYTES
        if value is None or value[:_MARK_BYTES] != generation:
            return None, generation
        return value[_MARK_BYTES:], generation

    def put(self, name: str, value: bytes, generation: bytes) -> None:
        """Keep a value that was made after `get` gave this generation."""
        self._ask("set", f"{name}:value", generation + value, ex=KEPT_FOR)

    def forget(self, name: str) -> None:
        """What is kept under this name is out of date."""
        self._ask("set", f"{name}:generation", secrets.token_hex(_MARK_BYTES // 2))

    def _ask(self, command: str, *words: str | bytes, **options: int) -> Any:
        if time.monotonic() < self._away_until:
            return None
        try:
            return cast(Any, getattr(self._redis, command))(*words, **options)
        except RedisError as error:
            self._away_until = time.monotonic() + LEFT_ALONE_SECONDS
            log.warning("cache unreachable", error=type(error).__name__)
            return None
