"""A load generator that costs little: kept-alive HTTP/1.1 on plain asyncio streams."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from uuid import uuid4


@dataclass(frozen=True)
class Seen:
    """What a run saw: answers a second, latencies in milliseconds, answers that were not 201."""

    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int


async def feedbacks(port: int, token: str, clients: int, seconds: float) -> Seen:
    """Submit one feedback after the other on each of `clients` connections for `seconds`."""
    warm = time.perf_counter() + min(2.0, seconds / 4)
    end = warm + seconds
    latencies: list[float] = []
    errors = 0

    async def client() -> None:
        nonlocal errors
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (started := time.perf_counter()) < end:
            writer.write(_request(token))
            status = await _answer(reader)
            if started >= warm:
                latencies.append(time.perf_counter() - started)
                errors += status != 201
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    latencies.sort()
    return Seen(
        per_second=len(latencies) / seconds,
        p50_ms=latencies[len(latencies) // 2] * 1000,
        p99_ms=latencies[int(len(latencies) * 0.99)] * 1000,
        errors=errors,
    )


def _request(token: str) -> bytes:
    body = json.dumps(
        {
            "client_id": str(uuid4()),
            "patient_id": "PAT123",
            "language": "french",
            "content": "Bon service, merci à toute l'équipe.",
            "rating": 4,
        }
    ).encode()
    head = (
        "POST /api/v1/feedback HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    lowered = head.lower()
    start = lowered.index(b"content-length: ") + 16
    await reader.readexactly(int(lowered[start : lowered.index(b"\r\n", start)]))
    return status
