"""The stage: own servers, a carrier, and as many processes of the service as a run wants.

Whatever dies is started again at once, as a supervisor would, with the next point at which it is
to kill itself. The stage keeps count of the points that were really reached.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from supervisor.embedded import EmbeddedPostgres, EmbeddedRedis
from supervisor.spawn import spawn
from tests.conftest import ROOT, TEST_ENVIRONMENT
from tests.tree import answers, free_port, wait_for
from utils.failpoint import DELIVERY

LEASE, ASK_AFTER, SETTLE_AFTER = 4.0, 1.5, 10.0
"""Seconds: short, so that a run sees what takes minutes in earnest. What is not in the carrier's
list after `SETTLE_AFTER` is sent again: that is a lease, and twice as long as the longest call."""
CALL_TIMEOUT = 2.0
ENGINE = {
    "ENGINE_CLAIM_LEASE": str(LEASE),
    "ENGINE_SWEEP": "0.5",
    "ENGINE_POLL": "0.5",
    "ENGINE_ASK_AFTER": str(ASK_AFTER),
    "ENGINE_SETTLE_AFTER": str(SETTLE_AFTER),
    "ENGINE_BATCH": "20",
    "ENGINE_OUTSTANDING_BATCHES": "3",
    "ENGINE_CONCURRENCY": "8",
    "TWILIO_TIMEOUT": str(CALL_TIMEOUT),
    "EMAIL_TIMEOUT": str(CALL_TIMEOUT),
    "DATABASE_POOL_TIMEOUT": "3",
    "DATABASE_CONNECT_TIMEOUT": "3",
}
_ROLES = {"reminder": "api", "callback": "api", "scheduler": "scheduler", "sweep": "scheduler"}
PATIENCE = float(os.environ.get("CHAOS_PATIENCE", "120"))
"""Seconds that anything may take on a machine that has other things to do."""


def role_of(point: str) -> str:
    """Which process passes by a point."""
    return _ROLES.get(point.partition(".")[0], "worker")


@dataclass
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


class Stage:
    """Everything that runs. Use it as a context."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        *,
        workers: int = 3,
        schedulers: int = 2,
        postgres: Any = None,
    ) -> None:
        """`postgres`: another server than an embedded one, with `start`, `stop` and `url`."""
        self.folder = folder
        self.dice = random.Random(f"stage {seed}")
        self.postgres = postgres or EmbeddedPostgres(folder / "postgres")
        self.redis = EmbeddedRedis(folder / "redis")
        self.api_port, self.simulator_port = free_port(), free_port()
        self.slots = {
            f"{role}-{number}": Slot(f"{role}-{number}", role)
            for role, count in (("api", 1), ("scheduler", schedulers), ("worker", workers))
            for number in range(1, count + 1)
        }
        self.reached: dict[str, int] = dict.fromkeys(DELIVERY, 0)
        self.unexpected: list[str] = []
        self._to_reach: dict[str, deque[str]] = {}
        self._lock = threading.RLock()
        self._env: dict[str, str] = {}
        self._closing = False
        self._zygote: subprocess.Popen[bytes] | None = None
        self._interpreters: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def simulator_url(self) -> str:
        return f"http://127.0.0.1:{self.simulator_port}/simulator"

    def __enter__(self) -> Stage:
        try:
            self._set_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._closing = True
        for process in self._interpreters:
            process.kill()  # the kernel kills the zygote's children with it
            process.wait(10)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        self.postgres.stop()
        self.redis.stop()

    def _set_up(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor() as pool:
            database, queue = pool.submit(self.postgres.start), pool.submit(self.redis.start)
            database.result()
            queue.result()
        self._env = self._environment()
        self._zygote = self.interpreter("zygote", "-m", "tests.chaos.zygote", pipes=True)
        port = str(self.simulator_port)
        ports = ("--port", port, "--smtp-port", "-1", "--delivery-ms", "150")
        self.interpreter("simulator", "-m", "simulator", *ports)
        subprocess.run(
            [sys.executable, "-m", "tests.template"],
            cwd=ROOT,
            env=self._env,
            check=True,
            timeout=PATIENCE,
        )
        wait_for(lambda: answers(f"{self.simulator_url}/health"), "the carrier", PATIENCE)
        threading.Thread(target=self._listen, name="deaths", daemon=True).start()

    def _environment(self) -> dict[str, str]:
        base = {k: v for k, v in os.environ.items() if k not in ("DATABASE_OWNER_URL", "SMTP_HOST")}
        return (
            base
            | TEST_ENVIRONMENT
            | {
                "DATABASE_URL": self.postgres.url,
                "REDIS_URL": self.redis.url,
                "PORT": str(self.api_port),
                "PUBLIC_URL": self.url,
                "SIMULATOR_URL": f"http://127.0.0.1:{self.simulator_port}",
                "CARELOOP_DATA": str(self.folder / "data"),
                "SIMULATOR_ACCOUNT_SID": TEST_ENVIRONMENT["TWILIO_ACCOUNT_SID"],
                "SIMULATOR_AUTH_TOKEN": TEST_ENVIRONMENT["TWILIO_AUTH_TOKEN"],
                "SIMULATOR_NUMBERS": TEST_ENVIRONMENT["TWILIO_PHONE_NUMBER"],
                "SIMULATOR_SENDGRID_KEY": TEST_ENVIRONMENT["SENDGRID_API_KEY"],
                "PYTHONUNBUFFERED": "1",
            }
            | ENGINE
        )

    @property
    def env(self) -> dict[str, str]:
        """The settings of every process here."""
        return self._env

    def interpreter(
        self, name: str, *words: str, pipes: bool = False, **env: str
    ) -> subprocess.Popen[bytes]:
        """A Python of its own, that lives as long as the stage and is never started again."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = spawn(
                [sys.executable, *words],
                env=self._env | env,
                cwd=ROOT,
                stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipes else log,
                stderr=log,
            )
        self._interpreters.append(process)
        return process

    def ledger(self) -> list[dict[str, Any]]:
        """What the carrier accepted."""
        answer = httpx2.get(f"{self.simulator_url}/ledger", timeout=60)
        listed: list[dict[str, Any]] = answer.raise_for_status().json()
        return listed

    # ── processes ──

    def start(self) -> None:
        """Start every slot, armed with the first points."""
        for slot in list(self.slots.values()):
            self._launch(slot)
        wait_for(lambda: answers(f"{self.url}/health/live"), "the API", PATIENCE)

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
            "role": "serve" if slot.role == "api" else slot.role,
            "env": crash | slot.env,
            "log": str(self.folder / f"{slot.role}.log"),
        }
        assert self._zygote is not None
        assert self._zygote.stdin is not None
        self._zygote.stdin.write(json.dumps(order).encode() + b"\n")
        self._zygote.stdin.flush()

    def _listen(self) -> None:
        assert self._zygote is not None
        assert self._zygote.stdout is not None
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

    # ── servers ──

    def flush_redis(self) -> None:
        from redis import Redis

        with Redis.from_url(self.redis.url) as connection:
            connection.flushall()

    @contextlib.contextmanager
    def redis_hangs(self) -> Iterator[None]:
        """Redis takes what it is sent but answers nothing; later it carries everything out."""
        assert self.redis.pid is not None
        os.kill(self.redis.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.redis.pid, signal.SIGCONT)

    def restart(self, server: EmbeddedPostgres | EmbeddedRedis, away: float) -> None:
        """`kill -9` of a server, and the same again after some seconds."""
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        wait_for(lambda: server.pid is None, f"{server.name} to be gone", PATIENCE)
        time.sleep(away)
        server.revive()

    def logs(self) -> str:
        return "\n".join(
            f"== {path.name}\n{path.read_text('utf-8', 'replace')[-6000:]}"
            for path in sorted(self.folder.glob("*.log"))
        )
