"""The commands of an operator, as processes of their own on a database of their own."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from config.settings import DatabaseSettings
from database.engine import service_engine
from database.session import Database
from services.campaign import campaigns
from services.campaign.expansion import expand
from services.campaign.listed import add, numbered
from services.establishment.directory import Directory
from services.identity import Principal
from tests.conftest import ROOT, clone_database, execute, with_database
from tests.fixtures import NORTH
from tests.nursery import nursery
from tests.services.campaigns import wanted
from tests.template import PASSWORD
from tests.tree import wait_for

CLI = Principal(NORTH, "cli")
HOUR = timedelta(hours=1)


class Shell:
    """Runs `cli.py` with an environment; keeps nothing."""

    def __init__(self, env: dict[str, str], folder: Path) -> None:
        self.env = env
        self._said = folder / "said"

    def __call__(self, *words: str, code: int = 0, **env: str) -> str:
        """What a command printed; fails when its exit code is another."""
        self._said.unlink(missing_ok=True)
        done = nursery().start(["cli.py", *words], self.env | env, self._said).wait(60)
        said = self._said.read_text("utf-8")
        assert done == code, said
        assert "Traceback" not in said
        return said


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    env = os.environ | {"DATABASE_URL": clone_database(f"careloop_commands_{os.getpid()}")}
    return Shell(env, tmp_path_factory.mktemp("commands"))


def test_an_establishment_is_made_and_set_up(run: Shell) -> None:
    run(
        *("create-establishment", "bassa-clinic", "Clinique de Bassa"),
        *("--languages", "duala,fr,english", "--quiet-hours", "21:00-06:30"),
    )
    assert "slug" in run("create-establishment", "bassa-clinic", "Again", code=1)
    run("set-sender", "bassa-clinic", "sms", "6 50 00 00 09", "--can-receive")
    run("set-establishment", "bassa-clinic", "--no-anonymous-feedback", "--default")
    (line,) = [x for x in run("list-establishments").splitlines() if x.startswith("bassa-clinic")]
    for part in (
        "default",
        "Clinique de Bassa",
        "Africa/Douala",
        "duala, french, english",
        "21:00-06:30",
        "anonymous feedback off",
        "sms from +237650000009",
    ):
        assert part in line
    assert run("list-establishments").count("default") == 1
    run(
        *("set-establishment", "bassa-clinic", "--receipt-window", "PT20M", "--max-attempts", "5"),
        *("--call-again-after", "PT10M", "--call-again-at-most", "2", "--no-escalate"),
        *("--unknown-after", "PT2H", "--unknown-email", "resend"),
    )
    (line,) = [x for x in run("list-establishments").splitlines() if x.startswith("bassa-clinic")]
    assert (
        "receipts within 1200 s, at most 5 attempts, calls again 2 times after 600 s, failures make"
        " no tasks, unknown after 7200 s: sms give_up, calls give_up, email resend" in line
    )
    run("set-establishment", "bassa-clinic", "--max-attempts", "none")
    assert "attempts unbounded" in run("list-establishments")
    run("set-establishment", "bassa-clinic", "--quiet-hours", "none", "--daily-cap", "6")
    said = run("list-establishments")
    assert "quiet hours none" in said
    assert "daily cap 6" in said
    run("set-establishment", "bassa-clinic", "--daily-cap", "none", "--valid-for", "PT2H")
    assert "daily cap none; anonymous" in run("list-establishments")
    refused = run("set-establishment", "bassa-clinic", "--daily-cap", "0", code=1)
    assert refused.startswith("daily_cap: ")


def test_senders_are_kept_and_their_secrets_are_no_arguments(run: Shell) -> None:
    number = run("add-sender", "north", "sms", "6 90 00 00 01", "--can-receive", "--rate", "2")
    assert "sms +237690000001; by twilio; place 10; receives; 2 a second" in number
    sender = number.removeprefix("added: ").split()[0]
    assert "address: This address" in run("add-sender", "north", "sms", "690000001", code=1)
    assert "provider: On email" in run(
        "add-sender", "north", "email", "a@north.example", "--provider", "twilio", code=1
    )
    said = run(
        *("change-sender", "north", sender, "--label", "SIM", "--rate-per-minute", "30"),
        *("--operator", "mtn", "--priority", "3", "--out-of-use"),
    )
    for part in ("SIM", "place 3", "0.5 a second", "for mtn", "OUT OF USE"):
        assert part in said
    phone = ("add-sender", "north", "sms", "690000002", "--provider", "android")
    assert "No such option" in run(*phone, "--password", "quiet-river", code=2)
    assert "url (the gateway's address" in run(*phone, code=1)  # asked, and nobody answers
    account = {"URL": "http://192.168.1.20:8080", "USERNAME": "sms", "PASSWORD": "quiet-river"}
    account |= {"SIGNING_KEY": "0123456789", "SIM": "2", "DEVICE_ID": ""}
    given = {f"CARELOOP_SENDER_{name}": value for name, value in account.items()}
    assert "credentials.sim" in run(*phone, code=1, **given | {"CARELOOP_SENDER_SIM": "9"})
    said = run(*phone, **given)
    assert "by android" in said
    assert "account of its own" in said
    assert "quiet-river" not in said
    assert "deleted" in run("retire-sender", "north", sender)
    assert "690000001" not in run("list-senders", "north", "--retired")
    assert "690000002" in run("list-senders", "north")
    assert "no such sender" in run("retire-sender", "south", sender, code=1)


def test_holidays_are_kept(run: Shell) -> None:
    run("add-holiday", "north", "2026-05-20", "Fête nationale", "--every-year")
    assert "2026-05-20 Fête nationale (every year)" in run("list-holidays", "north")
    assert "holiday already" in run("add-holiday", "north", "2026-05-20", "Again", code=1)
    assert "day: " in run("add-holiday", "north", "20 mai", "x", code=1)
    run("remove-holiday", "north", "2026-05-20")
    assert run("list-holidays", "north").strip() == ""
    assert "no such holiday" in run("remove-holiday", "north", "2026-05-20", code=1)


def test_refused_in_one_line(run: Shell) -> None:
    assert "slug:" in run("create-establishment", "Bad Slug", "x", code=1)
    assert "unknown_sms" in run("set-establishment", "north", "--unknown-sms", "maybe", code=1)
    assert "receipt_window" in run("set-establishment", "north", "--receipt-window", "1", code=1)
    assert "No such option" in run("set-sender", "north", "sms", "1", "--gives-receipts", code=2)
    assert "no such establishment" in run("set-establishment", "nowhere", "--default", code=1)


def test_a_password_is_never_an_argument(run: Shell) -> None:
    words = ("create-user", "new@north.example", "--establishment", "north", "--role", "admin")
    assert "is admin at north" in run(*words, CARELOOP_USER_PASSWORD=PASSWORD)
    assert "password" in run(*words[:1], "other@north.example", *words[2:], code=1,
                             CARELOOP_USER_PASSWORD="short")  # fmt: skip
    assert "No such option" in run(*words, "--password", PASSWORD, code=2)
    assert "role" in run(*words[:4], "--role", "king", code=1, CARELOOP_USER_PASSWORD=PASSWORD)


def test_a_forgotten_password_is_replaced(run: Shell) -> None:
    words = ("set-password", "staff@north.example")
    assert "password set" in run(*words, CARELOOP_USER_PASSWORD=PASSWORD)
    made_up = run(*words, "--generate").partition("it is ")[2].split()[0]
    assert len(made_up) >= 12
    assert "password: At least" in run(*words, code=1, CARELOOP_USER_PASSWORD="short")
    assert "no such user" in run("set-password", "nobody@north.example", "--generate", code=1)


def test_contacts_are_imported_with_a_report(run: Shell, tmp_path: Path) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text(
        "﻿reference;nom;telephone\nP1;Marie;650000001\nP2;Paul;650000\nP3;Jean;650000001\n", "utf-8"
    )
    words = ("import-contacts", str(file), "--establishment", "north")
    strict = run(*words, "--strict", code=2)
    assert "nothing stored: 3 lines: 0 created" in strict
    report = run(*words, code=2)
    assert "line 3, phone_number:" in report
    assert "3 lines: 2 created, 0 here already, 1 refused" in report
    assert "Paul" not in report
    assert "2 here already" in run(*words, code=2)
    file.write_bytes(b"reference\n\xe9")
    assert "Line 2 is not UTF-8" in run(*words, code=1)
    assert "no such establishment" in run(*words[:3], "nowhere", code=1)


def test_phrases_go_out_and_come_in(run: Shell, tmp_path: Path) -> None:
    file, at = tmp_path / "duala.csv", ("--establishment", "north")
    run("phrases", "export", str(file), *at, "--language", "duala")
    file.write_text(
        file.read_text("utf-8").replace("\nhelp,duala,", "\nhelp,duala,[dua] {hospital}")
    )
    assert "1 written (to be approved)" in run("phrases", "import", str(file), *at)
    file.write_text(file.read_text("utf-8").replace("{hospital}", "{no}"))
    said = run("phrases", "import", str(file), *at, code=2)
    assert "nothing stored: 1 refused" in said
    assert "[dua]" not in said
    covered = run("phrases", "coverage", *at)
    assert re.search(r"choices_by_sms +\W duala +\W 5 +\W 1 +\W 0 +\W 1 ", covered), covered
    nowhere = str(tmp_path / "nowhere" / "x.csv")
    assert run("phrases", "export", nowhere, *at, code=1).startswith("file: ")
    assert "--language" in run("phrases", "import", str(file), *at, "--language", "x", code=1)


def test_a_campaign_from_the_dry_run_to_its_end(run: Shell, tmp_path: Path) -> None:
    database = Database(service_engine(DatabaseSettings(DATABASE_URL=run.env["DATABASE_URL"])))
    place = Directory(database).by_slug("north")
    file = tmp_path / "two.csv"
    file.write_text("reference,phone,language\nC1,650000011,fr\nC2,650000012,\nC3,,fr\n", "utf-8")
    run("import-contacts", str(file), "--establishment", "north")
    with database.establishment(NORTH) as session:
        body = wanted(filter=None, patient_ids=["C1", "C2", "C3"], rate_per_minute=1)
        made = campaigns.create(session, place, body, CLI)
        add(session, made, numbered(body.patient_ids or []), CLI)
        number = str(made.id)
    own = ("--establishment", "north")
    said = run("campaigns", "preview", number, *own)
    assert "2 of 3 contacts would get a message" in said
    assert "left out   no_address 1" in said
    assert "languages  french 2; 0 chose another one" in said
    assert "SMS        2 segments (GSM-7 2)" in said
    assert "2 messages would take 0 h 1 min." in said
    assert f"{number} Pharmacie: draft, 0 recipients" in run("campaigns", "list", *own)
    assert "This campaign is draft" in run("campaigns", "pause", number, *own, code=1)
    said = run("campaigns", "start", number, *own)
    assert f"campaign {number} is running: 3 recipients, 3 to come" in said
    with database.establishment(NORTH) as session:
        expand(session, place, {"sms"}, int(number), HOUR)
    said = run("campaigns", "pause", number, *own)
    assert "0 had left: they are with the carrier" in said
    assert f"campaign {number} is paused: 3 recipients, 2 queued, 1 left out" in said
    with ThreadPoolExecutor(1) as pool:
        watched = pool.submit(run, "campaigns", "resume", number, *own, "--watch")
        wait_for(lambda: _status(database, int(number)) == "running", "the campaign", 60)
        with database.establishment(NORTH) as session:
            campaigns.cancel(session, int(number), None, CLI)
        said = watched.result(60)
    assert re.search(r"messages .* 3/3", said)
    assert f"campaign {number} is cancelled: 3 recipients, 2 cancelled, 1 left out" in said
    assert "no such campaign" in run("campaigns", "cancel", "999", *own, code=1)
    assert "no such establishment" in run("campaigns", "list", "--establishment", "x", code=1)


def _status(database: Database, number: int) -> str:
    with database.establishment(NORTH) as session:
        return campaigns.read(session, number).status


def test_keys_are_rotated(run: Shell, tmp_path: Path) -> None:
    first, second = (base64.b64encode(letter * 32).decode() for letter in (b"1", b"2"))
    with_first = {"ENCRYPTION_KEYS": f"k1:{first}"}
    both = {"ENCRYPTION_KEYS": f"k2:{second},k1:{first}"}
    url = clone_database(f"careloop_keys_{os.getpid()}")
    fresh = Shell(run.env | {"DATABASE_URL": url} | both, tmp_path)
    dev = "dev"  # the template was sealed with the development key, which is in neither ring
    assert f"key '{dev}', which is not in ENCRYPTION_KEYS" in fresh("keys", "check", code=1)
    assert "stopped: no key 'dev'" in fresh("keys", "re-encrypt", code=1)
    assert "current" in fresh("keys", "retire", "k2", code=1)
    assert "No key 'k1' is known" in fresh("keys", "retire", "k1", code=1)
    assert "key k1 (current)" in fresh("keys", "check", code=1, **with_first)


def test_prepare_makes_up_a_login_that_works(tmp_path: Path) -> None:
    """On an empty database, with nothing said about an administrator."""
    name = f"careloop_prepare_{os.getpid()}"
    server = os.environ["CARELOOP_TEST_SERVER"]
    execute(server, f'drop database if exists "{name}" with (force)', f'create database "{name}"')
    env = os.environ | {
        "DATABASE_URL": with_database(server, name),
        "CARELOOP_DATA": str(tmp_path / "data"),
    }
    env.pop("CARELOOP_ADMIN_EMAIL", None)
    env.pop("CARELOOP_ADMIN_PASSWORD", None)

    def prepare() -> str:
        command = [sys.executable, "cli.py", "prepare"]
        done = subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout

    said = prepare()
    kept = tmp_path / "data" / "admin.env"
    password = kept.read_text().partition("PASSWORD=")[2].strip()
    assert len(password) >= 12
    assert f"administrator admin@hospital.example, password {password}" in said
    assert kept.stat().st_mode & 0o077 == 0
    assert prepare().strip() == "ready"
