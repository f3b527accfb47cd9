"""Sessions, each opened for exactly one establishment or for the service itself.

The role and the `search_path` are set inside every transaction, local to it, by the session's
`after_begin`: they survive a commit in mid-request and a savepoint, leave the pool clean, and
work behind a transaction pooler. What must happen after the commit (handing jobs to the queue)
is buffered on the session, carried out once the commit has succeeded, dropped on a rollback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.orm import Session, SessionTransaction

from database.driver import carry_out
from database.roles import (
    SHARED_SCHEMA,
    establishment_role,
    establishment_schema,
    service_role,
)

_ENTER = "select set_config('role', %(role)s, true), set_config('search_path', %(schema)s, true)"
# For what serves one establishment after the other: where something of one's is locked, the others
# wait so long, and it is tried again. Milliseconds.
_ENTER_BRIEFLY = _ENTER + ", set_config('lock_timeout', '1000', true)"
# For a few statements that touch some rows of large tables by their keys, over and over: what they
# cost must not hang on statistics, which are stale whenever much has just come in. So they are
# planned once (`database/prepared.py`), for an index and nothing else.
_ENTER_BY_KEY = (
    _ENTER_BRIEFLY
    + """, set_config('plan_cache_mode', 'force_generic_plan', true),
        set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
        set_config('enable_mergejoin', 'off', true), set_config('enable_bitmapscan', 'off', true),
        set_config('jit', 'off', true)"""
)
# For the first few of a long queue: an index has them in order, and nothing may be sorted instead.
_ENTER_IN_ORDER = (
    _ENTER_BY_KEY
    + """, set_config('enable_sort', 'off', true),
        set_config('enable_incremental_sort', 'off', true)"""
)
_NOW = text("select now()")


@dataclass(frozen=True)
class Job:
    """A hint for a worker: a stable name, the establishment, and row ids. No personal data."""

    name: str
    establishment_id: int
    ids: tuple[int, ...]


HandOver = Callable[[Sequence[Job]], None]
Outdate = Callable[[int], None]
"""Told, after a commit, whose devices hold something that is out of date."""


class NoEstablishment(Exception):
    """A session was used that was opened for nobody."""


class ScopedSession(Session):
    """A session bound for life to one role and one schema."""

    def __init__(
        self,
        *,
        role: str,
        schema: str,
        establishment_id: int | None,
        entrance: str = _ENTER,
        **kw: Any,
    ) -> None:
        super().__init__(expire_on_commit=False, **kw)
        self._entrance = entrance
        self._schema = schema
        self._scope = {"role": role, "schema": f'"{schema}"'}
        self._establishment_id = establishment_id
        self.jobs: list[Job] = []
        self.outdated: set[int] = set()

    @property
    def establishment_id(self) -> int:
        """The establishment that this session was opened for; raises `NoEstablishment`."""
        if self._establishment_id is None:
            raise NoEstablishment("this session was opened for the service, not an establishment")
        return self._establishment_id

    @property
    def schema(self) -> str:
        """The one schema that this session reaches; its role goes with it."""
        return self._schema

    @property
    def for_service(self) -> bool:
        """True when this session was opened for the service itself: the schema `shared`."""
        return self._establishment_id is None

    def now(self) -> datetime:
        """The database's clock at the start of this transaction: every process agrees on it."""
        moment: datetime = self.execute(_NOW).scalar_one()
        return moment

    def enqueue(self, name: str, *ids: int) -> None:
        """Hand a job to the queue once this transaction has been committed."""
        self.jobs.append(Job(name, self.establishment_id, ids))

    def outdate_devices(self, establishment_id: int | None = None) -> None:
        """Once this is committed, an establishment's devices (this one's) get what changed."""
        self.outdated.add(self.establishment_id if establishment_id is None else establishment_id)

    def enter(self, connection: Connection) -> None:
        """Take on this session's role and schema until the transaction ends."""
        carry_out(connection, self._entrance, self._scope)


@event.listens_for(ScopedSession, "after_begin")
def _enter_scope(
    session: ScopedSession, transaction: SessionTransaction, connection: Connection
) -> None:
    if not transaction.nested:
        session.enter(connection)


class Database:
    """Opens sessions on one engine. One request, one session, one connection."""

    def __init__(
        self, engine: Engine, hand_over: HandOver | None = None, outdate: Outdate | None = None
    ) -> None:
        self.engine = engine
        self._hand_over = hand_over
        self._outdate = outdate
        self._installation: str | None = None

    @contextmanager
    def establishment(self, establishment_id: int) -> Iterator[ScopedSession]:
        """A unit of work for one establishment: commits at the end, rolls back on an error."""
        with self._of_establishment(establishment_id, _ENTER) as session:
            yield session

    @contextmanager
    def establishment_briefly(self, establishment_id: int) -> Iterator[ScopedSession]:
        """The same where others wait their turn: a lock that is not had in a second is an error."""
        with self._of_establishment(establishment_id, _ENTER_BRIEFLY) as session:
            yield session

    @contextmanager
    def establishment_by_key(self, establishment_id: int) -> Iterator[ScopedSession]:
        """As briefly, for the hot path: planned for indexes alone, whatever the tables hold."""
        with self._of_establishment(establishment_id, _ENTER_BY_KEY) as session:
            yield session

    @contextmanager
    def establishment_in_order(self, establishment_id: int) -> Iterator[ScopedSession]:
        """The same for the first of a queue: they come in an index's order, nothing is sorted."""
        with self._of_establishment(establishment_id, _ENTER_IN_ORDER) as session:
            yield session

    @contextmanager
    def service(self) -> Iterator[ScopedSession]:
        """A unit of work on the schema `shared`: no establishment's rows can be reached."""
        with self._of_service(_ENTER) as session:
            yield session

    @contextmanager
    def service_in_order(self) -> Iterator[ScopedSession]:
        """The same for the clock's questions, as in `establishment_in_order`."""
        with self._of_service(_ENTER_IN_ORDER) as session:
            yield session

    @contextmanager
    def _of_service(self, entrance: str) -> Iterator[ScopedSession]:
        with self._unit_of_work(
            role=service_role(self.installation),
            schema=SHARED_SCHEMA,
            establishment_id=None,
            entrance=entrance,
        ) as session:
            yield session

    @contextmanager
    def _of_establishment(self, establishment_id: int, entrance: str) -> Iterator[ScopedSession]:
        with self._unit_of_work(
            role=establishment_role(self.installation, establishment_id),
            schema=establishment_schema(establishment_id),
            establishment_id=establishment_id,
            entrance=entrance,
        ) as session:
            yield session

    @contextmanager
    def _unit_of_work(self, **scope: Any) -> Iterator[ScopedSession]:
        session = ScopedSession(bind=self.engine, **scope)
        with session:
            yield session
            session.commit()
        if session.jobs and self._hand_over is not None:
            self._hand_over(session.jobs)
        if self._outdate is not None:
            for number in session.outdated:
                self._outdate(number)

    @property
    def installation(self) -> str:
        """The installation id, read once."""
        if self._installation is None:
            with self.engine.connect() as connection:
                self._installation = str(
                    connection.scalar(text("select id from shared.installation"))
                )
        return self._installation

    def dispose(self) -> None:
        """Close the pool."""
        self.engine.dispose()
