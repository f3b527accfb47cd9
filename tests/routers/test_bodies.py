"""Bodies that are too large, packed, damaged or not what they say: 4xx, and nothing stored."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any

import brotli
import pytest
import zstandard
from sqlalchemy import text

from routers.middleware import BoundedBody
from tests.fixtures import owned

GOOD = json.dumps({"language": "french", "content": "Bon service"}).encode()
JSON = {"Content-Type": "application/json"}
BOMB = b" " * 50_000_000


def post(client: Any, content: Any, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/api/v1/feedback", content=content, headers=JSON | named)


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", brotli.compress),
        ("zstd", zstandard.ZstdCompressor().compress),
    ],
)
def test_packed_bodies_are_taken(client: Any, encoding: str, pack: Any) -> None:
    assert post(client, pack(GOOD), Content_Encoding=encoding).status_code == 201


@pytest.mark.parametrize(
    ("content", "encoding", "status", "code"),
    [
        (gzip.compress(BOMB, mtime=0), "gzip", 413, "body_too_large"),
        (zstandard.ZstdCompressor().compress(BOMB), "zstd", 413, "body_too_large"),
        (
            gzip.compress(gzip.compress(BOMB, mtime=0), mtime=0),
            "gzip, gzip",
            415,
            "encoding_unsupported",
        ),
        (gzip.compress(GOOD, mtime=0)[:-5], "gzip", 400, "body_corrupt"),
        (GOOD, "gzip", 400, "body_corrupt"),
        (GOOD, "lzma", 415, "encoding_unsupported"),
        (b"x" * 5_000_000, "identity", 413, "body_too_large"),
    ],
)
def test_bad_bodies_are_refused(
    client: Any, owner: Any, content: bytes, encoding: str, status: int, code: str
) -> None:
    answer = post(client, content, Content_Encoding=encoding)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    with owned(owner) as connection:
        assert connection.scalar(text("select count(*) from feedbacks")) == 0


def test_a_body_without_a_length_is_bounded_too(client: Any) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    assert post(client, chunks()).status_code == 413


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "multipart/form-data"])
def test_other_media_types_are_4xx(client: Any, media: str) -> None:
    answer = client.post("/api/v1/feedback", content=GOOD, headers={"Content-Type": media})
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    "path",
    ["/api/v1/feedback/0", "/api/v1/feedback/99999999999999999999", "/api/v1/reminders/abc",
     "/api/v1/reminders?cursor=zzzz", "/api/v1/reminders?cursor=%00", "/api/v1/feedback?limit=0",
     "/api/v1/feedback?since=0001-01-01T00:00:00%2B23:59", "/api/v1/contacts/-1"],
)  # fmt: skip
def test_bad_addresses_are_4xx(client: Any, staff: dict[str, str], path: str) -> None:
    answer = client.get(path, headers=staff)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/api/v1/reminders", "/api/v1/feedback"])
def test_a_number_beyond_the_databases_own_is_4xx(
    client: Any, staff: dict[str, str], path: str
) -> None:
    cursor = base64.urlsafe_b64encode((0).to_bytes(8) + (2**63).to_bytes(8)).decode().rstrip("=")
    answer = client.get(path, params={"cursor": cursor}, headers=staff)
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")
    assert client.get(f"/api/v1/feedback/{2**63}", headers=staff).status_code == 422


def test_a_body_that_says_that_it_is_too_long_is_not_waited_for() -> None:
    """Refused by its length alone: nothing of it is read."""
    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("the body was read")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": [(b"content-length", b"1001")],
    }
    bounded = BoundedBody(no_app, limit=1000, streamed=re.compile("never"))
    asyncio.run(bounded(scope, receive, send))
    assert sent[0]["status"] == 413


async def no_app(*_: Any) -> None:
    raise AssertionError("the application was asked")


def test_a_problem_is_a_problem_everywhere(client: Any) -> None:
    for method, path in (("GET", "/nothing"), ("DELETE", "/api/v1/feedback"), ("GET", "/api/v1")):
        answer = client.request(method, path)
        assert answer.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "code", "detail"} <= set(answer.json())


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_answers_are_compressed_by_what_the_client_takes(client: Any, encoding: str) -> None:
    plain = client.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    with client.stream("GET", "/openapi.json", headers={"Accept-Encoding": encoding}) as squeezed:
        raw = b"".join(squeezed.iter_raw())
    assert squeezed.headers["Content-Encoding"] == encoding
    assert "Accept-Encoding" in squeezed.headers["Vary"]
    assert len(raw) < len(plain.content) / 4
    assert "Content-Encoding" not in plain.headers


def test_a_small_answer_is_not_blown_up(client: Any) -> None:
    answer = client.get("/health/live", headers={"Accept-Encoding": "gzip, br, zstd"})
    assert "Content-Encoding" not in answer.headers
