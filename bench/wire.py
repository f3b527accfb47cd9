"""`wire`: bytes that one feedback costs on the way, request and answer, headers included.

A single `POST /feedback`, and its share of a sync of 100, by each encoding. The headers are those
that the app cannot do without; a browser adds its own (`User-Agent`, `Accept` and so on: some 300
bytes a request over HTTP/1.1, a few dozen after the first one over HTTP/2). TCP/IP and TLS are not
counted.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from pathlib import Path

from bench.figures import console, table
from bench.service import running_service
from bench.tablet import PACKING, Answer, Connection, batch, enrolled, feedback, request
from supervisor.embedded import EmbeddedPostgres, EmbeddedRedis

ITEMS = 100
TARGET, BEYOND = 70, 45


def run(_options: argparse.Namespace) -> None:
    """Send one of each and print the table."""
    with (
        tempfile.TemporaryDirectory(prefix="careloop-bench-", ignore_cleanup_errors=True) as name,
        EmbeddedPostgres(Path(name) / "postgres") as postgres,
        EmbeddedRedis(Path(name) / "redis") as redis,
        running_service(Path(name), postgres.url, redis.url) as service,
    ):
        connection, token = Connection(service.port), enrolled(service)
        shown = table(
            "Bytes on the wire",
            "", "request", "of it body", "answer", "together", "body a feedback", "target",
        )  # fmt: skip
        for encoding in ("none", *PACKING):
            shown.add_row(*one_feedback(connection, token, encoding))
        shown.add_section()
        for encoding in ("none", *PACKING):
            shown.add_row(*one_sync(connection, token, encoding))
        connection.close()
    console.print(shown)


def one_feedback(connection: Connection, token: str, encoding: str) -> list[str]:
    """The row of a single `POST /feedback`."""
    said = feedback(random.Random(1))
    del said["type"]
    plain = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    return _row(connection, f"one feedback, {encoding}", "/api/v1/feedback", token, plain, encoding)


def one_sync(connection: Connection, token: str, encoding: str) -> list[str]:
    """The row of a sync of `ITEMS`, answered with no more than what was not created."""
    plain = batch(random.Random(2), ITEMS)
    name = f"sync of {ITEMS}, {encoding}"
    return _row(connection, name, "/api/v1/sync", token, plain, encoding, ITEMS)


def _row(
    connection: Connection,
    name: str,
    path: str,
    token: str,
    plain: bytes,
    encoding: str,
    items: int = 1,
) -> list[str]:
    packed = PACKING[encoding](plain) if encoding != "none" else plain
    sent = request(
        path,
        token,
        packed,
        Content_Encoding=encoding if encoding != "none" else "",
        Accept_Encoding=encoding if encoding != "none" else "",
        Prefer="return=minimal" if items > 1 else "",
    )
    answer = _taken(connection.send(sent))
    each = len(packed) / items
    target = "" if items == 1 or encoding == "none" else _verdict(each)
    together = len(sent) + answer.wire
    figures = (len(sent), len(packed), answer.wire, together)
    return [name, *(f"{figure:,}" for figure in figures), f"{each:.0f}", target]


def _taken(answer: Answer) -> Answer:
    if answer.status not in (200, 201):
        raise SystemExit(f"the service answered {answer.status}: {answer.body[:300]!r}")
    return answer


def _verdict(each: float) -> str:
    if each <= BEYOND:
        return f"beyond ({BEYOND})"
    return f"met ({TARGET})" if each <= TARGET else f"MISSED ({TARGET})"
