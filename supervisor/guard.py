"""Ends our processes when we are killed outright: the net below the kernel's own.

A small `/bin/sh` holds the reading end of a pipe whose only writer is this process. Each line that
it reads replaces its list of process groups; when the pipe closes, however we ended, it sends each
group its signal. On Linux this catches the grandchildren (a worker's forked job), which the
parent-death signal does not reach; elsewhere it is all there is. It costs about 1 MB.
"""

import contextlib
import os
import signal
import subprocess
import threading

SCRIPT = """
trap '' INT TERM HUP QUIT
targets=
while read -r line; do targets=$line; done
for target in $targets; do kill -s "${target%%:*}" -- "-${target#*:}" 2>/dev/null; done
"""


class Guard:
    """One per process; made anew after a fork."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._lock = threading.Lock()
        self._groups: dict[int, str] = {}
        self._shell = subprocess.Popen(  # noqa: S603 - fixed words
            ["/bin/sh", "-c", SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )

    def watch(self, group: int, death_signal: signal.Signals) -> None:
        """From now on the group gets the signal when this process ends."""
        with self._lock:
            self._groups[group] = death_signal.name.removeprefix("SIG")
            self._tell()

    def forget(self, group: int) -> None:
        """The group has ended: its number may soon belong to somebody else."""
        with self._lock:
            if self._groups.pop(group, None) is not None:
                self._tell()

    def _tell(self) -> None:
        assert self._shell.stdin is not None
        line = " ".join(f"{name}:{group}" for group, name in self._groups.items())
        with contextlib.suppress(BrokenPipeError):  # somebody ended the guard: nothing to be done
            self._shell.stdin.write(f"{line}\n".encode())
            self._shell.stdin.flush()
