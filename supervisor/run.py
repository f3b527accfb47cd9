"""What `make run` does: servers, preparation, services, banner, and an orderly end."""

import http.client
import signal
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from types import FrameType
from typing import TypeVar

from supervisor.banner import Banner
from supervisor.children import SERVICES, SIMULATOR, Wiring
from supervisor.embedded import EmbeddedPostgres, EmbeddedRedis
from supervisor.errors import PreparationError, ServerNotStartedError, SupervisorError
from supervisor.files import FolderLock
from supervisor.keys import (
    Login,
    ensure_login,
    ensure_secrets,
    forget_commands,
    has_database,
    tell_commands,
)
from supervisor.output import Output
from supervisor.ports import free_port, require_free
from supervisor.prepared import PreparedStamp
from supervisor.server import EmbeddedServer
from supervisor.settings import RunSettings, load
from supervisor.tree import SUCCESS, Tree

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
POLL_SECONDS = 0.02
WATCH_SECONDS = 0.2
# How long the service may take before the wait is said to be long; it is never given up.
PATIENCE_SECONDS = 20.0
# Shares of the five seconds in which everything has to be over; the services have three of them.
SIMULATOR_SECONDS, SERVER_SECONDS = 0.4, 0.7

FIRST_PREPARATION = "preparing the database: migrations, first establishment and administrator"

T = TypeVar("T")


class _StopRequestedError(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM."""


class Run:
    """One run, from the first check to the last process."""

    def __init__(self, settings: RunSettings, output: Output) -> None:
        self._settings = settings
        self._output = output
        self._began = time.monotonic()
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(thread_name_prefix="start")
        self._tree = Tree(output)
        self._servers: list[EmbeddedServer] = []
        self._folder_lock = FolderLock(settings.data)

    def run(self) -> None:
        """Run until a signal asks to stop. Raises SupervisorError when it cannot begin."""
        self._settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder_lock.acquire()
        require_free(self._settings.port)
        secrets = ensure_secrets(self._settings)
        login = ensure_login(self._settings)
        for number in STOP_SIGNALS:
            signal.signal(number, self._on_signal)
        try:
            wiring = self._start_servers(secrets, login)
            self._start_services(wiring)
            self._greet(login)
            self._watch_servers()
        except _StopRequestedError:
            self._output.say("stopping")
        finally:
            self._end()

    def _start_servers(self, secrets: dict[str, str], login: Login) -> Wiring:
        """PostgreSQL, Valkey and the simulator all at once; the simulator needs neither."""
        settings = self._settings
        if settings.own_database and not has_database(settings):
            self._output.say("first start: initialising PostgreSQL, a few seconds")
        database = self._url("DATABASE_URL", EmbeddedPostgres, "postgres")
        redis = self._url("REDIS_URL", EmbeddedRedis, "redis")
        ports = {"simulator_port": free_port(), "smtp_port": free_port()}
        early = Wiring(settings, secrets, login, "", "", **ports)
        self._tree.start(early.simulator())
        return Wiring(settings, secrets, login, self._wait(database), self._wait(redis), **ports)

    def _url(self, variable: str, kind: type[EmbeddedServer], folder: str) -> "Future[str]":
        """What the user has set, else the address of a server that is being started."""
        given = self._settings.given(variable)
        if given is not None:
            self._output.say(f"{kind.name}: using {variable}")
            future: Future[str] = Future()
            future.set_result(given)
            return future
        server = kind(self._settings.data / folder)
        self._servers.append(server)
        return self._pool.submit(server.start)

    def _start_services(self, wiring: Wiring) -> None:
        """Prepare the database, then run the services.

        The API need not wait when this very database has passed the same migrations before: it
        loads while `prepare` makes sure of it, and that halves a warm start.
        """
        tell_commands(self._settings, wiring.command_env())
        api, *others = wiring.services()
        stamp = PreparedStamp(self._settings)
        ready_before = stamp.is_current()
        self._output.say("preparing the database" if ready_before else FIRST_PREPARATION)
        ending = self._tree.run(wiring.prepare())
        if ready_before:
            self._tree.start(api)
        if (how := self._wait(ending)) != SUCCESS:
            stamp.remove()
            raise PreparationError(f"The database could not be prepared: `cli.py prepare` {how}.")
        stamp.write()
        for child in others if ready_before else (api, *others):
            self._tree.start(child)

    def _greet(self, login: Login) -> None:
        self._wait_until_alive()
        settings = self._settings
        simulated = settings.given("TWILIO_ACCOUNT_SID") is None
        banner = Banner(settings.url, login, settings.data, simulated=simulated)
        self._output.raw(banner.render(colour=self._output.colour))
        self._output.say(f"ready after {time.monotonic() - self._began:.1f} s")

    def _wait_until_alive(self) -> None:
        patience = time.monotonic() + PATIENCE_SECONDS
        while not self._wait(self._pool.submit(is_alive, self._settings.port)):
            if time.monotonic() > patience:
                self._output.say("still waiting for the API; its own lines say why", alarm=True)
                patience += PATIENCE_SECONDS
            self._pause(POLL_SECONDS)

    def _watch_servers(self) -> None:
        """Bring back a server that ended by itself, until somebody asks to stop."""
        while True:
            self._pause(WATCH_SECONDS)
            for server in self._servers:
                if server.pid is None:
                    self._output.say(f"{server.name} ended; starting it again", alarm=True)
                    self._revive(server)

    def _revive(self, server: EmbeddedServer) -> None:
        try:
            self._wait(self._pool.submit(server.revive))
        except ServerNotStartedError as error:
            self._output.say(str(error), alarm=True)
            self._pause(1.0)

    def _end(self) -> None:
        """End everything within five seconds: services first, then the simulator, servers last."""
        forget_commands(self._settings)
        self._tree.stop(*SERVICES, "prepare")
        self._tree.stop(SIMULATOR, polite_seconds=SIMULATOR_SECONDS)
        endings = [self._pool.submit(server.stop, SERVER_SECONDS) for server in self._servers]
        for ending in endings:
            ending.result()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._folder_lock.release()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stop.set()

    def _wait(self, future: "Future[T]") -> T:
        """The future's result, unless somebody asks to stop first."""
        while not future.done():
            self._pause(POLL_SECONDS)
        return future.result()

    def _pause(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise _StopRequestedError


def is_alive(port: int) -> bool:
    """Whether the API answers `GET /health/live` with 200, within one second."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main() -> int:
    """Exit code 0 after an orderly stop, 1 with one clear line when it cannot begin."""
    output = Output()
    try:
        Run(load(), output).run()
    except SupervisorError as error:
        print(output.paint(f"careloop: {error}", "31"), file=sys.stderr)  # noqa: T201 - no log yet
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
