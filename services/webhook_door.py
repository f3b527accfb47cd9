"""The one door for what providers tell us."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from database.session import Database
from services.establishment import Directory


@dataclass(frozen=True, slots=True)
class Webhook:
    """One request of a provider's whose signature was good; the same again changes nothing.

    `kind` names the handler that stores it, `query` and `fields` are what it said: JSON values.
    """

    kind: str
    query: Mapping[str, str]
    fields: Mapping[str, Any]
    received_at: datetime


AT_ONCE = 8
"""Webhooks that are stored at the same time; the database's connections are shared with others."""

Handler = Callable[[Database, Directory, Webhook], None]
"""Stores a webhook and commits. Called again with the same one it must change nothing."""


class WebhookDoor:
    """Takes webhooks in."""

    def __init__(
        self, database: Database, directory: Directory, handlers: Mapping[str, Handler]
    ) -> None:
        self._database = database
        self._directory = directory
        self._handlers = handlers
        self._threads = ThreadPoolExecutor(AT_ONCE, "webhook")

    async def take(self, webhook: Webhook) -> None:
        """Have a webhook stored. Returns once it is safe."""
        store = copy_context().run, self._store, webhook
        await asyncio.get_running_loop().run_in_executor(self._threads, *store)

    def _store(self, webhook: Webhook) -> None:
        self._handlers[webhook.kind](self._database, self._directory, webhook)
