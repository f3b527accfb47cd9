"""`lag`: from the due time to the provider call, at 200 deliveries a second.

The calls go through the official library to a provider that answers in 80 ms, which notes when
each came in. The references run no-op jobs at the same rate.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict

from bench import references, seed
from bench.dispatch import PROVIDER_SECONDS, wait_until_done
from bench.figures import console, median, milliseconds, percentile, table
from bench.provider import arrivals, slow_provider
from bench.stack import Stack, running_stack

PER_SECOND = 200
SECONDS = 15.0
TARGET, BEYOND = 0.250, 0.020
ENGINE = "Careloop, 1 worker"


def run(options: argparse.Namespace) -> None:
    """Run the rounds and print the table."""
    count = options.count or int(PER_SECOND * SECONDS)
    seconds = count / PER_SECOND
    rounds: dict[str, list[list[float]]] = defaultdict(list)
    with running_stack() as stack:
        for number in range(options.rounds):
            console.print(f"lag: round {number + 1} of {options.rounds} …")
            rounds["reference: Celery, ETA, threads"].append(
                references.celery(stack, count, seconds).lags
            )
            rounds[ENGINE].append(engine(stack, count))
            rounds["reference: RQ enqueue_at, SimpleWorker"].append(
                references.rq(stack, count, seconds).lags
            )
    shown = table(
        f"From due time to the call, {PER_SECOND} a second for {seconds:.0f} s",
        "", "lag p50", "lag p99", "worst p99", "target",
    )  # fmt: skip
    for name, seen in rounds.items():
        p99s = [percentile(lags, 0.99) for lags in seen]
        shown.add_row(
            name,
            milliseconds(median([percentile(lags, 0.5) for lags in seen])),
            milliseconds(median(p99s)),
            milliseconds(max(p99s)),
            _verdict(median(p99s)) if name == ENGINE else "",
        )
    console.print(shown)


def engine(stack: Stack, count: int) -> list[float]:
    """One run: the lag of each delivery in seconds."""
    seed.empty(stack)
    with slow_provider(stack, PROVIDER_SECONDS) as (settings, path), stack.engine(1, **settings):
        first = time.time() + seed.seconds_to_store(count)
        due = [first + number / PER_SECOND for number in range(count)]
        seed.deliveries(stack, count, lambda number: due[number - 1])
        wait_until_done(stack)
    return [at - due[whose - 1] for at, whose in arrivals(path)]


def _verdict(p99: float) -> str:
    if p99 < BEYOND:
        return f"beyond ({milliseconds(BEYOND)})"
    return f"{'met' if p99 < TARGET else 'MISSED'} ({milliseconds(TARGET)})"
