"""The logins of production: the owner migrates, another serves, a third makes backups.

None is a superuser. To see these fail: leave `set_option` out of `_MAY_BECOME` in
`database/roles.py` (since PostgreSQL 16 whoever makes a role may not become it), let
`restore_roles` skip the establishments, or make the dump as `careloop_app`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2 import errors
from sqlalchemy import event, text

from config.settings import DatabaseSettings, Settings
from database.engine import DatabaseNotReady, OwningLogin, refuse_owning_login, service_engine
from supervisor.ports import free_port
from tests import http
from tests.conftest import ROOT
from tests.deploy.clusters import Cluster
from tests.tree import Tree, wait_for

PHONE = "+237650000077"
KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def environment(cluster: Cluster, **more: str) -> dict[str, str]:
    """What docker-compose.prod.yml gives to a container that serves."""
    return os.environ | {
        "ENVIRONMENT": "production",
        "DATABASE_URL": cluster.url("app"),
        "ENCRYPTION_KEYS": f"k1:{KEY}",
        "BLIND_INDEX_KEY": KEY,
        "PUBLIC_URL": "https://careloop.example",
        "PYTHONUNBUFFERED": "1",
        **more,
    }


def as_owner(cluster: Cluster, *command: str) -> str:
    """Run a command as the one-shot `migrate` service does, the only one that has the owner."""
    done = subprocess.run(
        [sys.executable, *command],
        check=False,
        cwd=ROOT,
        env=environment(cluster, DATABASE_OWNER_URL=cluster.url("owner")),
        text=True,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def asked(url: str) -> Iterator[Any]:
    """A cursor outside any transaction."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Migrated by the owner, with the two hospitals of `tests.template`."""
    cluster = Cluster.start(tmp_path_factory.mktemp("cluster"))
    try:
        as_owner(cluster, "-m", "tests.template")
        yield cluster
    finally:
        cluster.stop()


@contextmanager
def serving(cluster: Cluster, folder: Path) -> Iterator[Tree]:
    """API, scheduler and worker in production, as the login that owns nothing; a carrier."""
    api, simulator = free_port(), free_port()
    env = environment(
        cluster,
        PORT=str(api),
        TWILIO_API_URL=f"http://127.0.0.1:{simulator}",
        SMTP_PORT=str(free_port()),
        REDIS_URL=os.environ["REDIS_URL"],
        CARELOOP_DATA=str(folder),
        SIMULATOR_ACCOUNT_SID=os.environ["TWILIO_ACCOUNT_SID"],
        SIMULATOR_AUTH_TOKEN=os.environ["TWILIO_AUTH_TOKEN"],
        SIMULATOR_NUMBERS=os.environ["TWILIO_PHONE_NUMBER"],
    )
    tree = Tree(folder, env, api, simulator)
    try:
        tree.start("simulator", ENVIRONMENT="test")
        for process in ("api", "scheduler", "worker"):
            tree.start(process)
        tree.wait_until_up()
        yield tree
    finally:
        tree.stop()


def remind(tree: Tree, headers: dict[str, str], message: str) -> int:
    """Schedule a reminder for this moment; returns its number once it is on the phone."""
    answer = http.post(
        f"{tree.url}/api/v1/reminders",
        json={
            "message": message,
            "language": "french",
            "scheduled_time": (datetime.now(UTC) + timedelta(seconds=0.2)).isoformat(),
            "phone_number": PHONE,
        },
        headers=headers,
        timeout=10,
    )
    assert answer.status_code == 201, answer.text + tree.logs()
    wait_for(
        lambda: [entry["body"] for entry in tree.ledger(to=PHONE)].count(message) == 1,
        "the reminder on the phone",
    )
    return int(answer.json()["id"])


def test_the_whole_loop_without_any_special_login(cluster: Cluster, tmp_path: Path) -> None:
    with serving(cluster, tmp_path) as tree:
        remind(tree, tree.token(), "Rappel : 8 h")
        ready = http.get(f"{tree.url}/health/ready", timeout=10)
        assert ready.json() == {"status": "ok", "reasons": []}


@pytest.mark.parametrize(
    "statement",
    [
        "select * from shared.users",
        "select * from est_1.departments",
        "create table shared.mine (id int)",
        "create schema mine",
        "create role mine",
        "set role careloop_owner",
        "alter table shared.due disable row level security",
        "delete from shared.installation",
    ],
)
def test_the_serving_login_may_do_nothing_by_itself(cluster: Cluster, statement: str) -> None:
    with (
        asked(cluster.url("app")) as cursor,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        cursor.execute(statement)


def test_the_logins_have_no_power_of_their_own(cluster: Cluster) -> None:
    """Whatever they may do they are given: nothing is inherited, and strangers cannot connect."""
    with asked(cluster.url("owner")) as cursor:
        cursor.execute(
            "select rolname, rolinherit, rolcreaterole, rolsuper, rolcreatedb, rolbypassrls"
            " from pg_roles where rolname in"
            " ('careloop_app', 'careloop_backup', 'careloop_owner') order by rolname"
        )
        assert cursor.fetchall() == [
            ("careloop_app", False, False, False, False, False),
            ("careloop_backup", True, False, False, False, True),
            ("careloop_owner", False, True, False, False, False),
        ]
        cursor.execute("select has_database_privilege('public', current_database(), 'connect')")
        assert cursor.fetchone() == (False,)


def test_the_backup_login_changes_nothing(cluster: Cluster) -> None:
    with asked(cluster.url("backup")) as cursor:
        cursor.execute("select count(*) from shared.establishments")
        assert cursor.fetchone() == (2,)
        with pytest.raises(errors.InsufficientPrivilege):
            cursor.execute("delete from shared.establishments")


def test_each_role_is_granted_once_however_often_it_is_made(cluster: Cluster) -> None:
    def memberships() -> list[Any]:
        with asked(cluster.superuser_url) as cursor:
            cursor.execute(
                "select roleid, member, inherit_option, set_option from pg_auth_members"
                " join pg_roles on pg_roles.oid = roleid"
                " where rolname ~ '^careloop_[0-9a-f]{8}_' order by 1, 2, 4"
            )
            return list(cursor.fetchall())

    before = memberships()
    as_owner(cluster, "cli.py", "restore-roles")
    assert memberships() == before
    assert not any(inherits for _, _, inherits, _ in before)


def database_settings(url: str) -> DatabaseSettings:
    return DatabaseSettings(DATABASE_URL=url, DATABASE_POOL_SIZE=1)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Settings]:
    """The service's settings in some environment."""

    def make(name: str) -> Settings:
        for key, value in {
            "ENVIRONMENT": name,
            "ENCRYPTION_KEYS": f"k1:{KEY}",
            "BLIND_INDEX_KEY": KEY,
            "PUBLIC_URL": "https://careloop.example",
        }.items():
            monkeypatch.setenv(key, value)
        return Settings()

    return make


