"""Real servers for the tests: one PostgreSQL and one Valkey a run, one database a process.

The controlling process starts them (or takes `TEST_DATABASE_URL` and `TEST_REDIS_URL`), migrates a
template once, and every process clones it. Nothing here reads `DATABASE_URL`: it is overwritten
before the settings are read for the first time.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import hypothesis
import psycopg2
import pytest
from pytest_socket import enable_socket, socket_allow_hosts

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "careloop_template"
TEST_ENVIRONMENT = {
    "ENVIRONMENT": "test",
    "SECRET_KEY": "a-secret-key-for-tests-only-0123456789",
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "a-token-for-tests",
    "TWILIO_PHONE_NUMBER": "+15005550006",
    "SENDGRID_API_KEY": "SG.tests",
    "EMAIL_FROM": "rappel@hopital.example",
    "RATE_LIMIT": "100000/minute",
    "RATE_LIMIT_ANONYMOUS": "100000/minute",
    "RATE_LIMIT_LOGIN": "100000/minute",
    "LOG_LEVEL": "INFO",
    "LOG_FORMAT": "json",
}
_UNWANTED = ("DATABASE_OWNER_URL", "SMTP_HOST", "SIMULATOR_URL", "PUBLIC_URL", "SENTRY_DSN")


def with_database(url: str, name: str) -> str:
    """The URL of another database on the same server."""
    return url.rpartition("/")[0] + "/" + name


def execute(url: str, *statements: str) -> None:
    """Run statements outside a transaction, as CREATE DATABASE needs."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()


def clone_database(name: str) -> str:
    """A fresh copy of the migrated template; returns its URL."""
    server = os.environ["CARELOOP_TEST_SERVER"]
    execute(server, f'drop database if exists "{name}" with (force)')
    execute(server, f'create database "{name}" template "{os.environ["CARELOOP_TEST_TEMPLATE"]}"')
    return with_database(server, name)


# On a busy machine any example can take long: a slow one is not a wrong one.
hypothesis.settings.register_profile("careloop", deadline=None)
hypothesis.settings.load_profile("careloop")


def pytest_configure(config: pytest.Config) -> None:
    os.environ.update(TEST_ENVIRONMENT)
    for name in _UNWANTED:
        os.environ.pop(name, None)
    worker_input = getattr(config, "workerinput", None)
    if worker_input is None:
        _start_servers(config)
    worker = worker_input["workerid"] if worker_input else "main"
    run = os.environ["CARELOOP_TEST_TEMPLATE"].rpartition("_")[2]
    os.environ["DATABASE_URL"] = clone_database(f"careloop_{run}_{worker}")
    number = int(worker.removeprefix("gw")) if worker_input else 15
    os.environ["REDIS_URL"] = with_database(os.environ["CARELOOP_TEST_REDIS"], str(number % 16))
    os.environ["CARELOOP_DATA"] = f"{os.environ['CARELOOP_TEST_FOLDER']}/{worker}"


def _start_servers(config: pytest.Config) -> None:
    from supervisor.testservers import start_test_servers

    servers = start_test_servers()
    config.add_cleanup(servers.stop)
    template = f"{TEMPLATE}_{secrets.token_hex(3)}"
    execute(servers.database_url, f'create database "{template}"')
    os.environ["CARELOOP_TEST_SERVER"] = servers.database_url
    os.environ["CARELOOP_TEST_REDIS"] = servers.redis_url
    os.environ["CARELOOP_TEST_TEMPLATE"] = template
    os.environ["CARELOOP_TEST_FOLDER"] = f"/tmp/careloop-tests-{os.getpid()}"
    # A process of its own: the template must have no connection left when it is cloned.
    subprocess.run(
        [sys.executable, "-m", "tests.template"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": with_database(servers.database_url, template)},
        check=True,
        timeout=60,
    )


@pytest.fixture(autouse=True)
def _loopback_only() -> Iterator[None]:
    """Nothing leaves this machine."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    yield
    enable_socket()


pytest_plugins = ["tests.fixtures", "tests.simulator.simulator_fixtures"]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes do not name a test: random or dated ones would name it anew in each process."""
    return argname if isinstance(val, bytes) else None


# Files that start services and wait for them: minutes in all, of which the machine rests a third.
_LONG = ("web", "integration", "chaos", "bench", "deploy/test_role_split.py", "supervisor")
_SHORT_FOR_EACH_LONG = 3


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, with short ones in between; the order within a file stays.

    Processes take files in this order. What is long must not come last, where the others have
    nothing left to do; nor all at once, where all wait for the same machine and then it rests.
    """
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    long = [path for one in _LONG for path in files if path.is_relative_to(ROOT / "tests" / one)]
    short = iter([path for path in files if path not in long])
    order: list[Path] = []
    for path in long:
        order += [path, *islice(short, _SHORT_FOR_EACH_LONG)]
    items[:] = [item for path in [*order, *short] for item in files[path]]
