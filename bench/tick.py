"""`tick`: what one look of the scheduler costs while 0, 10,000 and 1,000,000 wait for later.

The rows are in `deliveries` and in the due queue. Each size is its own reference: flat within 20 %
of the empty queue. A tick is what `Scheduler.run` does between two sleeps: a round, and the
question how long to sleep. A sweep comes every few seconds instead of every tick.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable

from bench import seed
from bench.figures import console, median, percentile, table
from bench.stack import ROOT, Stack, running_stack

SIZES = (0, 10_000, 1_000_000)
TICKS = 300
LATER_SECONDS = 30 * 24 * 3600
FLAT = 1.20


def run(options: argparse.Namespace) -> None:
    """Fill the queue size by size, measure, print the table."""
    sizes = [size for size in SIZES if not options.count or size <= options.count]
    with running_stack() as stack:
        seen = []
        for size in sizes:
            console.print(f"tick: {size:,} rows not yet due …")
            later(stack, size)
            seen.append(measure(stack, options.rounds))
    shown = table(
        "One tick of the scheduler, by rows not yet due",
        "rows", "look p50", "look p99", "sweep p50", "ratio", "target",
    )  # fmt: skip
    for size, times in zip(sizes, seen, strict=True):
        look, sweep = (median(times[kind]) for kind in ("look", "sweep"))
        ratio = look / median(seen[0]["look"])
        shown.add_row(
            f"{size:,}", _ms(look), _ms(percentile(times["look"], 0.99)), _ms(sweep),
            f"{ratio:.2f} x empty",
            "" if size == 0 else f"{'met' if ratio <= FLAT else 'MISSED'} ({FLAT:g})",
        )  # fmt: skip
    console.print(shown)


def later(stack: Stack, count: int) -> None:
    """Have exactly `count` deliveries wait for the next month.

    One reminder and one phone carry them all (occurrence by occurrence): a million of each would
    only take longer to store.
    """
    seed.empty(stack)
    if not count:
        return
    seed.deliveries(stack, 1, lambda _: time.time() + LATER_SECONDS)
    with stack.owner() as cursor:
        cursor.execute(
            "insert into deliveries (id, reminder_id, occurrence, channel, address_id, status,"
            " due_at, valid_until, attempt)"
            " select n + 1, 1, at, 'sms', 1, 'scheduled', at, at + interval '4 h', 0"
            " from (select now() + interval '1 month' + n * interval '2 s' as at, n"
            " from generate_series(1, %s - 1) n) moments",
            (count,),
        )
        cursor.execute("delete from shared.due")
        cursor.execute(
            "insert into shared.due (establishment_id, delivery_id, due_at)"
            " select 1, id, due_at from deliveries"
        )


def measure(stack: Stack, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of every tick, by kind; each round in a fresh process, on warm tables."""
    times: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        done = subprocess.run(
            [sys.executable, "-m", "bench.tick"],
            cwd=ROOT, env=stack.env, check=True, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        for kind, values in json.loads(done.stdout.splitlines()[-1]).items():
            times[kind] += values
    return times


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:.2f} ms"


def main() -> None:
    """Time the scheduler's own code on the database of the settings; print JSON."""
    from workers.context import get_context
    from workers.scheduler import Scheduler

    context = get_context()
    engine = context.settings.engine.model_copy(update={"sweep": 3600.0})
    settings = context.settings.model_copy(update={"engine": engine})
    scheduler = Scheduler(dataclasses.replace(context, settings=settings))

    def look() -> None:
        scheduler.round()
        scheduler._pause()

    for step in (scheduler._sweep, look):
        _timed(step, 20)
    print(json.dumps({"look": _timed(look, TICKS), "sweep": _timed(scheduler._sweep, 50)}))


def _timed(step: Callable[[], object], times: int) -> list[float]:
    taken = []
    for _ in range(times):
        before = time.perf_counter()
        step()
        taken.append((time.perf_counter() - before) * 1000)
    return taken


if __name__ == "__main__":
    main()
