"""Machines whose clocks are hours wrong, in either direction: nothing doubled, nothing at night.

Every worker and every scheduler here is wrong, in both directions. Seen to fail with quiet hours
that go by the worker's own clock.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.cast import PATIENCE
from tests.chaos.hospital import Hospital, next_minute
from tests.chaos.judge import Judge
from tests.chaos.monkey import CALLBACKS, Monkey
from tests.chaos.records import Heard
from tests.chaos.script import HOUR, NORTH, SOUTH, WEST, Case, Script
from tests.chaos.stage import Stage
from tests.tree import wait_for

WRONG_BY = 6 * HOUR
FOLDER = Path(__file__).with_name("clock")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path, 0, workers=0, schedulers=0) as stage:
        yield stage


@pytest.mark.timeout(600)
def test_whatever_their_clocks_say(stage: Stage) -> None:
    hospital, script = Hospital(stage), Script(0)
    now = time.time()
    quiet = {
        # Open now, quiet by the clock that is fast, and by the one that is slow.
        SOUTH: (next_minute(now + 5 * HOUR), next_minute(now + 19 * HOUR)),
        WEST: (next_minute(now - HOUR), next_minute(now + 3 * HOUR)),
    }
    hospital.open(quiet)
    night = [
        script.case("deferred", now - 5, establishment=WEST, valid_for=8 * HOUR) for _ in range(5)
    ]
    day = [script.case("day", now - 5, establishment=house) for house in (NORTH, SOUTH) * 8]
    hospital.plant([*night, *day])
    once_throttled = {"kind": "status", "status": 429, "retry_after": 2, "times": 3}
    Monkey(stage, hospital, script, 0).mood((once_throttled,), CALLBACKS[0])
    stage.start()
    for name, wrong in (("fast", WRONG_BY), ("slow", -WRONG_BY)):
        for role in ("scheduler", "worker"):
            more = {"PYTHONPATH": str(FOLDER), "CLOCK_WRONG_BY": str(wrong)}
            stage.interpreter(f"{role}-{name}", "cli.py", role, **more)

    def arrived() -> bool:
        ((open_,),) = hospital.sql(
            "select count(*) from (select status from est_1.deliveries union all"
            " select status from est_2.deliveries) d where status <> 'delivered'"
        )
        return not open_

    try:
        wait_for(arrived, "everything that may go out by day", PATIENCE)
        wait_for(lambda: _deferred(hospital, night), "the others to be deferred", PATIENCE)
        verdict = Judge(hospital, script.cases, stage.ledger, Heard(), quiet).judge()
    finally:
        hospital.close()
    assert verdict.clean, verdict.found
    assert verdict.accepted == len(day)
    assert all(_was_wrong(stage, name) for name in ("worker-fast", "worker-slow"))


def _deferred(hospital: Hospital, cases: list[Case]) -> bool:
    ((waiting,),) = hospital.sql(
        f"select count(*) from est_{WEST}.deliveries"
        " where status = 'scheduled' and due_at > now() + interval '2 hours'"
    )
    return bool(waiting == len(cases))


def _was_wrong(stage: Stage, name: str) -> bool:
    """Its own log says what it took the time for, and that it was alive."""
    log = (stage.folder / f"{name}.log").read_text()
    hours = {time.strftime("%Y-%m-%dT%H", time.gmtime(time.time() + by)) for by in (0, -60)}
    return "worker started" in log and not any(f'"{hour}' in log for hour in hours)
