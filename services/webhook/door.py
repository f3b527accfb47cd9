"""The one door for what providers tell us: stored, or on the disk until it can be.

A provider repeats nothing (Twilio) or not for ever (SendGrid), so a webhook whose signature was
good is answered with success only when it is safe: committed, or synced to the spool. While
anything waits in the spool, whatever comes goes behind it: so the order stays the one of arrival.
Every process tries to drain the folder, one at a time does; what a dead one left is drained by
another. Decision 0016.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from database.away import is_away
from database.session import Database
from services.errors import CareloopError
from services.establishment.directory import Directory
from utils.failpoint import reached
from utils.logs import get_logger
from utils.metrics import (
    WEBHOOKS_REPLAYED,
    WEBHOOKS_SET_ASIDE,
    WEBHOOKS_SPOOLED,
    WEBHOOKS_TURNED_AWAY,
)
from utils.spool import Entry, Spool, SpoolFull

AT_ONCE = 8
"""Webhooks that are stored at the same time; the database's connections are shared with others."""
LOOK_SECONDS = 1.0
"""How often to look whether something waits and can be stored now."""
MOST_TRIES = 5
"""Of storing a spooled webhook, while the database is there. Then it is set aside."""

log = get_logger("careloop.webhooks")


@dataclass(frozen=True, slots=True)
class Webhook:
    """One request of a provider's whose signature was good; the same again changes nothing.

    `kind` names the handler that stores it, `query` and `fields` are what it said: JSON values.
    """

    kind: str
    query: Mapping[str, str]
    fields: Mapping[str, Any]
    received_at: datetime


Handler = Callable[[Database, Directory, Webhook], None]
"""Stores a webhook and commits. Called again with the same one it must change nothing."""


class TurnedAway(CareloopError):
    """Neither the database nor the spool could take it: the provider may try again."""

    status = 503
    code = "cannot_store"


class _Stopping(Exception):
    """This process ends: what waits is for the next one."""


class WebhookDoor:
    """Takes webhooks in. `start` it in the process that serves, after any fork.

    `wait` is how many seconds a provider is kept waiting for the database.
    """

    def __init__(
        self,
        database: Database,
        directory: Directory,
        spool: Spool,
        handlers: Mapping[str, Handler],
        wait: float,
    ) -> None:
        self._database = database
        self._directory = directory
        self._spool = spool
        self._handlers = handlers
        self._wait = wait
        self._threads = ThreadPoolExecutor(AT_ONCE, "webhook")
        self._disk = ThreadPoolExecutor(1, "spool")
        self._stopped = threading.Event()
        self._tries: dict[bytes, int] = {}

    def start(self) -> None:
        """Make the spool ready and begin to drain it; raises `SpoolUnusable`."""
        self._spool.prepare()
        self._stopped.clear()
        threading.Thread(target=self._drain_on, name="drain", daemon=True).start()

    def stop(self) -> None:
        """End the draining."""
        self._stopped.set()

    def spooled(self) -> int:
        """How many webhooks wait on the disk, those that other processes left there too."""
        return self._spool.waiting()

    @property
    def can_spool(self) -> bool:
        """False when the next webhook without a database would be turned away."""
        return not self._spool.full

    @property
    def turned_away_at(self) -> datetime | None:
        """When a webhook found no room anywhere last, in any process of this machine."""
        return self._spool.turned_away_at

    async def take(self, webhook: Webhook) -> None:
        """Returns once a webhook is safe; raises `TurnedAway`, or the rule that it breaks."""
        loop = asyncio.get_running_loop()
        if self._spool.empty:
            store = partial(copy_context().run, self._store, webhook)
            try:
                async with asyncio.timeout(self._wait):
                    return await loop.run_in_executor(self._threads, store)
            except CareloopError:
                raise
            except TimeoutError:
                log.warning("webhook not stored in time", kind=webhook.kind)
            except Exception as error:  # noqa: BLE001 - whatever it was: it must not be lost
                _explain(webhook, error)
        await loop.run_in_executor(self._disk, self._keep, webhook)

    def _store(self, webhook: Webhook) -> None:
        self._handlers[webhook.kind](self._database, self._directory, webhook)

    def _keep(self, webhook: Webhook) -> None:
        try:
            self._spool.append(_entry(webhook))
        except SpoolFull as error:
            self._spool.note_turned_away()
            WEBHOOKS_TURNED_AWAY.labels(webhook.kind).inc()
            log.critical(f"A WEBHOOK IS TURNED AWAY: {error}, and PostgreSQL cannot be reached.")
            raise TurnedAway("Nothing can be stored just now: please send it again.") from error
        WEBHOOKS_SPOOLED.labels(webhook.kind).inc()
        reached("spool.after_append")

    def _drain_on(self) -> None:
        structlog.contextvars.clear_contextvars()
        while not self._stopped.is_set():
            try:
                count = self.drain()
            except _Stopping:
                return
            except Exception as error:  # noqa: BLE001 - nobody else would drain it
                log.warning("spool not drained", error=type(error).__name__)
            else:
                if count:
                    log.info("spool drained", webhooks=count)
            self._stopped.wait(LOOK_SECONDS)

    def drain(self) -> int:
        """Store what waits, the earliest first, until the spool is empty; returns how many.

        0 while another process does. Raises what an absent database raises.
        """
        return 0 if self._spool.empty else self._spool.drain(self._replay)

    def _replay(self, entry: Entry) -> None:
        """Store one; raises when it must be tried again, before any that came after it."""
        if self._stopped.is_set():
            raise _Stopping
        webhook = _webhook(entry)
        try:
            self._store(webhook)
            reached("spool.after_store")
        except CareloopError as error:
            log.warning("spooled webhook breaks a rule", kind=webhook.kind, code=error.code)
        except Exception as error:
            if is_away(error) or not self._given_up(entry):
                raise
            _explain(webhook, error)
            WEBHOOKS_SET_ASIDE.labels(webhook.kind).inc()
            self._spool.set_aside(entry)
            return
        WEBHOOKS_REPLAYED.labels(webhook.kind).inc()

    def _given_up(self, entry: Entry) -> bool:
        """Count a failure that was not the database's absence; True when it had its tries."""
        key = hashlib.sha256(entry.record).digest()
        tries = self._tries.get(key, 0) + 1
        self._tries = {key: tries}  # of the earliest only: no other is tried before it
        return tries >= MOST_TRIES


def _explain(webhook: Webhook, error: Exception) -> None:
    if is_away(error):
        log.warning("database unavailable", error=type(error).__name__, kind=webhook.kind)
    else:
        log.error("webhook not stored", kind=webhook.kind, exc_info=error)


def _entry(webhook: Webhook) -> Entry:
    values = asdict(webhook) | {"received_at": webhook.received_at.isoformat()}
    at = int(webhook.received_at.timestamp() * 1_000_000) * 1_000
    return Entry(at, json.dumps(values, separators=(",", ":")).encode())


def _webhook(entry: Entry) -> Webhook:
    values = json.loads(entry.record)
    return Webhook(**values | {"received_at": datetime.fromisoformat(values["received_at"])})
