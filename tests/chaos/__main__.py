"""`make chaos`: the long form. `ARGS="--seed 7 --minutes 10 --reminders 3000"`."""

from __future__ import annotations

import argparse
import json
import logging
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from tests.conftest import TEST_ENVIRONMENT


def main() -> int:
    """Run, print the report, and say by the exit code whether every promise was kept."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--reminders", type=int, default=1500, help="in all")
    parser.add_argument(
        "--backlog", type=int, default=100_000, help="of the test of fairness; 0: none"
    )
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--schedulers", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="the form that is in make test")
    parser.add_argument("--json", action="store_true", help="only the counts, for other programs")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    asked = parser.parse_args()
    os.environ.update(TEST_ENVIRONMENT)
    from tests.chaos.scenario import SHORT, Size, run

    logging.disable(logging.CRITICAL)
    rounds = max(1, round(asked.minutes * 60 / 45))
    long = Size(
        reminders=max(50, asked.reminders // rounds),
        recurring=12,
        seconds=30.0,
        rounds=rounds,
        workers=asked.workers,
        schedulers=asked.schedulers,
    )
    folder = Path(tempfile.mkdtemp(prefix="careloop-chaos-"))
    if not asked.json:
        print(f"chaos: seed {asked.seed}, logs in {folder}", flush=True)
    try:
        report = run(folder / "run", asked.seed, SHORT if asked.short else long)
        if asked.json:
            print(json.dumps(report.counts() | {"not_reached": report.not_reached}))
        else:
            print(report, flush=True)
        fair = asked.short or not asked.backlog or _is_fair(folder / "fairness", asked.backlog)
    finally:
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if report.clean and not report.unexpected and fair else 1


def _is_fair(folder: Path, backlog: int) -> bool:
    from tests.chaos.fairness import fairness, fairness_in_silence

    found = [
        measure(folder / measure.__name__, backlog) for measure in (fairness, fairness_in_silence)
    ]
    print(*found, sep="\n")
    return all(one.kept for one in found)


if __name__ == "__main__":
    sys.exit(main())
