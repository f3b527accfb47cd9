"""Ends our processes when we are killed outright: the net below the kernel's own.

A small `/bin/sh` holds the reading end of a pipe whose only writer is this process. Each line that
it reads replaces its list of sessions (every child of ours leads one); when the pipe closes,
however we ended, it sends each its signal: to the leader's process group, and on Linux to every
other member too, for a queue worker puts the jobs that it forks in groups of their own. On Linux
this catches the grandchildren, which the parent-death signal does not reach; elsewhere it is all
there is. It costs about 1 MB.
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
for target in $targets; do
  signal=${target%%:*} session=${target#*:}
  kill -s "$signal" -- "-$session" 2>/dev/null
  for entry in /proc/[0-9]*/stat; do
    read -r stat 2>/dev/null <"$entry" || continue
    member=${stat%% *}
    set -- ${stat##*) }
    [ "$4" = "$session" ] && kill -s "$signal" "$member" 2>/dev/null
  done
done
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

    def forget(self, group: int) -> bool:
        """The group has ended: its number may soon belong to somebody else.

        False when it was forgotten before: then the number may belong to somebody else already.
        """
        with self._lock:
            watched = self._groups.pop(group, None) is not None
            if watched:
                self._tell()
            return watched

    def _tell(self) -> None:
        assert self._shell.stdin is not None
        line = " ".join(f"{name}:{group}" for group, name in self._groups.items())
        with contextlib.suppress(BrokenPipeError):  # somebody ended the guard: nothing to be done
            self._shell.stdin.write(f"{line}\n".encode())
            self._shell.stdin.flush()
