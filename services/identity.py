"""Who somebody is to the service, and what makes two submissions the same one.

A client-made UUID is a submission's identity for ever. With it, a short keyed hash of each field
is kept: enough to say which fields differ when the same UUID comes with another body, without
opening what was stored.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

from config.settings import get_settings
from models.user import Role

_HASH_BYTES = 8
_IDEMPOTENCY = UUID("6f8f5b1c-6f0b-4f6e-9a53-6d0f3d2c9a11")


ANONYMOUS = "anonymous"
"""Who nobody knows, whichever way they came."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: a user or device with a role in one establishment, or anybody."""

    establishment_id: int
    actor: str
    role: Role | None = None
    user_id: int | None = None
    device_id: int | None = None
    sign_in: UUID | None = None
    for_staff: bool = False
    link_id: int | None = None

    @property
    def anonymous(self) -> bool:
        """True without a token, or with one that a link carries: nobody knows who it is."""
        return self.user_id is None and self.device_id is None

    @property
    def may_remind(self) -> bool:
        """True for staff, and for a device in the hands of staff: they may set reminders."""
        return self.for_staff or self.role in (Role.staff, Role.admin)

    @property
    def is_person(self) -> bool:
        """True for a member of staff who signed in: what they write is audited."""
        return self.user_id is not None


def fingerprint(fields: Mapping[str, Any]) -> bytes:
    """Keyed hashes (8 bytes each) of all fields, in the mapping's order.

    New fields go to the end, so that what was stored before can still be compared.
    """
    return b"".join(
        [
            _hash_remembered(name, value)
            if value is None or name in _OF_FEW_VALUES
            else _hash_of(name, value)
            for name, value in fields.items()
        ]
    )


def fingerprints(columns: Mapping[str, Sequence[Any]]) -> list[bytes]:
    """`fingerprint` of many submissions, whose fields are given one by one, each of all of them."""
    hashes = [_hashes(name, values) for name, values in columns.items()]
    return list(map(b"".join, zip(*hashes, strict=True)))


_OF_FEW_VALUES = frozenset({"language", "channel", "rating"})


def _hashes(name: str, values: Sequence[Any]) -> list[bytes]:
    if name in _OF_FEW_VALUES:
        known = {value: _hash_of(name, value) for value in set(values)}
        return [known[value] for value in values]
    empty, begun = _hash_remembered(name, None), _begun(name)
    hashes = []
    for value in values:
        if value is None:
            hashes.append(empty)
            continue
        hashed = begun.copy()
        hashed.update(_written(value))
        hashes.append(hashed.digest())
    return hashes


@lru_cache(maxsize=1000)
def _hash_remembered(name: str, value: object) -> bytes:
    """Most fields of most submissions are empty, and some have few values: nobody's words."""
    return _hash_of(name, value)


def _hash_of(name: str, value: object) -> bytes:
    hashed = _begun(name).copy()
    hashed.update(_written(value))
    return hashed.digest()


def _written(value: object) -> bytes:
    if isinstance(value, dict):  # in whichever order a client wrote its keys
        value = dict(sorted(value.items()))
    return repr(value).encode("utf-8", "surrogatepass")


def _hash_as_given(name: str, value: Mapping[str, Any]) -> bytes:
    """The hash of a mapping in the client's own order: of what was stored before keys had one."""
    hashed = _begun(name).copy()
    hashed.update(repr(dict(value)).encode("utf-8", "surrogatepass"))
    return hashed.digest()


@lru_cache
def _begun(name: str) -> hashlib.blake2b:
    """The hash of a field up to its value."""
    key = get_settings().privacy.index_key
    return hashlib.blake2b(f"{name}=".encode(), key=key, digest_size=_HASH_BYTES)


def differing(fields: Mapping[str, Any], stored: bytes) -> list[str]:
    """The names of the fields whose values are not those that `stored` was made of."""
    given = fingerprint(fields)
    return [
        name
        for place, (name, value) in enumerate(fields.items())
        if (was := stored[place * _HASH_BYTES : (place + 1) * _HASH_BYTES])
        and was != given[place * _HASH_BYTES : (place + 1) * _HASH_BYTES]
        and not (isinstance(value, Mapping) and was == _hash_as_given(name, value))
    ]


def submission_id(
    client_id: UUID | None,
    idempotency_key: str | None,
    principal: Principal,
    fields: Mapping[str, Any],
) -> UUID:
    """The identity of a submission: the client's UUID, else one made of its `Idempotency-Key`.

    Without a token nobody can tell two clients with the same key apart: then the content is part
    of the identity, so that one patient's words are never refused for another's.
    """
    if client_id is not None:
        return client_id
    if idempotency_key:
        whose = fingerprint(fields).hex() if principal.anonymous else principal.actor
        return uuid5(_IDEMPOTENCY, f"{principal.establishment_id}:{whose}:{idempotency_key}")
    return uuid7()


def uuid7() -> UUID:
    """A UUID in order of time (RFC 9562, version 7): inserts stay at one end of the index."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)
