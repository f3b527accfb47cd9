"""Bodies that are too large, packed, damaged or not what they say: 4xx, and nothing stored."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any

import brotli
import pytest
import zstandard
from sqlalchemy import text

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
