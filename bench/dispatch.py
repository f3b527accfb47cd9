"""`dispatch`: many deliveries due at the same second, against RQ's own `enqueue_at` and Celery.

A no-op provider (`DRY_RUN`) shows what the engine itself costs; a provider that answers in 80 ms,
called by the official library, shows what is left of the bound `concurrency / 80 ms`. One worker
process and two, started as users start them. All kinds take turns; the medians are shown.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from dataclasses import dataclass

from bench import references, seed
from bench.figures import console, median_of, milliseconds, percentile, spread, table, verdict
from bench.provider import arrivals, slow_provider
from bench.stack import Stack, running_stack

PROVIDER_SECONDS = 0.080
GIVE_UP_SECONDS = 300.0  # for 20,000; more have longer
FEW, MANY, FULL = 5_000, 20_000, 200_000
RQ_JOBS, RQ_FORKING_JOBS = 2_000, 300  # at 240 and 70 a second, more would only take longer


@dataclass(frozen=True)
class Round:
    """One run: how many, how fast, and from due time to the call (no-op: to its outcome)."""

    count: int
    per_second: float
    p50: float
    p99: float


@dataclass(frozen=True)
class Kind:
    """A way to run the engine."""

    name: str
    count: int
    workers: int
    concurrency: int | None = None

    @property
    def bound(self) -> float | None:
        """What a provider of 80 ms allows, a second; None for a provider that takes no time."""
        return self.concurrency / PROVIDER_SECONDS if self.concurrency else None


def run(options: argparse.Namespace) -> None:
    """Run the rounds and print the tables."""
    many = options.count or MANY
    few = options.count or (MANY if options.full else FEW)
    kinds = [
        Kind("no-op, 1 worker", many, 1),
        Kind("no-op, 2 workers", many, 2),
        Kind("80 ms, 1 worker of 50", few, 1, 50),
        Kind("80 ms, 2 workers of 50", few, 2, 50),
        Kind("80 ms, 1 worker of 200", few, 1, 200),
        Kind("80 ms, 2 workers of 200", few, 2, 200),
    ]
    rounds: dict[str, list[Round]] = defaultdict(list)
    with running_stack() as stack:
        for number in range(options.rounds):
            console.print(f"dispatch: round {number + 1} of {options.rounds} …")
            rounds["celery"].append(_round(many, references.celery(stack, many)))
            for kind in kinds:
                rounds[kind.name].append(engine(stack, kind))
            jobs, forked = min(RQ_JOBS, many), min(RQ_FORKING_JOBS, many)
            rounds["rq"].append(_round(jobs, references.rq(stack, jobs)))
            forking = references.rq(stack, forked, worker="rq.worker.Worker")
            rounds["rq forking"].append(_round(forked, forking))
        _show(kinds, rounds)
        if options.full:
            _show_many(stack)


def engine(stack: Stack, kind: Kind) -> Round:
    """One run of the engine; the database is empty before and full of outcomes after."""
    seed.empty(stack)
    if kind.concurrency is None:
        with stack.engine(kind.workers, DRY_RUN="true"):
            due = _due_at_once(stack, kind.count)
            wait_until_done(stack, kind.count)
        lags = _lags_of_outcomes(stack)
    else:
        with slow_provider(stack, PROVIDER_SECONDS) as (settings, path):
            settings |= {"ENGINE_CONCURRENCY": str(kind.concurrency)}
            with stack.engine(kind.workers, **settings):
                due = _due_at_once(stack, kind.count)
                wait_until_done(stack, kind.count)
        came = arrivals(path)
        _insist(sorted(whose for _, whose in came) == list(range(1, kind.count + 1)), "once each")
        lags = [at - due for at, _ in came]
    outcomes = _lags_of_outcomes(stack)
    _insist(len(outcomes) == kind.count, "all of them sent")
    return Round(
        kind.count, kind.count / max(outcomes), percentile(lags, 0.5), percentile(lags, 0.99)
    )


def _due_at_once(stack: Stack, count: int) -> float:
    due = float(int(time.time() + seed.seconds_to_store(count)) + 1)
    seed.deliveries(stack, count, lambda _: due)
    return due


def wait_until_done(stack: Stack, count: int = MANY) -> None:
    """Wait until nothing is due any more; a run that does not end is no run."""
    seconds = GIVE_UP_SECONDS * max(1, count / MANY)
    deadline = time.monotonic() + seconds
    with stack.owner() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("select count(*) from shared.due where not asks")
            if cursor.fetchone()[0] == 0:
                return
            time.sleep(0.25)
    raise SystemExit(f"the engine did not end within {seconds:.0f} s")


def _lags_of_outcomes(stack: Stack) -> list[float]:
    """Seconds from due time to the transaction that stored the outcome, of every delivery sent."""
    with stack.owner() as cursor:
        cursor.execute(
            "select extract(epoch from e.at - d.occurrence)::float from delivery_events e"
            " join deliveries d on d.id = e.delivery_id where e.status = 'sent' and d.attempt = 1"
        )
        return [lag for (lag,) in cursor.fetchall()]


def _insist(holds: bool, what: str) -> None:
    """A figure of a run that went wrong is no figure."""
    if not holds:
        raise SystemExit(f"the engine did not do what it promises: {what}")


def _round(count: int, ran: references.Ran) -> Round:
    return Round(count, ran.per_second, percentile(ran.lags, 0.5), percentile(ran.lags, 0.99))


def _show(kinds: list[Kind], rounds: dict[str, list[Round]]) -> None:
    middle = {name: median_of(seen, lambda r: r.per_second) for name, seen in rounds.items()}
    shown = table(
        "Deliveries due at the same second", "", "count", "per second", "rounds", "lag p50",
        "lag p99", "ratio", "target",
    )  # fmt: skip
    celery = middle["celery"].per_second
    rq = middle["rq"].per_second

    def row(name: str, title: str, ratio: str, target: str) -> None:
        seen = middle[name]
        lowest_to_highest = spread([r.per_second for r in rounds[name]])
        shown.add_row(
            title, f"{seen.count:,}", f"{seen.per_second:,.0f}", lowest_to_highest,
            milliseconds(seen.p50), milliseconds(seen.p99), ratio, target,
        )  # fmt: skip

    row("celery", "reference: Celery, ETA, threads", "1", "")
    row("rq", "reference: RQ enqueue_at, SimpleWorker", f"{rq / celery:.2f}", "")
    forking = middle["rq forking"].per_second
    row("rq forking", "reference: RQ enqueue_at, forking", f"{forking / celery:.2f}", "")
    shown.add_section()
    for kind in kinds[:2]:
        speed = middle[kind.name].per_second
        row(
            kind.name, kind.name, f"{speed / celery:.2f} x Celery",
            verdict(speed / celery, 2) if kind.workers == 1 else "",
        )  # fmt: skip
        shown.add_row("", "", "", "", "", "", f"{speed / rq:.0f} x RQ",
                      verdict(speed / rq, 20) if kind.workers == 1 else "")  # fmt: skip
    shown.add_section()
    for kind in kinds[2:]:
        speed = middle[kind.name].per_second
        if kind.workers == 2:
            one = middle[kind.name.replace("2 workers", "1 worker")].per_second
            row(kind.name, kind.name, f"{speed / one:.2f} x one", verdict(speed / one, 1.8))
        elif kind.concurrency == 200:
            row(kind.name, kind.name, f"{speed:,.0f}/s", verdict(speed, 750, 1400))
        else:
            assert kind.bound
            share = speed / kind.bound
            row(kind.name, kind.name, f"{share:.2f} of bound", verdict(share, 0.75))
    console.print(shown)
    console.print(
        "lag: from the due time to the call; with the no-op provider to its stored outcome."
        " Same second for all, so it is mostly the time that the others before it took."
    )


def _show_many(stack: Stack) -> None:
    """200,000 at once, one round: is it the same speed, or does something grow with the backlog?"""
    console.print(f"dispatch: {FULL:,} at once (some ten minutes) …")
    shown = table(
        f"{FULL:,} due at the same second", "", "per second", "lag p50", "lag p99", "ratio"
    )

    def row(title: str, seen: Round, ratio: str) -> None:
        lags = milliseconds(seen.p50), milliseconds(seen.p99)
        shown.add_row(title, f"{seen.per_second:,.0f}", *lags, ratio)

    celery = _round(FULL, references.celery(stack, FULL))
    row("reference: Celery, ETA, threads", celery, "1")
    one: dict[int | None, float] = {}
    for concurrency, name in ((None, "no-op"), (200, "80 ms, of 200")):
        for workers in (1, 2):
            console.print(f"dispatch: {FULL:,}, {name}, {workers} worker(s) …")
            seen = engine(stack, Kind(name, FULL, workers, concurrency))
            ratio = f"{seen.per_second / celery.per_second:.2f} x Celery"
            if workers == 2:
                ratio += f", {seen.per_second / one[concurrency]:.2f} x one"
            one.setdefault(concurrency, seen.per_second)
            row(f"{name}, {workers} worker(s)", seen, ratio)
    console.print(shown)
