"""The delivery engine on a very bad day, in its short form; `make chaos` is the long one.

Seen to fail, each with a guard of the engine taken away (`make chaos-guards` does it again; the
word is the count that caught it):

(filled in below)
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.chaos.scenario import SHORT, run

SEED = int(os.environ.get("CHAOS_SEED", "20261121"))


@pytest.mark.timeout(900)
def test_nothing_lost_doubled_late_or_after_a_stop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = run(tmp_path, SEED, SHORT)
    with capsys.disabled():
        print(f"\n{report}")
    assert report.counts() == dict.fromkeys(report.counts(), 0), report
    assert report.not_reached == []
    assert report.unexpected == [], "whoever is not killed goes on, whatever the others do"
    assert report.verdict.accepted > SHORT.reminders / 2
