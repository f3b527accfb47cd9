"""Real servers: what they keep, what they refuse, and how they end."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from supervisor import privilege
from supervisor import server as shared
from supervisor.embedded import EmbeddedPostgres, EmbeddedRedis
from supervisor.errors import FolderInUseError, ServerNotStartedError
from supervisor.server import EmbeddedServer
from supervisor.testservers import start_test_servers
from tests.supervisor.process_helpers import ROOT, is_alive, nobody_left, wait_for

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop to somebody else")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="parent-death signals are Linux's")


def query(url: str, sql: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def test_postgres_is_as_promised_and_keeps_its_data(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    with EmbeddedPostgres(folder) as server:
        settings = "select current_setting('TimeZone'), current_setting('max_connections'), "
        settings += "current_setting('server_encoding'), datlocale, current_setting('fsync') "
        settings += "from pg_database where datname = current_database()"
        assert query(server.url, settings) == [("UTC", "200", "UTF8", "C.UTF-8", "on")]
        owner = "select rolsuper, pg_get_userbyid(datdba) from pg_database, pg_roles"
        owner += " where datname = current_database() and rolname = current_user"
        assert query(server.url, owner) == [(True, "careloop")]
        query(server.url, "create table kept as select 1 as one")
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(server.url.replace(server.password, "wrong"))
    assert nobody_left(folder) == []
    with EmbeddedPostgres(folder) as server:
        assert query(server.url, "select one from kept") == [(1,)]
    assert stat.S_IMODE((folder / "password").stat().st_mode) == 0o600


def test_postgres_starts_again_after_its_postmaster_was_killed(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres")
    url = server.start()
    query(url, "create table kept as select generate_series(1, 1000)")
    session = psycopg2.connect(url)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    session.close()
    with EmbeddedPostgres(tmp_path / "postgres") as server:
        assert query(server.url, "select count(*) from kept") == [(1000,)]


def test_a_postmaster_that_is_frozen_is_ended_all_the_same(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", durable=False)
    server.start()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)
    server.stop(seconds=0.2)
    assert nobody_left(tmp_path) == []


@pytest.mark.parametrize("seen", ["data.new/global", "data/postmaster.pid"])
def test_a_start_that_is_stopped_leaves_nobody(tmp_path: Path, seen: str) -> None:
    """In the middle of initdb, and while the server comes up."""
    server = EmbeddedPostgres(tmp_path / "postgres", durable=False)
    with ThreadPoolExecutor() as pool:
        start = pool.submit(server.start)
        assert wait_for((server.folder / seen).exists)
        server.stop(seconds=0.5)
        assert nobody_left(tmp_path, 0) == []
        assert start.exception() is not None
    with EmbeddedPostgres(tmp_path / "postgres", durable=False) as again:
        assert query(again.url, "select 1") == [(1,)]


def test_a_process_number_that_now_belongs_to_another_program_is_no_obstacle(
    tmp_path: Path,
) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", durable=False)
    server.start()
    server.stop()
    stale = tmp_path / "postgres" / "data" / "postmaster.pid"
    with subprocess.Popen(["sleep", "60"]) as another:
        stale.write_text(f"{another.pid}\n{tmp_path}\n0\n0\n\n127.0.0.1\n")
        with EmbeddedPostgres(tmp_path / "postgres", durable=False) as again:
            assert query(again.url, "select 1") == [(1,)]
        assert another.poll() is None
        another.kill()


def test_redis_keeps_its_data_and_asks_for_the_password(tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    with EmbeddedRedis(folder) as server, redis.Redis.from_url(server.url) as client:
        client.set("kept", "yes")
        stranger = redis.Redis(port=server.port, retry=Retry(NoBackoff(), 0))
        with stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
    assert nobody_left(folder) == []
    with EmbeddedRedis(folder) as server, redis.Redis.from_url(server.url) as client:
        assert client.get("kept") == b"yes"
    assert stat.S_IMODE((folder / "valkey.conf").stat().st_mode) == 0o600


def test_no_password_stands_on_a_command_line(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "p", durable=False) as p, EmbeddedRedis(tmp_path / "r") as r:
        commands = [Path(f"/proc/{s.pid}/cmdline").read_text() for s in (p, r)]
        assert all(commands)
        assert not [c for c in commands if p.password in c or r.password in c]


@pytest.mark.parametrize("kind", [EmbeddedPostgres, EmbeddedRedis])
def test_one_folder_serves_one_process(tmp_path: Path, kind: type[EmbeddedServer]) -> None:
    second = kind(tmp_path / "data", durable=False)
    taken = pytest.raises(FolderInUseError, match=f"in use by .*{os.getpid()}")
    with kind(tmp_path / "data", durable=False), taken:
        second.start()


def test_a_server_comes_back_on_its_own_port(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / "redis") as server:
        url = server.url
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        wait_for(lambda: server.pid is None)
        server.revive()
        with redis.Redis.from_url(url) as client:
            assert client.ping()


def test_a_server_that_cannot_start_says_why_at_once(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", durable=False)
    server.start()
    server.stop()
    (server.data / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(ServerNotStartedError, match=r"(?s)ended with code.*incompatible"):
        EmbeddedPostgres(tmp_path / "postgres", durable=False).start()
    assert nobody_left(tmp_path) == []


def test_a_port_that_was_taken_meanwhile_is_not_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedRedis(tmp_path / "first") as first:
        offered = iter([first.port, first.port])
        real = shared.free_port
        monkeypatch.setattr(shared, "free_port", lambda: next(offered, None) or real())
        with EmbeddedRedis(tmp_path / "second") as second:
            assert second.port != first.port


PARENT = """
    import sys, time
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path
    from supervisor import spawn
    from supervisor.embedded import EmbeddedPostgres, EmbeddedRedis
    servers = [EmbeddedPostgres(Path(sys.argv[1]) / "p", durable=False),
               EmbeddedRedis(Path(sys.argv[1]) / "r")]
    with ThreadPoolExecutor() as pool:  # its threads end: the servers must not
        list(pool.map(lambda server: server.start(), servers))
    if sys.argv[2] == "kernel alone":
        spawn._the_forker().guard._shell.kill()
    time.sleep(0.3)
    print(*(server.pid for server in servers), flush=True)
    time.sleep(60)
