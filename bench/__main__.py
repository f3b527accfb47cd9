"""`make bench`: how fast a single feedback is taken in, against a bare INSERT in the same run.

The service is started by the very command that users start (`python -m supervisor`), with
everything on: token, encryption, audit, rate limits (raised, not removed), logs. The reference is
`pgbench` with a one-row INSERT of the same size, at the same number of clients, on the same
PostgreSQL. Both take turns; what counts is the ratio.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
from pathlib import Path

from bench import load
from bench.limit import bare_inserts
from bench.service import running_service
from supervisor.embedded import EmbeddedPostgres, EmbeddedRedis

CLIENTS = 32


def main() -> None:
    """Run the rounds and print what was seen."""
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument("--seconds", type=float, default=8.0, help="of each turn")
    options.add_argument("--rounds", type=int, default=3)
    wanted = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="careloop-bench-"))
    with (
        EmbeddedPostgres(folder / "postgres") as postgres,
        EmbeddedRedis(folder / "redis") as redis,
    ):
        print("starting the service …", flush=True)
        with running_service(folder, postgres.url, redis.url) as service:
            rounds = []
            for number in range(1, wanted.rounds + 1):
                limit = bare_inserts(postgres.url, CLIENTS, wanted.seconds)
                seen = asyncio.run(
                    load.feedbacks(service.port, service.token, CLIENTS, wanted.seconds)
                )
                rounds.append((limit, seen))
                print(_line(f"round {number}", limit, seen), flush=True)
    limit = statistics.median(limit for limit, _ in rounds)
    best = sorted(rounds, key=lambda pair: pair[1].per_second)[len(rounds) // 2]
    print(_line("median", limit, best[1]))
    print("target 0.05 of the limit and p99 under 60 ms; beyond: 0.15")


def _line(name: str, limit: float, seen: load.Seen) -> str:
    return (
        f"{name:8} feedback {seen.per_second:7.0f}/s  p50 {seen.p50_ms:5.1f} ms"
        f"  p99 {seen.p99_ms:5.1f} ms  errors {seen.errors}"
        f"  |  pgbench INSERT {limit:7.0f}/s  |  ratio {seen.per_second / limit:.3f}"
    )


if __name__ == "__main__":
    main()
