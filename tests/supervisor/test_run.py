"""`python -m supervisor` as a person starts it, with small stand-ins for the service."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg2
import pytest
from dotenv import dotenv_values

from supervisor.ports import free_port
from tests.supervisor.process_helpers import nobody_left, wait_for
from tests.supervisor.service_standins import make_root

END_SECONDS = 5.0


class Careloop:
    """One `make run` in a root of its own."""

    def __init__(self, root: Path, **env: str) -> None:
        self.root, self.data, self.port = root, root / ".careloop", free_port()
        base = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        self._log = root / "out"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "supervisor"],
                cwd=root,
                env=base | {"PORT": str(self.port)} | env,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def text(self) -> str:
        return self._log.read_text()

    def says(self, pattern: str) -> re.Match[str] | None:
        def found() -> re.Match[str] | None:
            return re.search(pattern, self.text)

        wait_for(lambda: found() or self.process.poll() is not None)
        return found()

    def ended_by(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(END_SECONDS)

    def env_of(self, command: str) -> dict[str, str]:
        return json.loads((self.data / f"{command}.env.json").read_text())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path / "root")


@contextlib.contextmanager
def running(root: Path, **env: str) -> Iterator[Careloop]:
    careloop = Careloop(root, **env)
    try:
        yield careloop
    finally:
        careloop.process.kill()
        careloop.process.wait()
        assert nobody_left(root) == []


def test_a_run_from_the_first_start_to_ctrl_c(root: Path) -> None:
    (root / ".env").write_text("FROM_FILE=yes\nPORT=1\nSMTP_HOST=\n")
    with running(root) as careloop:
        assert careloop.says("ready after"), careloop.text
        assert "initialising" in careloop.text
        assert f"http://127.0.0.1:{careloop.port}/docs" in careloop.text
        serve, prepare = careloop.env_of("serve"), careloop.env_of("prepare")
        url = f"http://127.0.0.1:{careloop.port}"
        assert serve["PUBLIC_URL"] == url
        assert (serve["FROM_FILE"], serve["ENVIRONMENT"]) == ("yes", "development")
        assert serve["PORT"] == str(careloop.port)
        assert "CARELOOP_ADMIN_PASSWORD" not in serve
        assert prepare["CARELOOP_ADMIN_PASSWORD"] in careloop.text
        assert re.fullmatch(r"k1:[A-Za-z0-9+/]{43}=", serve["ENCRYPTION_KEYS"])
        simulator = json.loads((careloop.data / "simulator.db.json").read_text())
        assert simulator["env"]["SIMULATOR_AUTH_TOKEN"] == serve["TWILIO_AUTH_TOKEN"]
        assert simulator["env"]["SIMULATOR_SMS_WEBHOOK"] == f"{url}/webhooks/twilio/sms"
        assert not {"DATABASE_URL", "SECRET_KEY"} & set(simulator["env"])
        assert f"--smtp-port {serve['SMTP_PORT']}" in " ".join(simulator["argv"])
        assert serve["SECRET_KEY"] not in careloop.text
        for name in ("secrets.env", "admin.env", "running.env"):
            assert stat.S_IMODE((careloop.data / name).stat().st_mode) == 0o600
        told = dotenv_values(
            careloop.data / "running.env"
        )  # what a command in a second shell needs
        needed = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ENCRYPTION_KEYS", "BLIND_INDEX_KEY")
        assert [told[name] for name in needed] == [serve[name] for name in needed]
        with contextlib.closing(psycopg2.connect(serve["DATABASE_URL"])) as connection:
            assert connection.info.dbname == "careloop"
        assert careloop.ended_by(signal.SIGINT) == 0
        assert nobody_left(root, 0) == []
        assert not (careloop.data / "running.env").exists()

    with running(root) as again:
        assert again.says("ready after"), again.text
        assert "initialising" not in again.text
        kept = ("SECRET_KEY", "ENCRYPTION_KEYS", "BLIND_INDEX_KEY", "TWILIO_AUTH_TOKEN")
        assert [again.env_of("serve")[name] for name in kept] == [serve[name] for name in kept]
        assert again.ended_by(signal.SIGTERM) == 0


def test_the_stubborn_do_not_hold_up_ctrl_c(root: Path) -> None:
    with running(root, STUBBORN="1") as careloop:
        assert careloop.says("ready after"), careloop.text
        assert careloop.ended_by(signal.SIGINT) == 0
        assert nobody_left(root, 0) == []


def test_ctrl_c_in_the_middle_of_the_first_start(root: Path) -> None:
    with running(root) as careloop:
        assert careloop.says("initialising")
        assert careloop.ended_by(signal.SIGINT) == 0
        assert nobody_left(root, 0) == []
    with running(root) as again:
        assert again.says("ready after"), again.text


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the guard does its best")
def test_a_killed_supervisor_leaves_nothing_and_the_next_start_works(root: Path) -> None:
    with running(root) as careloop:
        assert careloop.says("ready after"), careloop.text
        careloop.process.kill()
        assert nobody_left(root) == []
    with running(root) as again:
        assert again.says("ready after"), again.text


def test_a_server_that_ends_is_brought_back(root: Path) -> None:
    with running(root) as careloop:
        assert careloop.says("ready after"), careloop.text
        pid = (careloop.data / "postgres" / "data" / "postmaster.pid").read_text().split()[0]
        os.kill(int(pid), signal.SIGKILL)
        assert careloop.says("PostgreSQL ended; starting it again")

        def answers() -> bool:
            with contextlib.suppress(psycopg2.OperationalError):
                psycopg2.connect(careloop.env_of("serve")["DATABASE_URL"]).close()
                return True
            return False

        assert wait_for(answers), careloop.text


def refused(root: Path, **env: str) -> str:
    """The one line of a start that is refused."""
    with running(root, **env) as careloop:
        assert careloop.process.wait(20) == 1
        (line,) = careloop.text.splitlines()
        return line


def test_a_taken_port_is_one_clear_line(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = refused(root, PORT=str(port))
    assert f"Port {port} cannot be used (already in use)" in line
    assert "PORT=" in line
    assert not (root / ".careloop" / "postgres").exists()
    assert "PORT is 'eighty'" in refused(root, PORT="eighty")


def test_a_second_start_on_the_same_folder_is_one_clear_line(root: Path) -> None:
    with running(root) as first:
        assert first.says("ready after"), first.text
        command = [sys.executable, "-m", "supervisor"]
        env = {"PATH": os.environ["PATH"], "PORT": str(free_port())}
        second = subprocess.run(
            command, cwd=root, env=env, capture_output=True, text=True, timeout=20, check=False
        )
        assert second.returncode == 1
        assert len(second.stderr.splitlines()) == 1
        assert f"in use by another Careloop (process {first.process.pid})" in second.stderr
        assert first.process.poll() is None


def test_lost_secrets_are_not_made_anew_beside_data(root: Path) -> None:
    (root / ".careloop" / "postgres" / "data").mkdir(parents=True)
    assert "secrets.env is missing" in refused(root)
    assert not (root / ".careloop" / "secrets.env").exists()


def test_given_servers_and_providers_win(root: Path) -> None:
    given = {
        "DATABASE_URL": "postgresql://given",
        "REDIS_URL": "redis://given",
        "CARELOOP_ADMIN_EMAIL": "chief@hospital.example",
        "CARELOOP_ADMIN_PASSWORD": "chosen by me",
        "TWILIO_ACCOUNT_SID": "ACreal",
        "SMTP_HOST": "mail.hospital.example",
    }
    with running(root, **given) as careloop:
        assert careloop.says("ready after"), careloop.text
        serve = careloop.env_of("serve")
        assert {name: serve.get(name, given[name]) for name in given} == given
        assert serve["TWILIO_API_URL"] == "https://api.twilio.com"
        assert "SENDGRID_API_KEY" not in serve
        assert not (careloop.data / "postgres").exists()
        assert not (careloop.data / "redis").exists()
        assert "chosen by me" not in (careloop.data / "admin.env").read_text()
        assert careloop.env_of("prepare")["CARELOOP_ADMIN_EMAIL"] == "chief@hospital.example"


def test_the_api_waits_for_new_migrations_only(root: Path) -> None:
    """The stand-ins note when they began; `prepare` takes a second before it ends."""

    def api_began_before_the_end_of_prepare() -> bool:
        with running(root, PREPARE_SECONDS="1") as careloop:
            assert careloop.says("ready after"), careloop.text
            assert careloop.says(r"scheduler \|"), careloop.text
            order = re.findall(r"(prepare ends|serve says|scheduler says)", careloop.text)
        assert order.index("prepare ends") < order.index("scheduler says")
        return order.index("serve says") < order.index("prepare ends")

    assert not api_began_before_the_end_of_prepare()
    assert api_began_before_the_end_of_prepare()
    (root / "database").mkdir()
    (root / "database" / "new_migration.py").write_text("")
    assert not api_began_before_the_end_of_prepare()


def test_a_failed_preparation_ends_everything(root: Path) -> None:
    with running(root, PREPARE_CODE="3") as careloop:
        assert careloop.process.wait(30) == 1
        assert "could not be prepared: `cli.py prepare` ended with code 3" in careloop.text
        assert nobody_left(root, 0) == []


def test_the_printed_lines_are_whole_and_a_shell_can_run_them(root: Path) -> None:
    with running(root) as careloop:
        assert careloop.says("ready after"), careloop.text
        lines = [line for line in careloop.text.splitlines() if re.match("curl|TOKEN=", line)]
        assert len(lines) == 3
        fake = root / "bin"
        fake.mkdir()
        # In place of curl: answers with a token and keeps what it was asked.
        (fake / "curl").write_text(
            "#!/bin/sh\nprintf '%s\\n' \"$@\" >>asked\n" + 'echo \'{"access_token":"t0k"}\'\n'
        )
        (fake / "curl").chmod(0o755)
        path = f"{fake}:{os.environ['PATH']}"
        before = time.time()
        for line in lines:
            subprocess.run(
                [shutil.which("sh") or "sh", "-c", line], cwd=root, env={"PATH": path}, check=True
            )
        asked = (root / "asked").read_text().splitlines()
        assert "Authorization: Bearer t0k" in asked
        bodies = [json.loads(word) for word in asked if word.startswith("{")]
        assert bodies[0]["rating"] == 4
        due = datetime.fromisoformat(bodies[1]["scheduled_time"]).timestamp()
        assert before + 9 < due < time.time() + 11
