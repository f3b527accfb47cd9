"""A running service for the browser, once for all tests of the app."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from playwright.sync_api import Playwright, sync_playwright

from tests import http
from tests.tree import Tree, running_tree


@pytest.fixture(scope="module")
def tree(tmp_path_factory: Any) -> Iterator[Tree]:
    folder: Path = tmp_path_factory.mktemp("tree")
    with running_tree(folder, "web") as tree:
        for code, name in (("maternite", "Maternité"), ("lab", "Laboratoire")):
            http.post(
                f"{tree.url}/api/v1/departments",
                json={"code": code, "name": name},
                headers=tree.token("admin@north"),
                timeout=10,
            )
        yield tree


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


def rows(tree: Tree, statement: str, *values: object) -> list[Any]:
    """What the tree's database answers; an empty list when it answers nothing."""
    connection = psycopg2.connect(tree.env["DATABASE_URL"])
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.close()
