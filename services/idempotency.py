"""`Idempotency-Key`: a request that is sent again gets the answer it was given, and does nothing.

The answer is kept, sealed, in the transaction of what the request did: either both are there or
neither. A second request with the same key waits in PostgreSQL until the first has ended.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from config.settings import get_settings
from database.session import ScopedSession
from models.idempotency import IdempotencyKey, ServiceIdempotencyKey
from services.errors import Conflict

KEPT_FOR = timedelta(days=7)
"""Longer than a device in the field is offline between two tries."""


@dataclass(frozen=True)
class Kept:
    """What a request was answered: status, body, headers of ours."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass(frozen=True)
class RequestIdentity:
    """A request that may come again: keyed hashes of who, where and key, and of the body."""

    key: bytes
    fingerprint: bytes

    @classmethod
    def of(cls, who: str, path: str, key: str, body: bytes) -> RequestIdentity:
        """`who` is the establishment and actor: two clients' equal keys are different ones."""
        return cls(_hash(f"{who}\n{path}\n{key}".encode()), _hash(body))


def _hash(content: bytes) -> bytes:
    key = get_settings().privacy.index_key
    return hashlib.blake2b(content, key=key, digest_size=32).digest()


def claim(session: ScopedSession, identity: RequestIdentity) -> Kept | None:
    """None when the request is new and now ours to carry out; else what it was answered.

    Raises `Conflict` (`idempotency_key_reused`) when the key came with another body.
    """
    table = _table(session)
    ours = session.scalar(
        insert(table)
        .values(key=identity.key, fingerprint=identity.fingerprint)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(table.key)
    )
    if ours is not None:
        return None
    row = session.execute(
        select(table.fingerprint, table.status_code, table.answer).where(table.key == identity.key)
    ).one()
    if row.fingerprint != identity.fingerprint:
        raise Conflict(
            "This Idempotency-Key came before with another body: use a new key.",
            code="idempotency_key_reused",
            field="header.Idempotency-Key",
        )
    return Kept(row.status_code, row.answer["body"], row.answer["headers"])


def keep(session: ScopedSession, identity: RequestIdentity, answer: Kept) -> None:
    """Keep an answer in the transaction of what it speaks of."""
    table = _table(session)
    session.execute(
        update(table)
        .where(table.key == identity.key)
        .values(status_code=answer.status, answer={"body": answer.body, "headers": answer.headers})
    )


def forget_old(session: ScopedSession) -> int:
    """Remove answers older than `KEPT_FOR`; returns how many."""
    table = _table(session)
    gone = session.execute(
        delete(table).where(table.created_at < func.now() - KEPT_FOR).returning(table.key)
    )
    return len(gone.all())


def _table(session: ScopedSession) -> type[IdempotencyKey] | type[ServiceIdempotencyKey]:
    return ServiceIdempotencyKey if session.for_service else IdempotencyKey
