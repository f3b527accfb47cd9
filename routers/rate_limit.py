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
        limit, key = self._of(request, principal)
        _take(limit, key)

    async def acquire(self, request: Request, principal: Principal | None = None) -> None:
        """A permit for a request, from the event loop, which never waits; raises `TooMany`."""
        limit, key = self._of(request, principal)
        try:
            if limit.take_at_once(key):
                return
        except NoPermit as error:
            raise TooMany(error.retry_after) from error
        await run_in_threadpool(_take, limit, key)

    def take_log_in(self, request: Request) -> None:
        """A permit to try a password or a code, by address; raises `TooMany`."""
        _take(self.log_ins, self._address(request))

    def _of(self, request: Request, principal: Principal | None) -> tuple[Limit, str]:
        if principal is None or principal.anonymous:
            return self.anonymous, self._address(request)
        return self.tokens, f"{principal.establishment_id}:{principal.actor}"

    def _address(self, request: Request) -> str:
        """A keyed hash: an address tells where somebody is, and Redis needs not know."""
        host = request.client.host if request.client else "unknown"
        return hashlib.blake2b(host.encode(), key=self._index_key, digest_size=12).hexdigest()


def _take(limit: Limit, key: str) -> None:
    try:
        limit.take(key)
    except NoPermit as error:
        raise TooMany(error.retry_after) from error
