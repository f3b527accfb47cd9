"""Finds and ends a server that an earlier run could not take with it.

On Linux the kernel ends the servers with their parent, so this is for other systems, and for a
parent that was killed so lately that its server is still closing its files. The caller holds
the folder's lock: whatever still runs on the folder has no living owner.
"""

import os
import signal
import subprocess
import time
from pathlib import Path


def recorded_pid(pid_file: Path) -> int | None:
    """The process id on the first line of a pid file, or None."""
    try:
        first = pid_file.read_text(encoding="utf-8").split("\n", 1)[0]
        return int(first)
    except (OSError, ValueError):
        return None


def is_running(pid: int, *words: str) -> bool:
    """Whether the process exists and all the words stand in its command line.

    A process id alone proves nothing: it may have been given to somebody else since.
    """
    command = command_line(pid)
    return bool(command) and all(word in command for word in words)


def command_line(pid: int) -> str:
    """The arguments of a process joined by spaces; empty when there is no such process."""
    proc = Path("/proc")
    if (proc / "self").exists():
        try:
            arguments = (proc / str(pid) / "cmdline").read_bytes()
        except OSError:
            return ""
        return arguments.replace(b"\0", b" ").decode("utf-8", "replace")
    ps = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
    done = subprocess.run(ps, capture_output=True, text=True, check=False)  # noqa: S603 - a number
    return done.stdout


def end_leftover(pid_file: Path, *words: str, ask: signal.Signals, seconds: float = 5.0) -> None:
    """End the server recorded in `pid_file`, politely and then by force; drop a stale record."""
    pid = recorded_pid(pid_file)
    if pid is None:
        return
    for step in (ask, signal.SIGKILL):
        if not is_running(pid, *words):
            break
        os.kill(pid, step)
        _wait_until_gone(pid, words, seconds)
    if not is_running(pid, *words):
        # Left in place, a number that now belongs to another program would block the start.
        pid_file.unlink(missing_ok=True)


def _wait_until_gone(pid: int, words: tuple[str, ...], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while is_running(pid, *words) and time.monotonic() < deadline:
        time.sleep(0.02)
