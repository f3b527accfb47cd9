"""A supervised process tree: children that are restarted, heard, and never left behind."""

import subprocess
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from typing import IO

from supervisor.output import Output
from supervisor.spawn import Process, spawn, sweep

# Back-off between restarts, in seconds: doubles, and starts anew after a healthy while.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
HEALTHY_SECONDS = 30.0
# A child has this long after SIGTERM; the promise is that everything is over within 5 s.
POLITE_SECONDS = 3.0
KILL_SECONDS = 0.5
# A grandchild may hold a pipe open after its parent's end; nobody waits longer for its words.
LAST_WORDS_SECONDS = 1.0
LONGEST_LINE = 1 << 20


@dataclass(frozen=True)
class Child:
    """One program of the tree. `env` is the whole environment and may hold secrets: not shown."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    cwd: Path | None = None
    restart: bool = True


class _Keeper:
    """Keeps one child running from a thread of its own, until told to stop."""

    def __init__(self, child: Child, output: Output) -> None:
        self.child = child
        self._output = output
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._process: Process | None = None
        self.ended: Future[str] = Future()
        self._thread = threading.Thread(target=self._keep, name=child.name, daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def signal(self, number: Signals) -> None:
        """Stop restarting, and send the signal when the child runs."""
        self._stopping.set()
        with self._lock:
            if self._process is not None:
                self._process.send_signal(number)

    def ended_within(self, seconds: float) -> bool:
        self._thread.join(max(0.0, seconds))
        return not self._thread.is_alive()

    def _keep(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            ending = self._run_once()
            if self._stopping.is_set() or not self.child.restart:
                self.ended.set_result(ending)
                return
            lived = time.monotonic() - began
            pause = FIRST_PAUSE if lived >= HEALTHY_SECONDS else pause
            self._output.say(
                f"{self.child.name} {ending} after {lived:.1f} s; starting it again in {pause:g} s",
                alarm=True,
            )
            self._stopping.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _run_once(self) -> str:
        """Run the child to its end; return how it ended, in words."""
        with self._lock:
            if self._stopping.is_set():
                return "was stopped"
            try:
                self._process = start(self.child)
            except OSError as error:
                return f"could not be started ({error})"
        return how_it_ended(listen(self._process, self.child.name, self._output))


class Tree:
    """The children together."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._keepers: dict[str, _Keeper] = {}

    def start(self, child: Child) -> None:
        """Start a child and keep it running: a crash is one visible line, then a restart."""
        self._keepers[child.name] = _Keeper(child, self._output)

    def run(self, child: Child) -> "Future[str]":
        """Start a child that ends by itself; the future tells how it ended, in words."""
        keeper = self._keepers[child.name] = _Keeper(replace(child, restart=False), self._output)
        return keeper.ended

    def pids(self) -> dict[str, int]:
        """The process ids of the children that run just now."""
        found = {name: keeper.pid for name, keeper in self._keepers.items()}
        return {name: pid for name, pid in found.items() if pid is not None}

    def stop(self, *names: str, polite_seconds: float = POLITE_SECONDS) -> None:
        """End the named children (all when none is named): SIGTERM, later SIGKILL. Bounded."""
        keepers = [self._keepers.pop(name, None) for name in names or list(self._keepers)]
        left = [keeper for keeper in keepers if keeper is not None]
        for number, seconds in ((SIGTERM, polite_seconds), (SIGKILL, KILL_SECONDS)):
            for keeper in left:
                keeper.signal(number)
            left = _still_alive(left, seconds)
        for keeper in left:
            self._output.say(f"{keeper.child.name} could not be ended", alarm=True)


def _still_alive(keepers: Iterable[_Keeper], seconds: float) -> list[_Keeper]:
    deadline = time.monotonic() + seconds
    return [each for each in keepers if not each.ended_within(deadline - time.monotonic())]


def start(child: Child) -> Process:
    """Start the program with its two streams merged into one pipe."""
    return spawn(
        child.argv,
        env=child.env,
        cwd=child.cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def listen(process: Process, name: str, output: Output) -> int:
    """Pass on every line that the process writes until it ends; return its exit code."""
    assert process.stdout is not None
    reader = threading.Thread(
        target=_pass_on, args=(process.stdout, name, output), name=f"{name} lines", daemon=True
    )
    reader.start()
    code = process.wait()
    sweep(process)
    reader.join(LAST_WORDS_SECONDS)
    return code


def _pass_on(lines: IO[bytes], name: str, output: Output) -> None:
    with lines:
        while line := lines.readline(LONGEST_LINE):
            output.line(name, line)


SUCCESS = "ended with code 0"


def how_it_ended(code: int) -> str:
    """An exit code in words: `ended with code 3`, `was ended by SIGKILL`."""
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
