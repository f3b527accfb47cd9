"""The app's files: compressed beforehand, kept or asked for again, nothing else runs in them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import brotli
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from routers import problems
from routers.patient_app import patient_app_router

PAGE, SCRIPT = b"<!doctype html>" + b" " * 500, b"let x;" * 100


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Any]:
    (tmp_path / "assets").mkdir()
    for name, content in (("index.html", PAGE), ("assets/index-abc.js", SCRIPT)):
        path = tmp_path / name
        path.write_bytes(content)
        path.with_name(path.name + ".br").write_bytes(brotli.compress(content))
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(content))
    (tmp_path / "icon.png").write_bytes(b"png")
    (tmp_path / ".built").touch()
    (tmp_path / "notes.txt").write_text("not ours to give")
    yield from _client(tmp_path)


def _client(folder: Path) -> Iterator[Any]:
    app = FastAPI()
    problems.install(app)
    app.include_router(patient_app_router(folder))
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize(
    ("taken", "encoding"),
    [("gzip, deflate, br;q=1.0", "br"), ("gzip", "gzip"), ("identity", None), ("zstd", None)],
)
def test_the_page_comes_compressed(site: Any, taken: str, encoding: str | None) -> None:
    answer = site.get("/app/", headers={"Accept-Encoding": taken})
    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.content == PAGE
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert (int(answer.headers["Content-Length"]) < len(PAGE)) == (encoding is not None)


def test_what_is_named_by_its_content_is_kept_for_ever(site: Any) -> None:
    assert "immutable" in site.get("/app/assets/index-abc.js").headers["Cache-Control"]
    page = site.get("/app/index.html")
    assert page.headers["Cache-Control"] == "no-cache"
    again = site.get("/app/", headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_nothing_runs_but_what_is_ours(site: Any) -> None:
    policy = site.get("/app/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(
    "path", ["notes.txt", ".built", "../main.py", "%2e%2e/main.py", "assets", "nothing.js"]
)
def test_nothing_else_is_given(site: Any, path: str) -> None:
    assert site.get(f"/app/{path}").status_code == 404


def test_the_entrance(site: Any) -> None:
    assert site.get("/app", follow_redirects=False).headers["Location"] == "/app/"
    assert site.head("/app/icon.png").headers["Content-Type"] == "image/png"


def test_without_a_build_it_says_so(tmp_path: Path) -> None:
    for client in _client(tmp_path / "never-built"):
        answer = client.get("/app/")
        assert answer.status_code == 404
        assert "make run" in answer.json()["detail"]
