"""Rate limits: by token where there is one, else by the client's address.

Generous enough for a whole hospital behind one address (see the settings' defaults). The address
is what uvicorn makes of `X-Forwarded-For` for trusted proxies, never the header itself.
"""

from __future__ import annotations

import hashlib

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from config.settings import Settings
from services.errors import TooMany
from services.identity import Principal
from utils.permits import Limit, NoPermit, SharedCounter


class RateLimits:
    """The limits of a process: of tokens, of those without one, and of log-ins."""

    def __init__(self, settings: Settings) -> None:
        self.counter = SharedCounter(settings.redis)
        self._index_key = settings.privacy.index_key
        self.tokens = Limit("token", settings.web.rate_limit, self.counter)
        self.anonymous = Limit("address", settings.web.anonymous_rate_limit, self.counter)
        self.log_ins = Limit("login", settings.web.login_rate_limit, self.counter)

    def take(self, request: Request, principal: Principal | None = None) -> None:
        """A permit for a request, from a thread; raises `TooMany`."""
        for limit, key in self._of(request, principal):
            _take(limit, key)

    async def acquire(self, request: Request, principal: Principal | None = None) -> None:
        """A permit for a request, from the event loop, which never waits; raises `TooMany`."""
        for limit, key in self._of(request, principal):
            try:
                if limit.take_at_once(key):
                    continue
            except NoPermit as error:
                raise TooMany(error.retry_after) from error
            await run_in_threadpool(_take, limit, key)

    def take_log_in(self, request: Request) -> None:
        """A permit to try a password or a code, by address; raises `TooMany`."""
        _take(self.log_ins, self._address(request))

    def _of(self, request: Request, principal: Principal | None) -> list[tuple[Limit, str]]:
        """By whom a request is counted: a link both by the address and, for all who have it, by
        itself."""
        if principal is not None and not principal.anonymous:
            return [(self.tokens, f"{principal.establishment_id}:{principal.actor}")]
        counted = [(self.anonymous, self._address(request))]
        if principal is not None and principal.link_id is not None:
            key = f"{principal.establishment_id}:link:{principal.link_id}"
            counted.append((self.tokens, key))
        return counted

    def _address(self, request: Request) -> str:
        """A keyed hash: an address tells where somebody is, and Redis needs not know."""
        host = request.client.host if request.client else "unknown"
        return hashlib.blake2b(host.encode(), key=self._index_key, digest_size=12).hexdigest()


def _take(limit: Limit, key: str) -> None:
    try:
        limit.take(key)
    except NoPermit as error:
        raise TooMany(error.retry_after) from error
