"""The cast: as many processes of the service as a run wants, and who kills whom.

Whatever dies is started again at once, as a supervisor would, with the next point at which it is
to kill itself. The cast keeps count of the points that were really reached.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.tree import wait_for
from utils.failpoint import DELIVERY

_ROLES = {"reminder": "api", "callback": "api", "scheduler": "scheduler", "sweep": "scheduler"}
PATIENCE = float(os.environ.get("CHAOS_PATIENCE", "120"))
"""Seconds that anything may take on a machine that has other things to do."""


def role_of(point: str) -> str:
    """Which process passes by a point."""
    return _ROLES.get(point.partition(".")[0], "worker")


@dataclass(eq=False)
class Slot:
    """A place for one process; who stands in it changes with every death."""

    name: str
    role: str
    env: dict[str, str] = field(default_factory=dict)
    point: str = ""
    pid: int = 0
    starting: bool = False
    killed: bool = False
    deaths: int = 0
    kept_down: bool = False


class Cast:
    """The processes, started by a zygote (see there)."""

    def __init__(self, folder: Path, *, workers: int, schedulers: int) -> None:
        self.folder = folder
        self.slots = {
            f"{role}-{number}": Slot(f"{role}-{number}", role)
            for role, count in (("api", 1), ("scheduler", schedulers), ("worker", workers))
            for number in range(1, count + 1)
        }
        self.reached: dict[str, int] = dict.fromkeys(DELIVERY, 0)
        self.unexpected: list[str] = []
        self._to_reach: dict[str, deque[str]] = {}
        self._lock = threading.RLock()
        self._closing = False
        self._zygote: Any = None
        self._env: dict[str, str] = {}

    def born_of(self, zygote: subprocess.Popen[bytes], env: Mapping[str, str]) -> None:
        """Who starts the processes, and tells of their deaths; what they find around them."""
        self._zygote, self._env = zygote, dict(env)
        threading.Thread(target=self._listen, name="deaths", daemon=True).start()

    def close(self) -> None:
        """Start nobody any more."""
        with self._lock:
            self._closing = True

    def start(self) -> None:
        """Start everybody."""
        for slot in list(self.slots.values()):
            self._launch(slot)

    def arm(self, points: Sequence[str]) -> None:
        """The points at which processes are to kill themselves, one at each start: now, too."""
        with self._lock:
            for point in points:
                self._to_reach.setdefault(role_of(point), deque()).append(point)
            for slot in self.slots.values():
                if not slot.point and not slot.env:
                    self.kill(slot.name)

    def left_to_reach(self) -> list[str]:
        """The points at which nobody has died yet."""
        return [point for point, times in self.reached.items() if not times]

    def add(self, name: str, role: str, **env: str) -> Slot:
        """One more process, with settings of its own, until there is `calm`."""
        slot = Slot(name, role, dict(env))
        with self._lock:
            self.slots[name] = slot
            self._launch(slot)
        return slot

    def kill(self, name: str) -> None:
        """`kill -9`; somebody else is in its place a moment later."""
        with self._lock:
            slot = self.slots[name]
            if slot.pid or slot.starting:
                slot.killed = True
            self._signal(slot, signal.SIGKILL)

    def keep_down(self, role: str) -> None:
        """Kill all of a role and start none again, until `let_up`."""
        with self._lock:
            for slot in self._of(role):
                if not self.stands_still(slot):
                    slot.kept_down = True
                    self.kill(slot.name)
        wait_for(
            lambda: not any(s.pid or s.starting for s in self._of(role) if s.kept_down),
            f"no {role} to be left",
            PATIENCE,
        )

    def let_up(self, role: str) -> None:
        with self._lock:
            for slot in [slot for slot in self._of(role) if slot.kept_down]:
                slot.kept_down = False
                if not slot.pid and not slot.starting:
                    self._launch(slot)

    def calm(self) -> None:
        """Nobody kills itself any more: whoever is armed or stands still gives way to a new one."""
        with self._lock:
            self._to_reach.clear()
            for slot in self.slots.values():
                if slot.point or slot.env:
                    slot.env = {}
                    self.kill(slot.name)
        wait_for(lambda: all(s.pid and not s.point for s in self.slots.values()), "calm", PATIENCE)

    def stands_still(self, slot: Slot) -> bool:
        """True when a process has paused itself."""
        with contextlib.suppress(OSError, IndexError):
            state = Path(f"/proc/{slot.pid}/stat").read_text().rpartition(") ")[2].split()[0]
            return state == "T"
        return False

    def go_on(self, slot: Slot) -> None:
        """Continue a process that stands still; from now on it is one like the others."""
        with self._lock:
            slot.env = {}
            self._signal(slot, signal.SIGCONT)

    def _of(self, role: str) -> list[Slot]:
        return [slot for slot in self.slots.values() if slot.role == role]

    @staticmethod
    def _signal(slot: Slot, what: signal.Signals) -> None:
        if slot.pid > 0:  # 0 and less would be whole groups of processes
            with contextlib.suppress(ProcessLookupError):
                os.kill(slot.pid, what)

    def _launch(self, slot: Slot) -> None:
        """Ask for a process; who it is comes back by `_listen`."""
        waiting = self._to_reach.get(slot.role)
        slot.point = waiting.popleft() if waiting and not slot.env else ""
        slot.killed, slot.pid, slot.starting = False, 0, True
        crash = {"CARELOOP_CRASH_AT": slot.point} if slot.point else {}
        order = {
            "start": slot.name,
            "argv": ["cli.py", "serve" if slot.role == "api" else slot.role],
            "env": self._env | crash | slot.env,
            "log": str(self.folder / f"{slot.role}.log"),
        }
        self._zygote.stdin.write(json.dumps(order).encode() + b"\n")
        self._zygote.stdin.flush()

    def _listen(self) -> None:
        for line in self._zygote.stdout:
            with self._lock:
                if self._closing:
                    return
                self._heard(json.loads(line))

    def _note(self, what: str) -> None:
        with (self.folder / "stage.log").open("a") as log:
            log.write(f"{time.strftime('%H:%M:%S')} {what}\n")

    def _heard(self, news: dict[str, Any]) -> None:
        if "started" in news:
            slot = self.slots[news["started"]]
            slot.pid, slot.starting = news["pid"], False
            self._note(f"{slot.name} is {slot.pid} {slot.point}")
            if slot.killed:  # before anybody knew who it was
                self._signal(slot, signal.SIGKILL)
        elif "ended" in news:
            for slot in self.slots.values():
                if slot.pid == news["ended"]:
                    self._died(slot, news["code"])

    def _died(self, slot: Slot, code: int) -> None:
        self._note(f"{slot.name} ended with {code}{' (killed)' * slot.killed}")
        slot.deaths += 1
        slot.pid = 0
        if slot.point:
            itself = code == -signal.SIGKILL and not slot.killed
            if itself:
                self.reached[slot.point] += 1
            elif slot.role in self._to_reach:
                self._to_reach[slot.role].appendleft(slot.point)
        elif not slot.killed:
            self.unexpected.append(f"{slot.role} ended with {code}")
        if not slot.kept_down:
            self._launch(slot)
