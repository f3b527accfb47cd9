"""Passwords: Argon2id, a few at a time.

One hash takes 64 MiB and some 60 ms by design. A flood of log-ins must wait in line rather than
take the machine's memory: forty at once would take 2.5 GB.
"""

from __future__ import annotations

from functools import lru_cache
from threading import BoundedSemaphore

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from services.people.tokens import random_token

AT_ONCE = 2

_argon2 = PasswordHash((Argon2Hasher(),))
_places = BoundedSemaphore(AT_ONCE)


def hash_password(password: str) -> str:
    """What is kept of a password."""
    with _places:
        return _argon2.hash(password)


def check_password(password: str, kept: str) -> tuple[bool, str | None]:
    """Whether a password is right, and a better hash to keep when the old one is outdated."""
    with _places:
        return _argon2.verify_and_update(password, kept)


@lru_cache(maxsize=1)
def nobodys_hash() -> str:
    """Checked when there is no such user: the answer takes as long as for one that exists."""
    return hash_password(random_token())
