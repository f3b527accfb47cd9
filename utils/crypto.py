"""Encryption at rest and blind indexes.

A sealed value is `version (1) | length of key id (1) | key id | nonce (12) | AES-256-GCM`. The
label of the column is authenticated with it, so a value copied into another column does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from struct import iter_unpack

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from config.settings import get_settings

VERSION = 1
NONCE_BYTES = 12
INDEX_BYTES = 16
SHARED = 0
"""The establishment number of values that belong to no establishment (users)."""


class CannotDecrypt(Exception):
    """A sealed value does not open: unknown key id, or it was altered. Names the key id only."""


class Cipher:
    """A key ring: the first key seals, every key opens."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self.current = next(iter(keys))
        self._ring = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._header = bytes([VERSION, len(self.current)]) + self.current.encode()

    @property
    def key_ids(self) -> frozenset[str]:
        """The ids that this ring can open."""
        return frozenset(self._ring)

    def seal(self, plain: bytes, label: str) -> bytes:
        """Encrypt `plain` for the column `label` with the current key."""
        nonce = os.urandom(NONCE_BYTES)
        return self._header + nonce + self._ring[self.current].encrypt(nonce, plain, label.encode())

    def seal_all(self, plains: Sequence[bytes | None], label: str) -> list[bytes | None]:
        """`seal` for many values of one column, in their order; None stays None.

        The randomness of all nonces is drawn at once, which takes no longer than for one.
        """
        encrypt, header, authenticated = (
            self._ring[self.current].encrypt,
            self._header,
            label.encode(),
        )
        nonces = iter_unpack(f"{NONCE_BYTES}s", os.urandom(NONCE_BYTES * len(plains)))
        return [
            None if plain is None else header + nonce + encrypt(nonce, plain, authenticated)
            for plain, (nonce,) in zip(plains, nonces, strict=True)
        ]

    def open(self, sealed: bytes, label: str) -> bytes:
        """Decrypt; raises `CannotDecrypt`."""
        key_id, start = _read_header(sealed)
        key = self._ring.get(key_id)
        if key is None:
            raise CannotDecrypt(f"no key {key_id!r} in the key ring")
        nonce, body = sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :]
        try:
            return key.decrypt(nonce, body, label.encode())
        except InvalidTag as error:
            raise CannotDecrypt(f"a value sealed with key {key_id!r} was altered") from error


def _read_header(sealed: bytes) -> tuple[str, int]:
    if len(sealed) < 2 + NONCE_BYTES or sealed[0] != VERSION:
        raise CannotDecrypt("not a sealed value")
    start = 2 + sealed[1]
    return sealed[2:start].decode("ascii", "replace"), start


def sealed_with(sealed: bytes) -> str:
    """The id of the key that sealed a value; raises `CannotDecrypt` when it is none."""
    return _read_header(sealed)[0]


def sealed_prefix(key_id: str) -> bytes:
    """What every value sealed with this key begins with: lets SQL find them."""
    return bytes([VERSION, len(key_id)]) + key_id.encode()


def fingerprint(key: bytes) -> str:
    """Recognises a key without revealing it."""
    return hmac.new(key, b"careloop key fingerprint", hashlib.sha256).hexdigest()[:16]


class BlindIndex:
    """Keyed hashes that let a sealed value be looked up by equality.

    The establishment is part of what is hashed: two hospitals' indexes of one phone differ.
    """

    def __init__(self, key: bytes) -> None:
        # HMAC (RFC 2104) with its two pads hashed beforehand: a third of the time, as most values
        # are short.
        block = (key if len(key) <= 64 else hashlib.sha256(key).digest()).ljust(64, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def of(self, purpose: str, value: str, establishment_id: int) -> bytes:
        """The index (16 bytes) of an already normalised value."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(f"{establishment_id}:{purpose}:{value}".encode())
        outer.update(inner.digest())
        return outer.digest()[:INDEX_BYTES]

    def tokens(self, purpose: str, values: Iterable[str], establishment_id: int) -> list[int]:
        """Short indexes (signed 64 bit, sorted) for columns that hold many, such as prefixes."""
        digests = (self.of(purpose, value, establishment_id)[:8] for value in values)
        return sorted(int.from_bytes(digest, signed=True) for digest in digests)


@lru_cache(maxsize=1)
def get_cipher() -> Cipher:
    """The key ring of this process, from the settings."""
    return Cipher(get_settings().privacy.key_ring)


@lru_cache(maxsize=1)
def get_blind_index() -> BlindIndex:
    """The blind index of this process, from the settings."""
    return BlindIndex(get_settings().privacy.index_key)