"""


@on_linux
@pytest.mark.parametrize("net", ["kernel alone", "kernel and guard"])
def test_a_parent_that_is_killed_leaves_no_server_behind(tmp_path: Path, net: str) -> None:
    command = [sys.executable, "-c", textwrap.dedent(PARENT), str(tmp_path), net]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        servers = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(servers) == 2
        assert all(is_alive(pid) for pid in servers)
        parent.kill()
    assert nobody_left(tmp_path) == []
    with EmbeddedPostgres(tmp_path / "p", durable=False) as again:
        assert query(again.url, "select 1") == [(1,)]


@as_root
@pytest.mark.parametrize("namespaces", [True, False])
def test_root_in_a_folder_that_only_root_can_enter(
    monkeypatch: pytest.MonkeyPatch, namespaces: bool
) -> None:
    if namespaces and not privilege.namespaces_allowed():
        pytest.skip("this machine forbids user namespaces")
    monkeypatch.setattr(privilege, "namespaces_allowed", lambda: namespaces)
    with tempfile.TemporaryDirectory(prefix="careloop-", dir=Path.home()) as closed:
        assert stat.S_IMODE(Path(closed).stat().st_mode) == 0o700
        for _ in ("first", "again"):
            with EmbeddedPostgres(Path(closed) / "postgres", durable=False) as server:
                assert query(server.url, "select 1") == [(1,)]
                owner = 0 if namespaces else privilege.pwd.getpwnam("nobody").pw_uid
                assert server.data.stat().st_uid == owner
        assert nobody_left(Path(closed)) == []


def test_servers_for_tests_never_touch_what_is_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://precious")
    monkeypatch.setenv("REDIS_URL", "redis://precious")
    monkeypatch.setenv("TEST_REDIS_URL", "redis://given")
    monkeypatch.delenv("TEST_DATABASE_URL", raising=False)
    servers = start_test_servers()
    try:
        assert servers.redis_url == "redis://given"
        assert query(servers.database_url, "show fsync") == [("off",)]
        folder = servers._folder
    finally:
        servers.stop()
    assert folder is not None
    assert not folder.exists()
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://given")
    assert start_test_servers().database_url == "postgresql://given"
