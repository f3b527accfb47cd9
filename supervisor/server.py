"""What both embedded servers share: the folder, its lock, the bounded start and stop."""

import signal
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from supervisor.errors import ServerNotStartedError
from supervisor.files import FolderLock, kept_password, last_lines
from supervisor.ports import free_port
from supervisor.privilege import Identity, identity_for
from supervisor.spawn import Process, end, spawn, sweep

# After a kill -9 of the postmaster its children need a moment to notice and let go of the data.
START_SECONDS = 15.0
POLL_SECONDS = 0.01


class EmbeddedServer(ABC):
    """What both servers share: the folder, its lock, the process, the bounded start and stop."""

    name: ClassVar[str]
    death_signal: ClassVar[signal.Signals]
    stop_signal: ClassVar[signal.Signals]
    # Words in the log of a failed start that say: try again.
    passing: ClassVar[tuple[str, ...]] = ("Address already in use",)

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        """`durable=False` trades the data's safety for speed (no fsync): for tests only."""
        self.folder = folder.absolute()
        self.durable = durable
        self.port = 0
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self._lock = FolderLock(self.folder)
        self._process: Process | None = None
        self._identity = Identity()
        self._stopped = threading.Event()
        self._launching = threading.Lock()
        self._starting = threading.RLock()  # the start that fails stops what it began

    @property
    def password(self) -> str:
        """The password that is kept in the folder (0600)."""
        return kept_password(self.folder / "password")

    @property
    @abstractmethod
    def url(self) -> str:
        """Where a client connects; only meaningful while the server runs."""

    @property
    def pid(self) -> int | None:
        """The process id of the running server, else None."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running and self._process else None

    def start(self) -> str:
        """Start the server, wait until it answers, return its URL.

        Raises FolderInUseError when another process runs on the folder, and
        ServerNotStartedError with the end of the server's log when it does not answer in 15 s,
        or when another thread stops it meanwhile.
        """
        with self._starting:
            self._start()
        return self.url

    def _start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock.acquire()
        try:
            self._identity = identity_for(self.folder)
            self._prepare()
            self._launch_until_ready()
        except PermissionError as error:
            self.stop()
            raise ServerNotStartedError(self.name, f"{error.strerror}: {error.filename}") from None
        except BaseException:
            self.stop()
            raise

    def revive(self) -> None:
        """Start the server again, on the port that its clients know, after it ended by itself.

        Raises ServerNotStartedError when it does not answer within 15 s.
        """
        with self._starting:
            if self._process is not None:
                sweep(self._process)
            self._launch_until_ready(self.port)

    def stop(self, seconds: float = 10.0) -> None:
        """Stop the server for good: politely for `seconds`, then by force.

        Harmless when not running. A start in another thread is cut short and waited for: when
        this returns, nothing that it began is left.
        """
        self._stopped.set()
        with self._launching:
            process = self._process
        if process is not None:
            end(
                process,
                [
                    (self.stop_signal, seconds),
                    (signal.SIGQUIT, 1.0),
                    (signal.SIGKILL, 1.0),
                ],
            )
        with self._starting:
            self._process = None
            self._lock.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @abstractmethod
    def _prepare(self) -> None:
        """Make the data folder on first use and clear what an earlier run left."""

    @abstractmethod
    def _command(self) -> list[str]:
        """The server's own command line."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """True when it answers."""

    def _launch_until_ready(self, port: int = 0) -> None:
        """Try again, on a new port unless one is given: a lock may be stale, a port just taken."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            self.port = port or free_port()
            self._launch()
            if self._wait_until_ready(deadline):
                return
            self._give_up_unless_passing(deadline)
            time.sleep(0.2)

    def _give_up_unless_passing(self, deadline: float) -> None:
        assert self._process is not None
        written = last_lines(self.log)
        reason = f"no answer in {START_SECONDS:.0f} s"
        if (code := self._process.poll()) is not None:
            sweep(self._process)
            if any(words in written for words in self.passing) and time.monotonic() < deadline:
                return
            reason = f"it ended with code {code}"
        raise ServerNotStartedError(self.name, reason, self.log, written)

    def _launch(self) -> None:
        with self.log.open("wb") as log, self._launching:
            self._refuse_when_stopped()
            self._process = spawn(
                self._command(),
                death_signal=self.death_signal,
                launcher=self._identity.launcher,
                user=self._identity.user,
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _refuse_when_stopped(self) -> None:
        if self._stopped.is_set():
            raise ServerNotStartedError(self.name, "it was told to stop")

    def _wait_until_ready(self, deadline: float) -> bool:
        """True when it answers; False when it ended (its code says why in the log) or is late."""
        assert self._process is not None
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                return False
            if self._is_ready():
                return True
            time.sleep(POLL_SECONDS)
        return False
