"""`make bench`: how fast Careloop is, each figure beside a reference of the same run.

Sections: feedback, sync, wire, dispatch, lag, tick, memory (all of them when none is named). An
absolute figure is one of this machine on this day: the ratios are what counts.
docs/performance.md says what was measured and how to read it.
"""

from __future__ import annotations

import argparse
import time

from bench import dispatch, feedback, lag, memory, sync, tick, wire
from bench.figures import console

SECTIONS = {
    "feedback": feedback.run,
    "sync": sync.run,
    "wire": wire.run,
    "dispatch": dispatch.run,
    "lag": lag.run,
    "tick": tick.run,
    "memory": memory.run,
}


def main() -> None:
    """Run the sections that were asked for, one after the other."""
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument("sections", nargs="*", metavar="section", help=", ".join(SECTIONS))
    options.add_argument("--rounds", type=int, default=3, help="of which the median is shown")
    options.add_argument("--seconds", type=float, default=8.0, help="of each turn of feedback")
    options.add_argument("--count", type=int, default=0, help="deliveries or items, fewer")
    options.add_argument("--full", action="store_true", help="also 200,000 due at once; slow")
    wanted = options.parse_args()
    unknown = set(wanted.sections) - set(SECTIONS)
    if unknown:
        options.error(f"no such section: {', '.join(sorted(unknown))}")
    for name in wanted.sections or SECTIONS:
        started = time.monotonic()
        SECTIONS[name](wanted)
        console.print(f"{name}: {time.monotonic() - started:.0f} s\n", style="dim")


if __name__ == "__main__":
    main()
