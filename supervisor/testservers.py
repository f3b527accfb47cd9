"""PostgreSQL and Valkey for a test run: in a temporary folder, fast rather than durable.

`TEST_DATABASE_URL` and `TEST_REDIS_URL` name servers to use instead. `DATABASE_URL` and
`REDIS_URL` are never read: tests must not be able to touch data that somebody cares for.
"""

import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from supervisor.embedded import EmbeddedPostgres, EmbeddedRedis
from supervisor.server import EmbeddedServer

STOP_SECONDS = 5.0


@dataclass
class TestServers:
    """Where the tests' servers answer; `stop()` ends those that were started and their data."""

    __test__ = False  # the name is not a test class, whatever pytest thinks of it

    database_url: str
    redis_url: str
    _started: list[EmbeddedServer] = field(default_factory=list, repr=False)
    _folder: Path | None = field(default=None, repr=False)

    def stop(self) -> None:
        """End what was started here and remove its folder. May be called twice."""
        while self._started:
            self._started.pop().stop(STOP_SECONDS)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def start_test_servers() -> TestServers:
    """Start what is not given by the environment, both at once (about a second).

    Raises ServerNotStartedError with the end of the server's log.
    """
    database_url = os.environ.get("TEST_DATABASE_URL")
    redis_url = os.environ.get("TEST_REDIS_URL")
    if database_url and redis_url:
        return TestServers(database_url, redis_url)
    folder = Path(tempfile.mkdtemp(prefix="careloop-test-"))
    servers = TestServers(database_url or "", redis_url or "", _folder=folder)
    wanted: dict[str, EmbeddedServer] = {}
    if not database_url:
        wanted["database_url"] = EmbeddedPostgres(folder / "postgres", durable=False)
    if not redis_url:
        wanted["redis_url"] = EmbeddedRedis(folder / "redis", durable=False)
    servers._started.extend(wanted.values())
    try:
        with ThreadPoolExecutor() as pool:
            starts = {name: pool.submit(server.start) for name, server in wanted.items()}
        for name, start in starts.items():
            setattr(servers, name, start.result())
    except BaseException:
        servers.stop()
        raise
    return servers
