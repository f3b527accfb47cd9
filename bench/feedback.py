"""`feedback`: how fast a single feedback is taken in, against a bare INSERT in the same run.

The service is started by the very command that users start (`python -m supervisor`), with
everything on: token, encryption, audit, rate limits (raised, not removed), logs. The reference is
`pgbench` with a one-row INSERT of the same size, at the same number of clients, on the same
PostgreSQL. Both take turns; what counts is the ratio.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from bench import load
from bench.figures import console, median, median_of, milliseconds, spread, table, verdict
from bench.limit import bare_inserts
from bench.service import running_service
from supervisor.embedded import EmbeddedPostgres, EmbeddedRedis

CLIENTS = 32
SLOWEST_P99_MS = 60


def run(options: argparse.Namespace) -> None:
    """Run the rounds and print the table."""
    limits, seen = [], []
    with (
        tempfile.TemporaryDirectory(prefix="careloop-bench-", ignore_cleanup_errors=True) as name,
        EmbeddedPostgres(Path(name) / "postgres") as postgres,
        EmbeddedRedis(Path(name) / "redis") as redis,
        running_service(Path(name), postgres.url, redis.url) as service,
    ):
        for number in range(options.rounds):
            console.print(f"feedback: round {number + 1} of {options.rounds} …")
            limits.append(bare_inserts(postgres.url, CLIENTS, options.seconds))
            seen.append(
                asyncio.run(load.feedbacks(service.port, service.token, CLIENTS, options.seconds))
            )
    limit, middle = median(limits), median_of(seen, lambda one: one.per_second)
    shown = table(
        f"One feedback per request, {CLIENTS} clients, one API process",
        "", "per second", "rounds", "p50", "p99", "errors", "ratio", "target",
    )  # fmt: skip
    shown.add_row(
        "reference: bare INSERT, pgbench", f"{limit:,.0f}", spread(limits), "", "", "", "1", ""
    )
    shown.add_row(
        "Careloop", f"{middle.per_second:,.0f}", spread([one.per_second for one in seen]),
        milliseconds(middle.p50_ms / 1000), milliseconds(middle.p99_ms / 1000),
        f"{sum(one.errors for one in seen)}", f"{middle.per_second / limit:.3f}",
        verdict(middle.per_second / limit, 0.05, 0.15),
    )  # fmt: skip
    shown.add_row(
        "", "", "", "", "", "", "p99",
        f"{'met' if middle.p99_ms < SLOWEST_P99_MS else 'MISSED'} ({SLOWEST_P99_MS} ms)",
    )  # fmt: skip
    console.print(shown)
