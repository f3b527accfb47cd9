"""Waiting with a bound, and looking at processes from outside."""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 30.0
ROOT = Path(__file__).resolve().parents[2]


def wait_for(what: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Ask again until the answer is true or the time is over; return the last answer."""
    deadline = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and was not yet reaped does not."""
    with contextlib.suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text()
        return stat.rpartition(") ")[2].split()[0] not in "ZX"
    return False


def processes_of(folder: Path) -> list[str]:
    """The command lines of living processes that name the folder or work in it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        if int(entry.name) == os.getpid() or not is_alive(int(entry.name)):
            continue
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if str(folder) in command or str(folder) in str((entry / "cwd").readlink()):
                found.append(f"{entry.name} {command}")
    return found


def nobody_left(folder: Path, seconds: float = PATIENCE) -> list[str]:
    """What still runs on the folder after waiting for it to end: empty when all is well."""
    wait_for(lambda: not processes_of(folder), seconds)
    return processes_of(folder)
