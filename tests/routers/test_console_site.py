"""The console's files: every page of it is the one entrance, and nothing else is given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from routers import problems
from routers.console_site import console_site_router

PAGE = b"<!doctype html>"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Any]:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(PAGE)
    (tmp_path / "assets/index-abc.js").write_bytes(b"let x")
    app = FastAPI()
    problems.install(app)
    app.include_router(console_site_router(tmp_path))
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize("path", ["", "reminders", "reminders/12", "settings/users"])
def test_a_page_that_only_the_browser_knows_is_the_entrance(site: Any, path: str) -> None:
    answer = site.get(f"/console/{path}")
    assert (answer.status_code, answer.content) == (200, PAGE)
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path", ["assets/index-old.js", "assets/nothing", "nothing.js", "../main.py", ".built"]
)
def test_a_file_that_is_not_there_is_not_the_entrance(site: Any, path: str) -> None:
    assert site.get(f"/console/{path}").status_code == 404


def test_the_entrance(site: Any) -> None:
    assert site.get("/console", follow_redirects=False).headers["Location"] == "/console/"
