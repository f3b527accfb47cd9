"""What every store promises, and the words in which it fails."""

import re
from typing import Protocol


class StorageError(Exception):
    """The base of all that a store raises. Messages hold neither bytes nor credentials."""


class StorageMissing(StorageError):
    """There is nothing under this key, and the store is sure of it."""


class StorageFull(StorageError):
    """No room or no quota: nothing was written."""


class StorageUnavailable(StorageError):
    """The store cannot be asked now; says nothing about what it holds. Worth a retry."""


class StorageKeyRefused(StorageError, ValueError):
    """A key that is not one of ours: a mistake of the caller's, or an attack."""


class Storage(Protocol):
    """Bytes under keys such as `est_1/recordings/0197.bin`.

    A `put` that returned is durable and whole; one that raised left the old bytes, if any, or
    nothing that `get` would show. Safe to use from many threads and processes at once.
    """

    def put(self, key: str, data: bytes) -> None:
        """Store under `key`, in place of what was there. StorageFull, StorageUnavailable."""

    def get(self, key: str) -> bytes:
        """The bytes under `key`. StorageMissing, StorageUnavailable."""

    def delete(self, key: str) -> None:
        """Leave nothing under `key`, even if nothing was there. StorageUnavailable."""

    def exists(self, key: str) -> bool:
        """Whether `get` would find something. StorageUnavailable."""

    def check(self) -> None:
        """Return if the store answers, for a health page. StorageFull, StorageUnavailable."""


_SEGMENT = r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}"
_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT}){{0,7}}", re.ASCII)


def checked_key(key: str) -> str:
    """`key` if it stays inside any store: no dot in front, no `..`, no empty part, plain ASCII.

    At most eight parts of 128 characters: shorter than any file system's or S3's own limit.
    """
    if not _KEY.fullmatch(key):
        raise StorageKeyRefused("a storage key is one to eight plain names joined by slashes")
    return key