@pytest.mark.parametrize(
    ("login", "reason"), [("owner", "owns the database"), ("superuser", "is a superuser")]
)
def test_production_refuses_a_login_that_owns(
    cluster: Cluster, settings: Callable[[str], Settings], login: str, reason: str
) -> None:
    url = cluster.superuser_url if login == "superuser" else cluster.url(login)
    engine = service_engine(database_settings(url))
    with pytest.raises(OwningLogin, match=reason):
        refuse_owning_login(engine, settings("production"))
    engine.dispose()


def test_production_takes_the_login_that_owns_nothing(
    cluster: Cluster, settings: Callable[[str], Settings]
) -> None:
    engine = service_engine(database_settings(cluster.url("app")))
    refuse_owning_login(engine, settings("production"))
    with engine.connect() as connection:
        assert connection.scalar(text("select session_user")) == "careloop_app"
    engine.dispose()


def test_production_refuses_a_login_that_inherits(
    cluster: Cluster, settings: Callable[[str], Settings]
) -> None:
    with asked(cluster.superuser_url) as cursor:
        cursor.execute("select rolname from pg_roles where rolname ~ '^careloop_.*_est_1$'")
        role = cursor.fetchone()[0]
        cursor.execute(f'grant "{role}" to careloop_app with inherit true')
        engine = service_engine(database_settings(cluster.url("app")))
        with pytest.raises(OwningLogin, match="inherits the rights"):
            refuse_owning_login(engine, settings("production"))
        engine.dispose()
        cursor.execute(f'revoke "{role}" from careloop_app')
    as_owner(cluster, "cli.py", "restore-roles")


@pytest.mark.parametrize("login", ["superuser", "owner"])
def test_development_takes_one_login_for_everything(
    cluster: Cluster, settings: Callable[[str], Settings], login: str
) -> None:
    url = cluster.superuser_url if login == "superuser" else cluster.url(login)
    engine = service_engine(database_settings(url))
    refuse_owning_login(engine, settings("development"))
    with engine.connect() as connection:
        assert connection.scalar(text("select current_user")).endswith("_nobody")
    engine.dispose()


def test_a_database_that_was_away_at_the_start_is_looked_at_when_it_is_back(
    settings: Callable[[str], Settings], cluster: Cluster
) -> None:
    reachable = False

    def connect(*_: Any) -> Any:
        if not reachable:
            raise psycopg2.OperationalError("connection refused")
        return psycopg2.connect(cluster.url("owner"))

    engine = service_engine(database_settings(cluster.url("owner")))
    event.listen(engine, "do_connect", connect)
    refuse_owning_login(engine, settings("production"))
    reachable = True
    with pytest.raises(OwningLogin), engine.connect():
        pass
    engine.dispose()


def test_a_new_password_is_taken_when_the_script_runs_again(cluster: Cluster) -> None:
    old = cluster.url("backup")
    cluster.set_password("backup", "another one")
    assert cluster.run("10-logins.sh").returncode == 0
    psycopg2.connect(cluster.url("backup")).close()
    with pytest.raises(psycopg2.OperationalError, match="authentication failed"):
        psycopg2.connect(old)


def test_a_backup_on_a_fresh_cluster_serves_again(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    with serving(cluster, tmp_path / "old") as tree:
        number = remind(tree, tree.token(), "Avant la panne")
    made = cluster.run("backup.sh", "once")
    assert made.returncode == 0, made.stderr
    (dump,) = cluster.dumps()

    (tmp_path / "new").mkdir()
    fresh = Cluster.start(tmp_path / "new")
    try:
        (fresh.folder / "backups" / dump).write_bytes(
            (cluster.folder / "backups" / dump).read_bytes()
        )
        restored = fresh.run("restore.sh", dump)
        assert restored.returncode == 0, restored.stderr
        engine = service_engine(database_settings(fresh.url("app")))
        with pytest.raises(DatabaseNotReady), engine.connect():
            pass
        engine.dispose()

        assert (
            as_owner(fresh, "cli.py", "restore-roles") == "roles of 2 establishment(s) restored\n"
        )

        with serving(fresh, tmp_path / "new") as tree:
            headers = tree.token()
            kept = http.get(f"{tree.url}/api/v1/reminders/{number}", headers=headers, timeout=10)
            assert kept.json()["message"] == "Avant la panne"
            remind(tree, headers, "Après la panne")
        again = fresh.run("restore.sh", dump)
        assert again.returncode == 1
        assert "not empty" in again.stderr
    finally:
        fresh.stop()
