"""The no-op job of the references: it notes when it was due and when it ran, nothing else.

Nothing is imported here that RQ's forking worker would have to import again for every job.
"""

from __future__ import annotations

import os
import struct
import time
from functools import lru_cache

RECORD = struct.Struct("dd")  # due, ran: Unix seconds
FILE = "BENCH_RECORDS"


@lru_cache(maxsize=1)
def _file() -> int:
    return os.open(os.environ[FILE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def note(due: float) -> None:
    """Note one run."""
    os.write(_file(), RECORD.pack(due, time.time()))
