"""Real processes of the service for tests, forked from one that has imported everything.

Each test process has one zygote (`tests/zygote.py`), started when it is first needed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

BIRTH_SECONDS = 60.0


class Born:
    """A process that the zygote started: of `subprocess.Popen`, what the tests ask of it."""

    def __init__(self) -> None:
        self.pid = 0
        self.returncode: int | None = None
        self._born, self._ended = threading.Event(), threading.Event()

    def started(self, pid: int) -> None:
        self.pid = pid
        self._born.set()

    def ended(self, code: int) -> None:
        self.returncode = code
        self._ended.set()

    def wait_until_born(self) -> None:
        assert self._born.wait(BIRTH_SECONDS), "the zygote has started nothing"

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self.returncode

    def wait(self, seconds: float) -> int:
        """Its exit code, once it has ended; raises `TimeoutError`."""
        if not self._ended.wait(seconds):
            raise TimeoutError(f"process {self.pid} still runs after {seconds} s")
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, what: signal.Signals) -> None:
        if self.returncode is None and self.pid > 0:  # 0 and less would be whole groups
            os.kill(self.pid, what)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Nursery:
    """Gives orders to the zygote and hears what became of its children. Thread-safe."""

    def __init__(self) -> None:
        self._children: dict[str, Born] = {}
        self._lock = threading.Lock()
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.zygote"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        threading.Thread(target=self._listen, name="nursery", daemon=True).start()

    def start(self, argv: Sequence[str], env: Mapping[str, str], log: Path) -> Born:
        """Start a process; returns when it has a number."""
        child = Born()
        with self._lock:
            name = str(len(self._children))
            self._children[name] = child
            order = {"start": name, "argv": list(argv), "env": dict(env), "log": str(log)}
            assert self._zygote.stdin is not None
            self._zygote.stdin.write(json.dumps(order).encode() + b"\n")
            self._zygote.stdin.flush()
        child.wait_until_born()
        return child

    def _listen(self) -> None:
        assert self._zygote.stdout is not None
        for line in self._zygote.stdout:
            self._heard(json.loads(line))

    def _heard(self, news: dict[str, Any]) -> None:
        if "started" in news:
            self._children[news["started"]].started(news["pid"])
        elif "ended" in news:
            # A number may be given out again: the youngest that bears it is the one that ended.
            for child in reversed(self._children.values()):
                if child.pid == news["ended"] and child.poll() is None:
                    child.ended(news["code"])
                    return


@lru_cache(maxsize=1)
def nursery() -> Nursery:
    """This test process's nursery. At its end the pipe closes, and the zygote's children die."""
    return Nursery()
