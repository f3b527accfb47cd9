"""Starts processes that never outlive this one.

Linux ties a child's life to the *thread* that forked it, not to the process. So every child is
forked by one thread that lives as long as the process does.
"""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import IO

from supervisor.guard import Guard

EXEC_CHILD = Path(__file__).with_name("exec_child.py")
# Forking is a matter of milliseconds; a machine that needs this long is not coming back.
FORK_SECONDS = 30.0
GONE_SECONDS = 1.0

Output = int | IO[bytes] | None
Process = subprocess.Popen[bytes]
_Order = tuple[Callable[[], Process], "Future[Process]"]


class _Forker:
    """The one thread that forks."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.guard = Guard()
        self._orders: queue.SimpleQueue[_Order] = queue.SimpleQueue()
        threading.Thread(target=self._serve, name="forker", daemon=True).start()

    def fork(self, order: Callable[[], Process]) -> Process:
        answer: Future[Process] = Future()
        self._orders.put((order, answer))
        return answer.result(FORK_SECONDS)

    def _serve(self) -> None:
        while True:
            order, answer = self._orders.get()
            try:
                answer.set_result(order())
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                answer.set_exception(error)


_lock = threading.Lock()
_forker: _Forker | None = None


def _the_forker() -> _Forker:
    global _forker  # noqa: PLW0603 - one thread per process, made anew after a fork
    with _lock:
        if _forker is None or _forker.pid != os.getpid():
            _forker = _Forker()
        return _forker


def spawn(
    argv: Sequence[str],
    *,
    death_signal: signal.Signals = signal.SIGKILL,
    launcher: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: Output = subprocess.DEVNULL,
    stdout: Output = None,
    stderr: Output = None,
    user: int | None = None,
) -> Process:
    """Start `argv` in a session of its own (a Ctrl-C in the terminal does not reach it).

    `death_signal` is what Linux sends it when this process ends for any reason. `launcher` is put
    before everything else (`unshare …`, `setpriv …`: they exec, so the pid stays). `user` drops
    the process to that user id. Raises OSError when the program cannot be started.
    """
    wrapped = [
        *launcher,
        sys.executable,
        *("-I", "-S", str(EXEC_CHILD), str(os.getpid()), str(int(death_signal))),
        *argv,
    ]

    def order() -> Process:
        return subprocess.Popen(  # noqa: S603 - our own callers name the programs
            wrapped,
            env=None if env is None else dict(env),
            cwd=cwd,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            user=user,
            extra_groups=None if user is None else [],
        )

    forker = _the_forker()
    process = forker.fork(order)
    forker.guard.watch(process.pid, death_signal)
    return process


def end(process: Process, steps: Sequence[tuple[signal.Signals, float]]) -> int | None:
    """Send each signal in turn and wait that many seconds for it; return the exit code.

    Whatever the process leaves behind in its session is killed. None means that the process
    itself outlived every step.
    """
    for step, seconds in steps:
        if process.poll() is not None:
            break
        process.send_signal(step)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    if process.poll() is not None:
        sweep(process)
    return process.returncode


def sweep(process: Process) -> None:
    """After a process has ended: end what it left in its session. Once only, however often asked.

    What was killed takes a moment to go, and is waited for. A second time could hit a stranger who
    has been given the same number since.
    """
    if not _the_forker().guard.forget(process.pid):
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for member in session_members(process.pid):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(member, signal.SIGKILL)
    deadline = time.monotonic() + GONE_SECONDS
    while session_members(process.pid) and time.monotonic() < deadline:
        time.sleep(0.01)


def session_members(session: int) -> list[int]:
    """The living processes of a session, in whatever groups (Linux; empty elsewhere): proc(5)."""
    members = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = entry.read_text(errors="replace").rpartition(") ")[2].split()
            if int(fields[3]) == session and fields[0] not in "ZX":
                members.append(int(entry.parent.name))
    return members
