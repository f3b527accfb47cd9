"""PostgreSQL's disk is full: what cannot be stored is refused, nothing is stored by half, and when
there is room again everything goes on by itself.

The disk is a real one, of some megabytes, in a mount namespace of the server's own. Seen to fail
with 53100 answered as an internal error (500).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests import http
from tests.chaos.cast import PATIENCE
from tests.chaos.hospital import Hospital, moment, next_minute
from tests.chaos.judge import Judge
from tests.chaos.monkey import CALLBACKS, Monkey
from tests.chaos.records import Heard
from tests.chaos.script import HOUR, NORTH, SOUTH, WEST, Case, Script
from tests.chaos.stage import Stage
from tests.conftest import ROOT
from tests.tree import wait_for

SIZE = "220m"
OWN_NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")
ENOUGH_REFUSED, MOST_TRIED = 6, 600
# Long, so that each needs pages of its own.
LONG = "Apportez votre carnet de santé. " * 45


def may_mount() -> bool:
    """Try it: many containers and kernels forbid namespaces."""
    if not sys.platform.startswith("linux") or shutil.which("unshare") is None:
        return False
    trial = (*OWN_NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/tmp")
    return subprocess.run(trial, capture_output=True, check=False).returncode == 0


class SmallDisk:
    """The server of `small_disk.py`, as a stage wants one."""

    name = "PostgreSQL"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> str:
        self._folder.mkdir()
        self._process = subprocess.Popen(
            [
                *OWN_NAMESPACE,
                sys.executable,
                "-m",
                "tests.chaos.small_disk",
                str(self._folder),
                SIZE,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.url = self._answer()
        assert self.url, "the server on the small disk did not start"
        return self.url

    def tell(self, what: str) -> str:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def stop(self) -> None:
        if self._process is not None:
            self._process.communicate()  # the end of its input is its end
            self._process = None


@pytest.fixture
def disk(tmp_path: Path) -> SmallDisk:
    if not may_mount():
        pytest.skip(
            "this system lets nobody mount a small disk (unshare --user --mount): not shown here"
            " how a full one is refused"
        )
    return SmallDisk(tmp_path / "small")


@pytest.fixture
def stage(disk: SmallDisk, tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path / "stage", 0, workers=1, schedulers=1, postgres=disk) as stage:
        yield stage


class Counter:
    """Somebody at the counter, who tries each once and keeps what was refused."""

    def __init__(self, stage: Stage, token: dict[str, str]) -> None:
        self._url, self._token = f"{stage.url}/api/v1", token
        self.refused: list[httpx2.Response] = []

    def post(self, path: str, body: dict[str, Any]) -> bool:
        answer = http.post(f"{self._url}/{path}", json=body, headers=self._token, timeout=60)
        if answer.status_code != 201:
            self.refused.append(answer)
        return answer.status_code == 201


def reminder(case: Case) -> dict[str, Any]:
    return {
        "client_id": str(case.client_id),
        "message": case.text,
        "language": "french",
        "scheduled_time": moment(case.at).isoformat(),
        "valid_for": round(case.valid_for),
        "phone_number": case.phone,
        "channels": ["sms"],
    }


@pytest.mark.timeout(900)
def test_a_full_disk_refuses_cleanly_and_everything_goes_on(stage: Stage, disk: SmallDisk) -> None:
    hospital, script = Hospital(stage), Script(0)
    later = next_minute(time.time() + 6 * HOUR)
    quiet = dict.fromkeys((SOUTH, WEST), (later, later + HOUR))
    hospital.open(quiet)
    Monkey(stage, hospital, script, 0).mood((), CALLBACKS[0])
    stage.start()
    hospital.log_in()
    counter = Counter(stage, hospital.token(NORTH))
    try:
        before = script.case("before", time.time())
        assert counter.post("reminders", reminder(before))

        assert disk.tell("fill") == "full"
        feedback = _until_refused(counter, script)
        _are_clean_refusals(counter.refused)

        assert disk.tell("free") == "free"
        wait_for(lambda: disk.tell("stands") == "stands", "the server to stand", PATIENCE)
        taken = {
            str(client_id) for (client_id,) in hospital.sql("select client_id from est_1.reminders")
        }
        for case in script.cases:  # with the same identity: what was here is found again
            hospital.post(case)
        assert all(case.accepted for case in script.cases)
        assert len(taken) + len(counter.refused) - feedback.refused == len(script.cases)
        assert hospital.sql("select count(*) from est_1.feedbacks") == [(feedback.taken,)]
        wait_for(lambda: _all_sent(hospital, len(script.cases)), "the engine", PATIENCE)
        verdict = Judge(hospital, script.cases, stage.ledger, Heard(), quiet).judge()
    finally:
        hospital.close()
    assert verdict.clean, verdict.found
    assert verdict.accepted == len(script.cases)


class Feedback:
    taken = 0
    refused = 0


def _until_refused(counter: Counter, script: Script) -> Feedback:
    """Post long reminders and feedback until both were refused a few times."""
    feedback = Feedback()
    reminders_refused = 0
    for _ in range(MOST_TRIED):
        if min(feedback.refused, reminders_refused) >= ENOUGH_REFUSED:
            return feedback
        case = script.case("full", time.time())
        reminders_refused += not counter.post("reminders", reminder(case))
        said = {"language": "french", "content": LONG, "rating": 4}
        taken = counter.post("feedback", said)
        feedback.taken += taken
        feedback.refused += not taken
    raise AssertionError(f"the disk was never full: {feedback.taken} feedbacks were taken")


def _are_clean_refusals(refused: list[httpx2.Response]) -> None:
    for answer in refused:
        assert answer.status_code in (503, 507), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] in ("database_unavailable", "too_slow", "too_busy")
        assert int(answer.headers["Retry-After"]) > 0
        assert LONG[:20] not in answer.text


def _all_sent(hospital: Hospital, count: int) -> bool:
    """Sent is enough: a carrier does not repeat a receipt that could not be stored."""
    ((sent,),) = hospital.sql(
        "select count(*) from est_1.deliveries where status in ('sent', 'delivered')"
    )
    return bool(sent == count)
