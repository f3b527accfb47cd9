"""The delivery engine on a very bad day, in its short form; `make chaos` is the long one.

Seen to fail, each with one guard of the engine taken away, and the counts that caught it:

- an unknown is sent again: twice
- what was attempted is due again after the lease: twice, contradiction
- what was claimed is not found again: lost, twice
- a call is made after the lease: twice, outside
- the attempt is not stamped before the call: lost, twice, contradiction
- a job that is there twice sends twice: twice
- opt-out is not checked when sending begins: after_stop
- more than the daily cap: over_cap
- an empty list is believed at once, though the carrier is still taking what it was given, or its
  list is behind: twice, over_cap
- the task about an unknown stays when its outcome comes after all: contradiction

`make chaos-guards` takes away these and others (validity, quiet hours, callbacks, due rows, the
carrier's list, tasks, fallback), one by one, and fails for each that the judge does not see. Four
that a run hardly comes to are shown by a test, which it runs: that an old answer of the list proves
nothing about later (everybody would have to stand still), that what comes back after staff were
asked about it is due again (a worker would have to stand still with a 429 for an e-mail), that what
is no longer queued is not released (Redis would have to take a job and its answer be lost), and
that late words about two channels open no third one.
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
